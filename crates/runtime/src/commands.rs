//! Running command lines for steps, and handing variables to them and back.
//!
//! A command finds the variables of the run in its environment: `TSMEDIA_VARIABLES` names a file
//! with a JSON object of all of them, and whatever it appends to the file that `TSMEDIA_SET` names,
//! one `NAME=VALUE` a line, is set when it has ended. `tsmedia-run get NAME` and
//! `tsmedia-run set NAME=VALUE` do both for scripts; `TSMEDIA_RUN` names that program.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cmtrace::LogType;
use serde_json::{Map, Value as Json};
use tasksequence::run::{StepEnd, StepRun, Value};

use crate::process::{Job, Outcome};
use crate::provider::{Host, StepFailure};

/// The file with all variables, for commands.
pub const VARIABLES: &str = "TSMEDIA_VARIABLES";
/// The file that takes variables from commands.
pub const SET: &str = "TSMEDIA_SET";
/// The most that is read of what a command sets: the limit of all variables together.
const SET_MAX: u64 = 32 << 20;

/// A command line of a step.
#[derive(Clone, Debug, Default)]
pub struct Command<'a> {
    /// The line, for the shell.
    pub line: &'a str,
    /// The program and its arguments, in place of a line.
    pub words: Vec<OsString>,
    /// The folder to start in.
    pub folder: Option<PathBuf>,
    /// The time after which it is ended.
    pub limit: Option<Duration>,
    /// The step's own variables.
    pub variables: &'a [(String, Value)],
    /// Whether it talks to whoever is at the computer.
    pub interactive: bool,
    /// Whether its output stays out of the log.
    pub hidden: bool,
    /// The exit codes that mean success, for those that no program of Linux can have.
    pub success_codes: &'a [i64],
}

impl<'a> Command<'a> {
    /// The line of a step, with the step's time, variables and secrecy.
    pub fn of_step(step: &'a StepRun, line: &'a str) -> Self {
        Self {
            line,
            limit: step.timeout_seconds.map(|seconds| Duration::from_secs(seconds.into())),
            variables: &step.variables,
            hidden: step.hide_command,
            success_codes: &step.success_codes,
            ..Self::default()
        }
    }
}

/// Runs a command to its end, writes its output into the log, and sets the variables that it has
/// set.
pub fn run_command(command: &Command<'_>, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
    let files = Files::make(host, command)
        .map_err(|error| StepFailure::new(format!("cannot write variables for it: {error}")))?;
    let mut job = match &command.words[..] {
        [] => Job::shell(command.line),
        words => Job { words: words.to_vec(), ..Job::default() },
    };
    job.folder.clone_from(&command.folder);
    job.limit = command.limit;
    job.interactive = command.interactive;
    job.environment = vec![
        (VARIABLES.into(), files.variables.clone().into()),
        (SET.into(), files.set.clone().into()),
        ("TSMEDIA_RUN".into(), program().into()),
    ];
    let hidden = command.hidden;
    let ran = job.run(&mut |line| {
        if !hidden {
            host.log(LogType::Info, line);
        }
    });
    let set = files.read();
    let end = ran.map_err(|error| not_started(&job, &error))?;
    for (name, value) in set.map_err(|error| StepFailure::new(format!("{SET}: {error}")))? {
        // A script that sets what it may not is told in the log, and has done its work.
        if let Err(failure) = host.set_variable(&name, Value::plain(value)) {
            host.log(LogType::Warning, &format!("{SET}: {failure}"));
        }
    }
    Ok(match end.outcome {
        Outcome::Exited(code) => {
            let code = as_listed(code, command.success_codes);
            StepEnd::Exited { code, output: Value::plain(end.output) }
        }
        Outcome::TimedOut => StepEnd::TimedOut,
    })
}

/// An exit code has eight bits here, so that a script which ends with 3010 ends with 194: where the
/// list has 3010 and not 194, that is what was meant.
fn as_listed(code: i64, listed: &[i64]) -> i64 {
    if code == 0 || listed.contains(&code) {
        return code;
    }
    let meant = listed.iter().find(|listed| **listed > 255 && **listed & 0xff == code);
    meant.copied().unwrap_or(code)
}

fn not_started(job: &Job, error: &io::Error) -> StepFailure {
    let program = job.words.first().map(|word| word.to_string_lossy().into_owned());
    let folder = job.folder.as_ref().map(|it| format!(" in `{}`", it.display()));
    StepFailure::new(format!(
        "cannot start `{}`{}: {error}",
        program.unwrap_or_default(),
        folder.unwrap_or_default()
    ))
}

/// The program that scripts call for variables.
fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "tsmedia-run".into())
}

/// The files that variables go through; they are removed at the end.
struct Files {
    variables: PathBuf,
    set: PathBuf,
}

impl Files {
    fn make(host: &dyn Host, command: &Command<'_>) -> io::Result<Self> {
        let folder = host.scratch_folder();
        fs::create_dir_all(&folder)?;
        let files = Self { variables: folder.join("variables.json"), set: folder.join("set") };
        let mut all = Map::new();
        for (name, value) in host.environment().iter() {
            all.insert(name.to_owned(), Json::from(value.text()));
        }
        for (name, value) in command.variables {
            all.retain(|known, _| !known.eq_ignore_ascii_case(name));
            all.insert(name.clone(), Json::from(value.text()));
        }
        write_secret(&files.variables, &serde_json::to_vec(&all).map_err(io::Error::other)?)?;
        write_secret(&files.set, b"")?;
        Ok(files)
    }

    /// What the command has set, in its order. Lines without `=` are no variables.
    fn read(&self) -> io::Result<Vec<(String, String)>> {
        let len = fs::metadata(&self.set).map_or(0, |found| found.len());
        if len > SET_MAX {
            return Err(io::Error::other(format!("{len} bytes are more than variables hold")));
        }
        // A command may remove what it does not need.
        let bytes = fs::read(&self.set).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Ok(pairs.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).collect())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in [&self.variables, &self.set] {
            // What a command has removed is gone.
            let _ = fs::remove_file(path);
        }
    }
}

fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_too_large_for_linux_are_known_by_what_is_left_of_them() {
        assert_eq!(as_listed(194, &[0, 3010]), 3010);
        assert_eq!(as_listed(194, &[0, 194, 3010]), 194);
        assert_eq!(as_listed(105, &[0, 1641, 3010]), 1641);
        assert_eq!(as_listed(0, &[256]), 0);
        assert_eq!(as_listed(7, &[0, 3010]), 7);
    }
}
