//! What follows when a step ends: its result, restarts, and the end of the run.

use super::Machine;
use super::start::target_of;
use crate::run::instruction::{Decision, Ending, Restart, RestartTarget, Running, StepEnd};
use crate::run::policy::{Entry, Kind, StepEntry};
use crate::run::state::Phase;
use crate::run::value::Value;
use crate::sequence::Dialect;
use crate::step::boolean;

/// The code of a failure that has no exit code: `E_FAIL`.
pub(super) const FAILED: i64 = 0x8000_4005;
/// The code of a step whose time ran out: `ERROR_TIMEOUT`.
const TIMED_OUT: i64 = 1_460;
/// The exit code that means success and asks for a restart.
const RESTART_NEEDED: i64 = 3_010;
/// How many characters of the output a variable gets.
const OUTPUT_MAX: usize = 1_000;
/// How long a failure is shown when nobody says.
const ERROR_DIALOG_SECONDS: u32 = 900;
/// How often a step is repeated at most after unexpected restarts.
const RETRY_MAX: u32 = 5;

const REBOOT_REQUESTED: &str = "SMSTSRebootRequested";
const RETRY_REQUESTED: &str = "SMSTSRetryRequested";

/// The result of a step before anything follows from it.
struct StepResult {
    code: i64,
    /// Why it failed; `None` after success.
    failure: Option<String>,
}

