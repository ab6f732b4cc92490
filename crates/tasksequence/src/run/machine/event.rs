//! Taking what happened.

use super::Machine;
use super::begin::{in_win_pe, is_withheld};
use crate::run::environment::VariableError;
use crate::run::instruction::{Event, Running};
use crate::run::state::Phase;

/// A reason why an event is not taken. The run is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The event does not belong to what the run waits for.
    #[error("{event} does not belong to a run that {state}")]
    Unexpected {
        /// What happened.
        event: &'static str,
        /// What the run does.
        state: &'static str,
    },
    /// A sequence was chosen that is not offered.
    #[error("the task sequence `{id}` is not offered")]
    NotOffered {
        /// Its package id.
        id: String,
    },
    /// Discs are numbered from 1.
    #[error("disc 0 does not exist")]
    NoDisc,
    /// A variable cannot be set.
    #[error("the variable cannot be set")]
    Variable(#[from] VariableError),
}

impl Machine<'_> {
    /// Takes an event; afterwards [`Self::next`] says what to do.
    ///
    /// `Err` leaves the run as it was: a script that sets a read-only variable is told so, and goes on.
    pub fn handle(&mut self, event: Event) -> Result<(), EventError> {
        if matches!(self.progress.phase, Phase::Ended { .. }) {
            return Err(self.unexpected(&event));
        }
        match (event, &self.progress.phase) {
            (Event::MaintenanceWindowClosed, _) => {}
            (Event::EngineVariableSet { name, value }, _) => {
                if !is_withheld(self.progress.stand_alone, &name) {
                    self.environment.set_by_engine(&name, value)?;
                }
            }
            (Event::DiscInserted { disc }, _) => self.disc_inserted(disc)?,
            (Event::Restarted { running, disc }, _) => {
                if disc == Some(0) {
                    return Err(EventError::NoDisc);
                }
                self.restarted(running, disc);
            }
            (
                Event::VariableSet { name, value },
                Phase::Prestart { given: true } | Phase::Running { .. },
            ) => self.environment.set(&name, value)?,
            (Event::PrestartFinished { code: 0 }, Phase::Prestart { given: true }) => self.choose(),
            (Event::PrestartFinished { code }, Phase::Prestart { given: true }) => {
                let reason = format!("the prestart command ended with exit code {code}");
                self.end_failed(code, reason);
            }
            (Event::SequenceChosen { id }, Phase::Choosing) => {
                let mut all = self.deployments.iter();
                let Some(at) = all.position(|it| it.policy.id().eq_ignore_ascii_case(&id)) else {
                    return Err(EventError::NotOffered { id });
                };
                self.run(at);
            }
            (Event::StepFinished(end), Phase::Running { .. }) => self.step_finished(end),
            (Event::RestartImpossible, Phase::Restarting { .. }) => {
                let reason = "there is no formatted partition to restart from".to_owned();
                self.end_failed(super::finish::FAILED, reason);
            }
            (event, _) => return Err(self.unexpected(&event)),
        }
        Ok(())
    }

    fn disc_inserted(&mut self, disc: u32) -> Result<(), EventError> {
        if disc == 0 {
            return Err(EventError::NoDisc);
        }
        self.progress.disc = Some(disc);
        if let Phase::Starting { discs_done, awaited, .. } = &mut self.progress.phase
            && *awaited == Some(disc)
        {
            discs_done.push(disc);
            *awaited = None;
        }
        Ok(())
    }

    fn restarted(&mut self, running: Running, disc: Option<u32>) {
        self.progress.running = running;
        self.progress.disc = disc;
        self.environment.set_own("_SMSTSInWinPE", in_win_pe(running));
        match &self.progress.phase {
            Phase::Restarting { again, .. } => {
                let again = *again;
                self.progress.restarts = self.progress.restarts.saturating_add(1);
                self.progress.phase = match again {
                    Some((attempt, retries)) => Phase::starting(attempt, retries),
                    None => Phase::Walking,
                };
            }
            Phase::Running { attempt, retries, .. } => {
                let (attempt, retries) = (*attempt, *retries);
                self.interrupted(attempt, retries);
            }
            Phase::Starting { attempt, retries, .. } => {
                self.progress.phase = Phase::starting(*attempt, *retries);
            }
            Phase::Prestart { .. } => self.progress.phase = Phase::Prestart { given: false },
            Phase::Choosing | Phase::Walking | Phase::Ended { .. } => {}
        }
    }

    fn unexpected(&self, event: &Event) -> EventError {
        let event = match event {
            Event::PrestartFinished { .. } => "the end of a prestart command",
            Event::SequenceChosen { .. } => "the choice of a sequence",
            Event::StepFinished(_) => "the end of a step",
            Event::VariableSet { .. } | Event::EngineVariableSet { .. } => "a variable",
            Event::DiscInserted { .. } => "a disc",
            Event::Restarted { .. } => "a restart",
            Event::RestartImpossible => "an impossible restart",
            Event::MaintenanceWindowClosed => "a maintenance window",
        };
        EventError::Unexpected { event, state: self.progress.phase.words() }
    }
}
