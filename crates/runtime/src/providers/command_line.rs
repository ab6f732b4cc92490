//! Run Command Line.

use tasksequence::run::{StepEnd, StepRun};

use crate::commands::{Command, run_command};
use crate::provider::{Host, Provider, StepFailure, value_of};

/// Runs `smsswd.exe /run:PKG COMMAND` with the shell, in the folder of the package if there is one.
///
/// Standard: a command line of the target's system; `smsswd.exe` itself is what Configuration
/// Manager starts it with, and is not looked for.
pub(super) struct RunCommandLine;

impl Provider for RunCommandLine {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        let line = command_of(step.action.text()).ok_or_else(|| {
            StepFailure::new("its action is not `smsswd.exe /run:[PACKAGE] COMMAND`")
        })?;
        if line.command.is_empty() {
            return Err(StepFailure::new("it names no command"));
        }
        let package = line.package.map(|id| host.content(id)).transpose()?;
        let said = value_of(step, host, "WorkingDirectory");
        let said = [said.text(), step.start_in.text()].map(str::trim);
        let said = said.into_iter().find(|folder| !folder.is_empty());
        let folder = match (package, said) {
            (Some(package), Some(folder)) => Some(package.join(folder)),
            (Some(package), None) => Some(package),
            (None, Some(folder)) => Some(folder.into()),
            (None, None) => None,
        };
        run_command(&Command { folder, ..Command::of_step(step, line.command) }, host)
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    package: Option<&'a str>,
    command: &'a str,
}

/// Takes `smsswd.exe /run:PKG COMMAND` apart; `/run:` with a blank behind it names no package.
fn command_of(action: &str) -> Option<Line<'_>> {
    let (program, rest) = action.trim_start().split_once(' ')?;
    let program = program.trim_matches('"').rsplit(['\\', '/']).next()?;
    if !["smsswd.exe", "smsswd"].iter().any(|name| program.eq_ignore_ascii_case(name)) {
        return None;
    }
    let rest = rest.trim_start();
    let head = rest.get(..5)?;
    if !head.eq_ignore_ascii_case("/run:") {
        return None;
    }
    let rest = &rest[5..];
    let end = rest.find(' ').unwrap_or(rest.len());
    let (package, command) = rest.split_at(end);
    let package = (!package.is_empty()).then_some(package);
    Some(Line { package, command: command.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_and_the_command_are_told_apart() {
        let line = |package, command| Some(Line { package, command });
        assert_eq!(command_of("smsswd.exe /run: echo a  b "), line(None, "echo a  b"));
        assert_eq!(command_of("SMSSWD.EXE  /RUN:ABC00001 x.sh"), line(Some("ABC00001"), "x.sh"));
        assert_eq!(command_of("smsswd.exe /run:"), line(None, ""));
        for action in ["", "echo", "cmd.exe /run: x", "smsswd.exe /pkg:X", "smsswd.exe"] {
            assert_eq!(command_of(action), None, "{action}");
        }
    }
}
