//! Programs of the boot image or of an applied system that a step needs.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, ExitStatus, Stdio};

/// The most of what a program says that goes into an error.
const SAID_MAX: usize = 600;

/// A program that is found on `PATH`.
pub struct Tool {
    name: &'static str,
    package: &'static str,
    command: Command,
}

/// Why a program did not do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It is not there.
    #[error("the program `{name}` is missing; the package {package} has it")]
    Missing {
        /// The program.
        name: &'static str,
        /// The package of Debian that it is in.
        package: &'static str,
    },
    /// It cannot be started.
    #[error("the program `{name}` cannot be started")]
    NotStarted {
        /// The program.
        name: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// It says that it failed.
    #[error("`{name}` failed ({status}): {said}")]
    Failed {
        /// The program.
        name: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        said: String,
    },
}

impl Tool {
    /// A program, and the package of Debian that has it.
    pub fn new(name: &'static str, package: &'static str) -> Self {
        let mut command = Command::new(name);
        command.stdin(Stdio::null()).env("LC_ALL", "C");
        Self { name, package, command }
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable of its environment, such as a password that no command line may show.
    #[cfg(feature = "wim")]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Says that it is missing, if it is in no folder of `PATH`.
    pub fn check(&self) -> Result<(), ToolError> {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        if std::env::split_paths(&folders).any(|folder| folder.join(self.name).is_file()) {
            return Ok(());
        }
        Err(ToolError::Missing { name: self.name, package: self.package })
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Result<(), ToolError> {
        let output = self.command.output().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => {
                ToolError::Missing { name: self.name, package: self.package }
            }
            _ => ToolError::NotStarted { name: self.name, source },
        })?;
        if output.status.success() {
            return Ok(());
        }
        let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
        Err(ToolError::Failed { name: self.name, status: output.status, said: end_of(said) })
    }
}

/// The end of a program's output in one line.
fn end_of(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(&output[output.len().saturating_sub(SAID_MAX)..]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_says_why_and_a_missing_one_where_it_is() {
        let error = Tool::new("sh", "dash").args(["-c", "echo 'no  room' >&2; exit 3"]).run();
        assert_eq!(error.unwrap_err().to_string(), "`sh` failed (exit status: 3): no room");
        let error = Tool::new("mkfs.nothing", "nothing-progs").run().unwrap_err().to_string();
        assert_eq!(
            error,
            "the program `mkfs.nothing` is missing; the package nothing-progs has it"
        );
    }
}
