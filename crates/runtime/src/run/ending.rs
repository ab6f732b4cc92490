//! The end of a run: what is said, what is kept, and what happens to the computer.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cmtrace::LogType;
use jiff::Timestamp;
use tasksequence::run::{Ending, Running};

use super::records::hex;
use super::restart::remove_unit;
use super::{LOG_NAME, Run};
use crate::process::Job;
use crate::screen::Tone;
use crate::status::{RunState, STATUS_NAME};

/// Where the log of a run lies in the installed system afterwards.
const LOGS: &str = "var/log/tsmedia";

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The sequence ended.
    Ended {
        /// Whether it succeeded.
        succeeded: bool,
        /// 0, or the code of the failure.
        code: i64,
    },
    /// The computer starts again, and the run goes on then.
    Restarting,
    /// It could not go on, through no fault of a step.
    Stopped(String),
}

impl Run<'_> {
    pub(super) fn end(&mut self, ending: &Ending) -> RunEnd {
        if let Some(command) = &ending.post_action {
            if !command.is_secret() {
                self.log.write(LogType::Info, &format!("SMSTSPostAction: {}", command.text()));
            }
            if let Err(error) = Job::shell(command.text()).run(&mut |_| {}) {
                self.log.write(LogType::Error, &format!("SMSTSPostAction: {error}"));
            }
        }
        self.status.state = if ending.succeeded { RunState::Succeeded } else { RunState::Failed };
        self.status.ended = Some(Timestamp::now().to_string());
        self.status.code = Some(ending.code);
        self.status.reason.clone_from(&ending.reason);
        if ending.succeeded {
            self.tell(Tone::Good, "The task sequence has succeeded");
        } else {
            let text = format!(
                "The task sequence has failed with code {}: {}",
                hex(ending.code),
                ending.reason
            );
            self.tell(Tone::Bad, &text);
        }
        self.save_status();
        let logs = self.keep_logs(ending.succeeded);
        if !ending.succeeded {
            let path = logs.join(LOG_NAME);
            self.screen.say(Tone::Plain, &format!("The log is `{}`", path.display()));
            if !self.bootstrap.unattended {
                let seconds = u64::from(ending.error_dialog_seconds);
                let prompt = format!("Press Enter to go on; it goes on by itself in {seconds} s");
                self.screen.ask(&prompt, Some(Duration::from_secs(seconds)));
            }
        }
        self.leave_computer();
        RunEnd::Ended { succeeded: ending.succeeded, code: ending.code }
    }

    /// Ends a run that cannot go on; its state stays, so that it can be taken up again.
    pub(super) fn stop(&mut self, why: String) -> RunEnd {
        self.tell(Tone::Bad, &why);
        self.save();
        self.save_status();
        self.leave_computer();
        RunEnd::Stopped(why)
    }

    /// Removes the state, and after a success the run's folder; the log goes to where the
    /// installed system keeps its logs. Returns where the log is.
    fn keep_logs(&mut self, succeeded: bool) -> PathBuf {
        let root = match self.running {
            Running::FullOs => Some(PathBuf::from("/")),
            Running::WinPe => self.volumes.system().and_then(|volume| volume.mount.clone()),
        };
        // A run in a system that it has not installed leaves that as it is.
        let root = root.filter(|root| self.folder.path().starts_with(root));
        let ours = root.filter(|root| self.folder.path().parent() == Some(root.as_path()));
        self.folder.forget();
        let Some(root) = ours else { return self.folder.logs() };
        remove_unit(&root);
        let logs = root.join(LOGS);
        let copied = fs::create_dir_all(&logs).and_then(|()| {
            fs::copy(self.folder.logs().join(LOG_NAME), logs.join(LOG_NAME))?;
            fs::copy(self.folder.logs().join(STATUS_NAME), logs.join(STATUS_NAME))
        });
        if copied.is_err() {
            return self.folder.logs();
        }
        if succeeded {
            // The program that runs may lie there; what cannot be removed is not in the way.
            let _ = fs::remove_dir_all(self.folder.path());
        }
        logs
    }
}
