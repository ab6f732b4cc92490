//! The state machine of a run.

mod begin;
mod event;
mod finish;
mod overlay;
mod start;
mod walk;

pub use begin::{Deployment, Start, StartError};
pub use event::EventError;
pub(super) use start::does;
pub use start::does_itself;

use super::environment::Environment;
use super::facts::Facts;
use super::instruction::{Instruction, Offer, Record, StepRef};
use super::policy::{Entry, Policy};
use super::state::{Phase, Progress, State, StateError};

/// A run of a task sequence: events go in, instructions come out.
///
/// It does nothing itself. [`Self::next`] says what to do, and [`Self::handle`] takes what happened.
/// [`Self::state`] can be written down after any call; [`Self::resume`] goes on from there. A restart
/// is asked for only after the state knows what comes behind it, so the state is written then at the latest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine<'a> {
    deployments: &'a [Deployment],
    environment: Environment,
    progress: Progress,
    records: Vec<Record>,
}

impl<'a> Machine<'a> {
    /// Makes a run that has not begun: the prestart command comes before everything.
    ///
    /// `Err` when there is no sequence or a first variable is impossible.
    pub fn new(deployments: &'a [Deployment], start: &Start) -> Result<Self, StartError> {
        let (environment, progress) = begin::begin(deployments, start)?;
        Ok(Self { deployments, environment, progress, records: Vec::new() })
    }

    /// Goes on from a state that was written down. Whoever does so after a restart hands in
    /// [`Event::Restarted`](super::Event::Restarted) next: a step that ran is waited for until then.
    ///
    /// `Err` when the state is of other sequences, or of other versions of them, or contradicts itself.
    pub fn resume(deployments: &'a [Deployment], state: State) -> Result<Self, StateError> {
        let (environment, progress) = state.check(deployments)?;
        Ok(Self { deployments, environment, progress, records: Vec::new() })
    }

    /// Returns what has to be written down, so that [`Self::resume`] can go on. It holds secrets.
    pub fn state(&self) -> State {
        State::of(self.deployments, &self.environment, &self.progress)
    }

    /// Returns the variables as they are.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Takes what was decided since the last call, for the log. It is not part of the state.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Says what to do next.
    ///
    /// Asked again before an event, it says the same again, or to wait for what runs.
    pub fn next(&mut self, facts: &dyn Facts) -> Instruction {
        loop {
            match &self.progress.phase {
                Phase::Prestart { given: true } | Phase::Running { .. } => {
                    return Instruction::Wait;
                }
                Phase::Prestart { given: false } => {
                    if let Some(instruction) = self.prestart() {
                        return instruction;
                    }
                }
                Phase::Choosing => return Instruction::ChooseSequence { offers: self.offers() },
                Phase::Walking => self.walk(facts),
                Phase::Starting { .. } => {
                    if let Some(instruction) = self.start(facts) {
                        return instruction;
                    }
                }
                Phase::Restarting { restart, .. } => return Instruction::Restart(restart.clone()),
                Phase::Ended { ending } => return Instruction::Ended(Box::new(ending.clone())),
            }
        }
    }

    fn offers(&self) -> Vec<Offer> {
        let offer = |deployment: &Deployment| Offer {
            id: deployment.policy.id().to_owned(),
            name: deployment.policy.name().to_owned(),
        };
        self.deployments.iter().map(offer).collect()
    }

    /// The policy that runs, with the life of the deployments and not of the machine.
    fn policy(&self) -> Option<&'a Policy> {
        let deployments = self.deployments;
        self.progress.chosen.map(|chosen| &deployments[chosen].policy)
    }

    /// The item that the run has come to; `None` behind the last one.
    fn entry(&self) -> Option<&'a Entry> {
        self.policy()?.entries.get(self.progress.position)
    }

    fn step_ref(&self, entry: &Entry) -> StepRef {
        StepRef {
            sequence: entry.sequence.clone(),
            path: entry.path.clone(),
            number: entry.number,
            of: self.policy().map_or(0, |policy| policy.steps),
        }
    }
}
