//! The way through the groups and steps: conditions, and what a failure skips.

use super::Machine;
use super::finish::FAILED;
use crate::run::evaluate::{Truth, evaluate};
use crate::run::facts::Facts;
use crate::run::instruction::{Decision, Record};
use crate::run::policy::{Entry, Kind};
use crate::run::state::Phase;

impl Machine<'_> {
    /// Looks at the next item: skips it, enters it, or has it started.
    pub(super) fn walk(&mut self, facts: &dyn Facts) {
        let Some(entry) = self.entry() else {
            self.end_succeeded();
            return;
        };
        if entry.disabled {
            self.record(entry, Decision::Disabled);
            self.progress.position = entry.end;
            return;
        }
        let evaluation = evaluate(&entry.condition, &self.environment, facts);
        let trace = evaluation.trace;
        match evaluation.truth {
            Truth::False => {
                self.record(entry, Decision::Skipped { trace });
                self.progress.position = entry.end;
            }
            Truth::Unknown => {
                self.record(entry, Decision::ConditionUnknown { trace });
                let reason = "whether its condition holds is not known".to_owned();
                self.fail(entry, FAILED, reason);
            }
            Truth::True => {
                self.record(entry, Decision::Entered { trace });
                self.enter(entry);
            }
        }
    }

    fn enter(&mut self, entry: &Entry) {
        match &entry.kind {
            Kind::Group => self.progress.position += 1,
            Kind::Step(_) => {
                self.environment.set_own("_SMSTSCurrentActionName", entry.path.name());
                self.progress.phase = Phase::starting(1, 0);
            }
            Kind::Child { enabled: false, .. } => {
                let reason = "the child sequence is disabled".to_owned();
                self.fail_whole(entry, FAILED, reason);
            }
            Kind::Child { enabled: true, globals } => match self.set_globals(globals) {
                Ok(()) => self.progress.position += 1,
                Err(error) => self.fail(entry, FAILED, format!("globalVarList: {error}")),
            },
        }
    }

    /// Goes on behind the innermost item around a failure that has continue on error, or ends the run.
    pub(super) fn fail_from(&mut self, entry: &Entry, code: i64, reason: &str) -> bool {
        let Some(policy) = self.policy() else { return false };
        let mut failed = entry;
        loop {
            if failed.continue_on_error {
                self.progress.position = failed.end;
                self.progress.phase = Phase::Walking;
                return true;
            }
            match failed.parent {
                Some(parent) => failed = &policy.entries[parent],
                None => {
                    self.end_failed(code, format!("{}: {reason}", entry.path));
                    return false;
                }
            }
        }
    }

    pub(super) fn record(&mut self, entry: &Entry, what: Decision) {
        let step = self.step_ref(entry);
        self.records.push(Record { step, what });
    }
}
