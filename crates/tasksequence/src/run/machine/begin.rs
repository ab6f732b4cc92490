//! The beginning of a run: the prestart command, then the choice of a sequence.

use super::Machine;
use crate::run::environment::{Assigned, Environment, Origin, VariableError};
use crate::run::instruction::{Instruction, Running};
use crate::run::policy::Policy;
use crate::run::state::{Phase, Progress};
use crate::run::value::Value;

/// A sequence that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The id of the deployment, which `SMSTSPreferredAdvertID` can name; empty on stand-alone media.
    pub id: String,
    /// Whether it has to be run.
    pub required: bool,
    /// The sequence with its children.
    pub policy: Policy,
}

/// What a run begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Whether it runs from stand-alone media.
    pub stand_alone: bool,
    /// What runs on the computer.
    pub running: Running,
    /// The disc in the drive, from 1.
    pub disc: Option<u32>,
    /// The prestart command, which only Windows PE runs.
    pub prestart: Option<Value>,
    /// What the engine says about the computer and the medium, such as `_SMSTSMachineName`.
    pub engine: Vec<Assigned>,
    /// Where the other variables come from.
    pub origin: Origin,
}

/// A reason why a run cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no sequence to run.
    #[error("there is no task sequence to run")]
    NoSequence,
    /// A first variable is impossible.
    #[error("a variable cannot be set")]
    Variable(#[from] VariableError),
}

/// What stand-alone media have not: no site knows the run.
const SITE_ONLY: [&str; 2] = ["_SMSTSAdvertID", "_SMSTSClientGUID"];

pub(super) fn begin(
    deployments: &[Deployment],
    start: &Start,
) -> Result<(Environment, Progress), StartError> {
    if deployments.is_empty() {
        return Err(StartError::NoSequence);
    }
    let given = start.engine.iter();
    let engine: Vec<Assigned> =
        given.filter(|variable| !is_withheld(start.stand_alone, &variable.name)).cloned().collect();
    let mut environment = Environment::begin(&engine, &start.origin)?;
    environment.set_own("_SMSTSInWinPE", in_win_pe(start.running));
    let progress = Progress {
        phase: Phase::Prestart { given: false },
        chosen: None,
        position: 0,
        running: start.running,
        stand_alone: start.stand_alone,
        disc: start.disc,
        restarts: 0,
        prestart: start.prestart.clone(),
    };
    Ok((environment, progress))
}

pub(super) fn is_withheld(stand_alone: bool, name: &str) -> bool {
    stand_alone && SITE_ONLY.iter().any(|only| only.eq_ignore_ascii_case(name.trim()))
}

pub(super) fn in_win_pe(running: Running) -> &'static str {
    if running == Running::WinPe { "true" } else { "false" }
}

impl Machine<'_> {
    /// Gives out the prestart command, once; without one the sequence is chosen.
    pub(super) fn prestart(&mut self) -> Option<Instruction> {
        let command = self.progress.prestart.clone();
        match command.filter(|_| self.progress.running == Running::WinPe) {
            None => self.choose(),
            Some(command) => match self.environment.expand(&command) {
                Ok(command) => {
                    self.progress.phase = Phase::Prestart { given: true };
                    return Some(Instruction::RunPrestart { command });
                }
                Err(error) => self.end_failed(super::finish::FAILED, format!("prestart: {error}")),
            },
        }
        None
    }

    /// Takes the preferred deployment, else the first required one, else the only one, else asks.
    pub(super) fn choose(&mut self) {
        let preferred = self.environment.text("SMSTSPreferredAdvertID").trim().to_owned();
        if !preferred.is_empty() {
            let mut all = self.deployments.iter();
            match all.position(|deployment| deployment.id.eq_ignore_ascii_case(&preferred)) {
                Some(at) => self.run(at),
                None => {
                    let reason = "SMSTSPreferredAdvertID names a deployment that is not there";
                    self.end_failed(super::finish::FAILED, reason.to_owned());
                }
            }
            return;
        }
        match self.deployments.iter().position(|deployment| deployment.required) {
            Some(at) => self.run(at),
            None if self.deployments.len() == 1 => self.run(0),
            None => self.progress.phase = Phase::Choosing,
        }
    }

    /// Begins with the first item of a sequence.
    pub(super) fn run(&mut self, at: usize) {
        let deployments = self.deployments;
        let deployment = &deployments[at];
        let policy = &deployment.policy;
        self.progress.chosen = Some(at);
        self.progress.position = 0;
        self.progress.phase = Phase::Walking;
        let kind = if policy.installs_system() { "2" } else { "1" };
        self.environment.set_own("_SMSTSPackageID", &policy.id);
        self.environment.set_own("_SMSTSPackageName", &policy.name);
        self.environment.set_own("_SMSTSType", kind);
        if !self.progress.stand_alone && !deployment.id.is_empty() {
            self.environment.set_own("_SMSTSAdvertID", &deployment.id);
        }
        if let Err(error) = self.set_globals(&policy.globals) {
            self.end_failed(super::finish::FAILED, format!("globalVarList: {error}"));
        }
    }

    /// Sets the variables of a sequence that nothing has set before.
    pub(super) fn set_globals(&mut self, globals: &[(String, Value)]) -> Result<(), VariableError> {
        for (name, value) in globals {
            if self.environment.get(name).is_none() {
                let value = self.environment.expand(value)?;
                self.environment.set(name, value)?;
            }
        }
        Ok(())
    }
}
