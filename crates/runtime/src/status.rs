//! The status file: what a run has done so far, for those who watch many computers.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The name of the status file, beside the log.
pub const STATUS_NAME: &str = "status.json";

/// The history of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of this document.
    pub schema_version: u32,
    /// What the run does: `running`, `restarting`, `succeeded`, `failed`.
    pub state: RunState,
    /// The task sequence's id; empty until it is chosen.
    pub task_sequence: String,
    /// The digest that names the set of media.
    pub set: String,
    /// When the run began, in UTC.
    pub started: String,
    /// When the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The code of the sequence, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What ran, in the order of its ends.
    pub steps: Vec<StepStatus>,
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Steps run.
    Running,
    /// The computer starts again, and the run goes on then.
    Restarting,
    /// The sequence has succeeded.
    Succeeded,
    /// The sequence has failed.
    Failed,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStatus {
    /// Its number among all steps, from 1.
    pub number: usize,
    /// The number of all steps.
    pub of: usize,
    /// Where it stands in its sequence.
    pub path: String,
    /// What came of it: `succeeded`, `failed`, `skipped`, `disabled`.
    pub outcome: String,
    /// Its code, if it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Why it failed, without secrets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When that was, in UTC.
    pub time: String,
    /// How long it ran, in milliseconds.
    pub milliseconds: u64,
}

impl Status {
    /// The status of a run that begins now.
    pub fn begin(set: String) -> Self {
        Self {
            schema_version: 1,
            state: RunState::Running,
            task_sequence: String::new(),
            set,
            started: Timestamp::now().to_string(),
            ended: None,
            code: None,
            reason: String::new(),
            steps: Vec::new(),
        }
    }

    /// Reads the status of a run that goes on; one that cannot be read is begun anew.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(STATUS_NAME)).ok()?).ok()
    }

    /// Writes the status into a folder; who reads it never sees half of it.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        let new = folder.join(format!("{STATUS_NAME}.new"));
        let mut file = File::create(&new)?;
        file.write_all(&text)?;
        fs::rename(&new, folder.join(STATUS_NAME))
    }
}
