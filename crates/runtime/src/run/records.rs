//! What a run has decided, in the log, in the status file and on the screen.

use cmtrace::LogType;
use jiff::Timestamp;
use tasksequence::run::{Decision, Record, TraceLine, Truth};

use super::Run;
use crate::screen::Tone;
use crate::status::StepStatus;

impl Run<'_> {
    /// Writes down what the machine has decided since the last call.
    pub(super) fn tell_records(&mut self) {
        for record in self.machine.take_records() {
            self.tell_record(&record);
        }
        if let Some((id, _)) = self.chosen()
            && self.status.task_sequence.is_empty()
        {
            self.status.task_sequence = id;
        }
    }

    fn tell_record(&mut self, record: &Record) {
        let path = &record.step.path;
        let (kind, text) = match &record.what {
            Decision::Disabled => (LogType::Info, format!("{path} is disabled")),
            Decision::Entered { trace } if trace.is_empty() => return,
            Decision::Entered { trace } => {
                (LogType::Info, format!("{path}: its condition holds: {}", words(trace)))
            }
            Decision::Skipped { trace } => {
                (LogType::Info, format!("{path} is skipped: {}", words(trace)))
            }
            Decision::ConditionUnknown { trace } => (
                LogType::Error,
                format!("{path}: nobody can say whether it holds: {}", words(trace)),
            ),
            Decision::VariablesSet { rules } if rules.is_empty() => {
                (LogType::Info, format!("{path} set its variable"))
            }
            Decision::VariablesSet { rules } => {
                (LogType::Info, format!("{path}: rules {rules:?} applied"))
            }
            Decision::Succeeded { code } => {
                (LogType::Info, format!("{path} succeeded with code {code}"))
            }
            Decision::Failed { code, reason, continues } => {
                let then = if *continues { "; the sequence goes on" } else { "" };
                (LogType::Error, format!("{path} failed with code {}: {reason}{then}", hex(*code)))
            }
            Decision::Again { reason } => {
                (LogType::Warning, format!("{path} runs again: {reason}"))
            }
        };
        self.log.write(kind, &text);
        self.show(record);
        self.remember(record);
    }

    /// Shows how the step that ran has ended, and what was decided without running it.
    fn show(&mut self, record: &Record) {
        if record.step.number == 0 || record.step.number != self.at_step {
            if let Decision::Failed { reason, .. } = &record.what {
                self.screen.say(Tone::Bad, &format!("{}: {reason}", record.step.path.name()));
            }
            return;
        }
        match &record.what {
            Decision::Succeeded { .. } => self.screen.step_ended(Tone::Good, "done"),
            Decision::Failed { code, reason, continues } => {
                let then = if *continues { "; the sequence goes on" } else { "" };
                let words = format!("failed with code {}: {reason}{then}", hex(*code));
                self.screen.step_ended(Tone::Bad, &words);
            }
            _ => {}
        }
    }

    fn remember(&mut self, record: &Record) {
        let (outcome, code, reason) = match &record.what {
            Decision::Disabled => ("disabled", None, String::new()),
            Decision::Skipped { .. } => ("skipped", None, String::new()),
            Decision::Succeeded { code } => ("succeeded", Some(*code), String::new()),
            Decision::Failed { code, reason, .. } => ("failed", Some(*code), reason.clone()),
            _ => return,
        };
        let ran = record.step.number != 0 && record.step.number == self.at_step;
        let time = if ran { std::mem::take(&mut self.step_time) } else { Default::default() };
        self.status.steps.push(StepStatus {
            number: record.step.number,
            of: record.step.of,
            path: record.step.path.to_string(),
            outcome: outcome.to_owned(),
            code,
            reason,
            time: Timestamp::now().to_string(),
            milliseconds: time.as_millis() as u64,
        });
    }

    /// The id and the name of the sequence that runs; `None` before it is chosen.
    pub(super) fn chosen(&self) -> Option<(String, String)> {
        let environment = self.machine.environment();
        let id = environment.text("_SMSTSPackageID");
        (!id.is_empty()).then(|| (id.to_owned(), environment.text("_SMSTSPackageName").to_owned()))
    }
}

/// A code as administrators look it up.
pub(super) fn hex(code: i64) -> String {
    match u32::try_from(code) {
        Ok(code @ 0..0x1_0000) => code.to_string(),
        Ok(code) => format!("0x{code:08X}"),
        Err(_) => code.to_string(),
    }
}

fn words(trace: &[TraceLine]) -> String {
    let line = |line: &TraceLine| {
        let truth = match line.truth {
            Truth::True => "yes",
            Truth::False => "no",
            Truth::Unknown => "unknown",
        };
        format!("{}: {truth}", line.test)
    };
    trace.iter().map(line).collect::<Vec<_>>().join("; ")
}