impl Machine<'_> {
    /// Takes the end of the step that runs.
    pub(super) fn step_finished(&mut self, end: StepEnd) {
        let Phase::Running { attempt, retries, output } = &self.progress.phase else { return };
        let (attempt, retries, output) = (*attempt, *retries, output.clone());
        let Some(entry) = self.entry() else { return };
        let Kind::Step(step) = &entry.kind else { return };
        if matches!(end, StepEnd::Exited { .. })
            && self.retry_requested()
            && let Some(target) = self.requested_target()
        {
            let reason = "it asked for a restart and for being run again";
            self.record(entry, Decision::Again { reason });
            let again = Some((attempt.saturating_add(1), retries));
            self.ask_restart(target, again);
            return;
        }
        let mut result = self.judge(step, &end);
        if let (None, Some(name), StepEnd::Exited { output, .. }) = (&result.failure, output, end)
            && let Some(reason) = self.keep_output(&name, &output)
        {
            result = StepResult { code: FAILED, failure: Some(reason) };
        }
        match result.failure {
            None => self.succeed(entry, result.code),
            Some(reason) => self.fail(entry, result.code, reason),
        }
    }

    fn judge(&self, step: &StepEntry, end: &StepEnd) -> StepResult {
        match end {
            StepEnd::Exited { code, .. } => {
                let listed = step.success_codes.iter().any(|listed| same_code(*listed, *code));
                let success = listed || (*code == RESTART_NEEDED && installs(step));
                let words = || format!("exit code {code} is not among its success codes");
                StepResult { code: *code, failure: (!success).then(words) }
            }
            StepEnd::TimedOut => {
                StepResult { code: TIMED_OUT, failure: Some("its time ran out".to_owned()) }
            }
            StepEnd::NotStarted { reason } => {
                StepResult { code: FAILED, failure: Some(reason.clone()) }
            }
            StepEnd::RequirementNotMet { code } => {
                if boolean(self.environment.text("TSErrorOnWarning")).unwrap_or(false) {
                    let reason = "the requirements of an application are not met".to_owned();
                    StepResult { code: *code, failure: Some(reason) }
                } else {
                    StepResult { code: 0, failure: None }
                }
            }
        }
    }

    /// Sets the output variable; returns why that is impossible.
    fn keep_output(&mut self, name: &str, output: &Value) -> Option<String> {
        let text = output.text();
        let start = text.char_indices().rev().nth(OUTPUT_MAX - 1).map_or(0, |(at, _)| at);
        let value = Value::new(text[start..].to_owned(), output.is_secret());
        self.environment.set(name, value).err().map(|error| format!("its output: {error}"))
    }

    /// Ends a step with success and goes on behind it, after a restart if one is asked for.
    pub(super) fn succeed(&mut self, entry: &Entry, code: i64) {
        self.set_last_action(entry, code, true);
        self.record(entry, Decision::Succeeded { code });
        self.progress.position = entry.end;
        self.progress.phase = Phase::Walking;
        let target = self.requested_target();
        if let Some(target) = target.or((code == RESTART_NEEDED).then_some(self.same_target())) {
            self.ask_restart(target, None);
        }
    }

    /// Ends an item with a failure, which the items around it may catch.
    pub(super) fn fail(&mut self, entry: &Entry, code: i64, reason: String) {
        // Nothing catches the failure of Setup Windows and ConfigMgr.
        if matches!(&entry.kind, Kind::Step(step)
            if step.dialect == Dialect::ConfigMgr && step.stem == "SetupWindowsAndSMS")
        {
            self.fail_whole(entry, code, reason);
            return;
        }
        self.set_last_action(entry, code, false);
        let continues = self.fail_from(entry, code, &reason);
        self.record(entry, Decision::Failed { code, reason, continues });
        if continues && let Some(target) = self.requested_target() {
            self.ask_restart(target, None);
        }
    }

    /// Ends an item with a failure that nothing catches.
    pub(super) fn fail_whole(&mut self, entry: &Entry, code: i64, reason: String) {
        self.set_last_action(entry, code, false);
        self.end_failed(code, format!("{}: {reason}", entry.path));
        self.record(entry, Decision::Failed { code, reason, continues: false });
    }

    /// Restarts for a Restart Computer step, which succeeds by that.
    pub(super) fn restart_step(&mut self, entry: &Entry, restart: Restart) {
        self.set_last_action(entry, 0, true);
        self.record(entry, Decision::Succeeded { code: 0 });
        self.progress.position = entry.end;
        self.clear_requests();
        self.progress.phase = Phase::Restarting { restart, again: None };
    }

    /// Takes a restart that nobody asked for while a step ran.
    pub(super) fn interrupted(&mut self, attempt: u32, retries: u32) {
        let Some(entry) = self.entry() else { return };
        let Kind::Step(step) = &entry.kind else { return };
        if retries < step.retry_count.min(RETRY_MAX) {
            let reason = "the computer restarted unexpectedly";
            self.record(entry, Decision::Again { reason });
            self.progress.phase = Phase::starting(attempt.saturating_add(1), retries + 1);
        } else {
            self.fail(entry, FAILED, "the computer restarted while it ran".to_owned());
        }
    }

    pub(super) fn end_succeeded(&mut self) {
        self.end(true, 0, String::new());
    }

    pub(super) fn end_failed(&mut self, code: i64, reason: String) {
        self.end(false, code, reason);
    }

    fn end(&mut self, succeeded: bool, code: i64, reason: String) {
        let seconds = self.environment.text("SMSTSErrorDialogTimeout").trim().parse();
        let begun = self.progress.chosen.is_some();
        let command = self.environment.get("SMSTSPostAction").filter(|_| begun).cloned();
        // One that becomes too long stays as it is: the run is over, and nothing is left to fail.
        let post_action =
            command.map(|command| self.environment.expand(&command).unwrap_or(command));
        let error_dialog_seconds = seconds.unwrap_or(ERROR_DIALOG_SECONDS);
        let ending = Ending { succeeded, code, reason, post_action, error_dialog_seconds };
        self.progress.phase = Phase::Ended { ending };
    }

    /// Groups are no actions: only steps and child sequences count.
    fn set_last_action(&mut self, entry: &Entry, code: i64, succeeded: bool) {
        if matches!(entry.kind, Kind::Group) {
            return;
        }
        let succeeded = if succeeded { "true" } else { "false" };
        self.environment.set_own("_SMSTSLastActionName", entry.path.name());
        self.environment.set_own("_SMSTSLastActionRetCode", &code.to_string());
        self.environment.set_own("_SMSTSLastActionSucceeded", succeeded);
    }

    fn ask_restart(&mut self, target: RestartTarget, again: Option<(u32, u32)>) {
        self.clear_requests();
        let restart =
            Restart { target, message: Value::default(), delay_seconds: self.restart_delay() };
        self.progress.phase = Phase::Restarting { restart, again };
    }

    fn restart_delay(&self) -> Option<u32> {
        let seconds = |name: &str| self.environment.text(name).trim().parse().ok();
        let later = if self.progress.restarts > 0 { seconds("SMSRebootDelayNext") } else { None };
        later.or_else(|| seconds("SMSRebootDelay"))
    }

    /// What a step asks by variable to be started; `true` means what runs now.
    fn requested_target(&self) -> Option<RestartTarget> {
        let word = self.environment.text(REBOOT_REQUESTED);
        let same = boolean(word).unwrap_or(false).then_some(self.same_target());
        target_of(word).or(same)
    }

    fn retry_requested(&self) -> bool {
        boolean(self.environment.text(RETRY_REQUESTED)).unwrap_or(false)
    }

    fn same_target(&self) -> RestartTarget {
        match self.progress.running {
            Running::WinPe => RestartTarget::WinPe,
            Running::FullOs => RestartTarget::Hd,
        }
    }

    fn clear_requests(&mut self) {
        self.environment.set_own(REBOOT_REQUESTED, "");
        self.environment.set_own(RETRY_REQUESTED, "");
    }
}

/// Whether the step is one whose 3010 is documented to restart, whatever its list says.
fn installs(step: &StepEntry) -> bool {
    let stems = ["InstallSoftware", "InstallApplication"];
    step.dialect == Dialect::ConfigMgr && stems.contains(&step.stem.as_str())
}

/// Codes have 32 bits and are written with and without sign.
fn same_code(left: i64, right: i64) -> bool {
    let unsigned = |code: i64| match code {
        -0x8000_0000..0 => code + 0x1_0000_0000,
        _ => code,
    };
    unsigned(left) == unsigned(right)
}
