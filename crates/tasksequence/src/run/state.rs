//! The state of a run as a document, which lies on the target's disk while the computer restarts.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::environment::{Assigned, Environment};
use super::instruction::{Ending, Restart, Running};
use super::machine::Deployment;
use super::policy::Kind;
use super::value::Value;

/// The version of the document that this code writes; older ones do not exist.
pub const STATE_VERSION: u32 = 1;
/// The largest document in bytes: all variables with every byte escaped, and room for the rest.
pub const STATE_MAX: usize = 256 << 20;

/// The state of a run: enough to go on from it, and secrets with it, so only the system may read its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    version: u32,
    sequences: Vec<Identity>,
    progress: Progress,
    variables: Vec<Assigned>,
}

/// What tells one sequence, and one version of it, from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    id: String,
    deployment: String,
    fingerprint: String,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    pub phase: Phase,
    /// Which of the deployments runs.
    pub chosen: Option<usize>,
    /// The item that comes next, or that is being run.
    pub position: usize,
    pub running: Running,
    pub stand_alone: bool,
    /// The disc in the drive.
    pub disc: Option<u32>,
    /// How many restarts were asked for and happened.
    pub restarts: u32,
    pub prestart: Option<Value>,
}

/// What a run is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Phase {
    /// Before everything; `given` when the command was given out.
    Prestart { given: bool },
    /// A sequence has to be chosen.
    Choosing,
    /// The item at the position is looked at next.
    Walking,
    /// The condition of the step at the position held; it waits for discs.
    Starting {
        /// Counts the runs of the step from 1.
        attempt: u32,
        /// How many of them followed unexpected restarts.
        retries: u32,
        discs_done: Vec<u32>,
        awaited: Option<u32>,
    },
    /// The step at the position runs.
    Running {
        attempt: u32,
        retries: u32,
        /// The variable that gets the output.
        output: Option<String>,
    },
    /// A restart was asked for; `again` has attempt and retries of the step that runs again after it.
    Restarting { restart: Restart, again: Option<(u32, u32)> },
    /// The run is over.
    Ended { ending: Ending },
}

/// A reason why a run cannot go on from a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The document is larger than [`STATE_MAX`].
    #[error("a state of {size} bytes is larger than the limit of {STATE_MAX}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// A newer version of this program wrote it.
    #[error("the state has version {version}, and this program knows {STATE_VERSION}")]
    Newer {
        /// Its version.
        version: u64,
    },
    /// It is no state, or damaged. The message holds a place and no content.
    #[error("the state is damaged at line {line}, column {column}")]
    Damaged {
        /// The line, from 1; 0 when the damage has no place.
        line: usize,
        /// The column, from 1; 0 when the damage has no place.
        column: usize,
    },
    /// It belongs to other sequences, or to other versions of them.
    #[error("the state is of another task sequence or of another version of `{id}`")]
    OtherSequence {
        /// The first sequence that differs, or the first of all when their number does.
        id: String,
    },
    /// It contradicts itself or the sequence.
    #[error("the state contradicts itself: {what}")]
    Contradiction {
        /// What is wrong.
        what: &'static str,
    },
}

impl State {
    /// Reads a state. `Err` for a newer version, and for what is no state; nothing is taken in part.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        /// All that is certain of a version that is not known.
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        if bytes.len() > STATE_MAX {
            return Err(StateError::TooLarge { size: bytes.len() });
        }
        // The messages of the parser can quote values.
        let damaged = |error: serde_json::Error| StateError::Damaged {
            line: error.line(),
            column: error.column(),
        };
        let Versioned { version } = serde_json::from_slice(bytes).map_err(damaged)?;
        if version > u64::from(STATE_VERSION) {
            return Err(StateError::Newer { version });
        }
        let state: Self = serde_json::from_slice(bytes).map_err(damaged)?;
        if state.version != STATE_VERSION {
            return Err(StateError::Contradiction { what: "there is no such version" });
        }
        Ok(state)
    }

    /// Writes the state as JSON with a line feed at its end, the same for the same state.
    pub fn to_json(&self) -> String {
        let mut json =
            serde_json::to_string_pretty(self).expect("a state has no maps and no floats");
        json.push('\n');
        json
    }

    pub(super) fn of(
        deployments: &[Deployment],
        environment: &Environment,
        progress: &Progress,
    ) -> Self {
        let variables = environment.iter();
        Self {
            version: STATE_VERSION,
            sequences: deployments.iter().map(identity).collect(),
            progress: progress.clone(),
            variables: variables.map(|(name, value)| Assigned::new(name, value.clone())).collect(),
        }
    }

    /// Takes the state apart, once everything in it has been found to be possible.
    pub(super) fn check(
        self,
        deployments: &[Deployment],
    ) -> Result<(Environment, Progress), StateError> {
        let known: Vec<Identity> = deployments.iter().map(identity).collect();
        if known.len() != self.sequences.len() {
            let id = known.first().map(|known| known.id.clone()).unwrap_or_default();
            return Err(StateError::OtherSequence { id });
        }
        if let Some((known, _)) = known.iter().zip(&self.sequences).find(|(a, b)| a != b) {
            return Err(StateError::OtherSequence { id: known.id.clone() });
        }
        self.progress.check(deployments)?;
        let mut names = HashSet::new();
        let mut environment = Environment::default();
        for Assigned { name, value } in self.variables {
            let contradiction = |what| StateError::Contradiction { what };
            if value.text().is_empty() || !names.insert(name.to_uppercase()) {
                return Err(contradiction("a variable is empty or stands there twice"));
            }
            let restored = environment.restore(&name, value);
            restored.map_err(|_| contradiction("a variable is impossible"))?;
        }
        Ok((environment, self.progress))
    }
}

fn identity(deployment: &Deployment) -> Identity {
    Identity {
        id: deployment.policy.id().to_owned(),
        deployment: deployment.id.clone(),
        fingerprint: format!("{:016x}", deployment.policy.fingerprint()),
    }
}

impl Progress {
    fn check(&self, deployments: &[Deployment]) -> Result<(), StateError> {
        let contradiction = |what| Err(StateError::Contradiction { what });
        let begun = match &self.phase {
            Phase::Prestart { .. } | Phase::Choosing => Some(false),
            Phase::Ended { .. } => None,
            _ => Some(true),
        };
        if begun.is_some_and(|begun| begun != self.chosen.is_some()) {
            return contradiction("a sequence runs before it is chosen, or not afterwards");
        }
        let needs_step = matches!(
            &self.phase,
            Phase::Starting { .. }
                | Phase::Running { .. }
                | Phase::Restarting { again: Some(_), .. }
        );
        if let Some(chosen) = self.chosen {
            let Some(deployment) = deployments.get(chosen) else {
                return contradiction("the chosen sequence is not there");
            };
            let entries = &deployment.policy.entries;
            let entry = entries.get(self.position);
            if self.position > entries.len() {
                return contradiction("the position lies behind the sequence");
            }
            if needs_step && !entry.is_some_and(|entry| matches!(entry.kind, Kind::Step(_))) {
                return contradiction("a step runs where there is none");
            }
        }
        if self.disc == Some(0) {
            return contradiction("disc 0 does not exist");
        }
        Ok(())
    }
}

impl Phase {
    pub(super) fn starting(attempt: u32, retries: u32) -> Self {
        Self::Starting { attempt, retries, discs_done: Vec::new(), awaited: None }
    }

    /// What the run does, behind "a run that".
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Prestart { given: false } => "has not begun",
            Self::Prestart { given: true } => "runs the prestart command",
            Self::Choosing => "waits for a choice",
            Self::Walking => "is between steps",
            Self::Starting { .. } => "is about to run a step",
            Self::Running { .. } => "runs a step",
            Self::Restarting { .. } => "waits for a restart",
            Self::Ended { .. } => "is over",
        }
    }
}
