//! What a run tells its runtime to do, and what the runtime tells it.

use serde::{Deserialize, Serialize};

use super::dynamic::InstallList;
use super::evaluate::TraceLine;
use super::value::Value;
use crate::sequence::Dialect;
use crate::step::RunIn;
use crate::walk::StepPath;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// Run the prestart command; [`Event::PrestartFinished`] ends it.
    RunPrestart {
        /// The command line.
        command: Value,
    },
    /// Ask which sequence to run; [`Event::SequenceChosen`] answers.
    ChooseSequence {
        /// The sequences, in the order that they were given in.
        offers: Vec<Offer>,
    },
    /// Have a disc put in; [`Event::DiscInserted`] answers, with this disc or another.
    InsertDisc(DiscWanted),
    /// Run a step; [`Event::StepFinished`] ends it.
    RunStep(Box<StepRun>),
    /// Write the state down and restart the computer; [`Event::Restarted`] follows.
    Restart(Restart),
    /// Go on waiting: the command or the step that was given out last still runs.
    Wait,
    /// Stop: there is nothing more to do.
    Ended(Box<Ending>),
}

/// A sequence that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its package id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A disc that the next step needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscWanted {
    /// The number of the disc, from 1.
    pub disc: u32,
    /// What of the step's contents lies on it.
    pub contents: Vec<String>,
    /// Whether the step needs further discs: what lies on this one has to be copied while it is in.
    pub more: bool,
    /// The step.
    pub step: StepRef,
}

/// A step, a group or a child sequence of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRef {
    /// The id of the sequence that it stands in.
    pub sequence: String,
    /// Where it stands there.
    pub path: StepPath,
    /// Its number among the steps of the sequence and its children, from 1; 0 for a group.
    pub number: usize,
    /// The number of those steps.
    pub of: usize,
}

/// A step to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRun {
    /// The step.
    pub step: StepRef,
    /// The name with the variables in it, for display and log.
    pub shown_name: Value,
    /// Whose step it is; the same type can mean different things in the two.
    pub dialect: Dialect,
    /// The type as written, such as `SMS_TaskSequence_RunCommandLineAction`; empty when the document names none.
    pub type_name: String,
    /// The action with the variables in it.
    pub action: Value,
    /// The step's own variables while it runs, in document order, with the variables in them.
    pub variables: Vec<(String, Value)>,
    /// The folder to start in with the variables in it, empty when none is named.
    pub start_in: Value,
    /// The time after which the process has to be ended; `None` for no limit.
    pub timeout_seconds: Option<u32>,
    /// The exit codes that mean success.
    pub success_codes: Vec<i64>,
    /// Where the step may run.
    pub run_in: RunIn,
    /// Counts the runs of this step from 1: it is repeated after restarts.
    pub attempt: u32,
    /// The ids of the contents that the step needs.
    pub contents: Vec<String>,
    /// What variables say is to be installed; `None` when the step says it itself.
    pub install: Option<InstallList>,
    /// Whether the output is wanted: a variable gets the end of it.
    pub output_wanted: bool,
    /// Whether the log may not show the command line.
    pub hide_command: bool,
}

/// A restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// What to start.
    pub target: RestartTarget,
    /// What to tell the user; empty for nothing of its own.
    pub message: Value,
    /// How long to tell the user before; 0 for no notice, `None` when nobody says.
    pub delay_seconds: Option<u32>,
}

/// What a restart starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartTarget {
    /// Windows PE, from the boot image of the sequence.
    WinPe,
    /// The installed system.
    Hd,
}

/// What runs on the computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Running {
    /// Windows PE.
    WinPe,
    /// The installed system.
    FullOs,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// Whether the sequence succeeded.
    pub succeeded: bool,
    /// 0, or the code of the failure that nothing caught.
    pub code: i64,
    /// The reason in words; empty after success.
    pub reason: String,
    /// The command of `SMSTSPostAction`; `None` without one, and when no sequence had begun.
    pub post_action: Option<Value>,
    /// How long to show the failure in seconds.
    pub error_dialog_seconds: u32,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The prestart command ended.
    PrestartFinished {
        /// Its exit code.
        code: i64,
    },
    /// Somebody chose a sequence.
    SequenceChosen {
        /// Its package id.
        id: String,
    },
    /// A step ended.
    StepFinished(StepEnd),
    /// The prestart command or the step that runs sets a variable; an empty value deletes it.
    VariableSet {
        /// The name.
        name: String,
        /// The value as it is.
        value: Value,
    },
    /// The runtime sets a variable, which may be read-only.
    EngineVariableSet {
        /// The name.
        name: String,
        /// The value as it is.
        value: Value,
    },
    /// A disc is in the drive.
    DiscInserted {
        /// Its number, from 1.
        disc: u32,
    },
    /// The computer has started again, whether that was asked for or not.
    Restarted {
        /// What runs now.
        running: Running,
        /// The disc in the drive.
        disc: Option<u32>,
    },
    /// The restart that was asked for is impossible: there is no formatted partition to start from.
    RestartImpossible,
    /// A maintenance window closed, which a run does not heed.
    MaintenanceWindowClosed,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepEnd {
    /// It ended by itself.
    Exited {
        /// Its exit code.
        code: i64,
        /// Its output, empty when none was wanted.
        output: Value,
    },
    /// Its time ran out, and all its processes were ended.
    TimedOut,
    /// It could not be started.
    NotStarted {
        /// Why, without secrets.
        reason: String,
    },
    /// An application's requirements are not met: success, unless `TSErrorOnWarning` says otherwise.
    RequirementNotMet {
        /// The code that it fails with.
        code: i64,
    },
}

/// Something that a run decided, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The step, group or child sequence.
    pub step: StepRef,
    /// What was decided.
    pub what: Decision,
}

/// What a run decided about a step, a group or a child sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is disabled and skipped.
    Disabled,
    /// Its condition holds, and it begins.
    Entered {
        /// What was asked.
        trace: Vec<TraceLine>,
    },
    /// Its condition does not hold, and it is skipped.
    Skipped {
        /// What was asked.
        trace: Vec<TraceLine>,
    },
    /// Nobody can say whether its condition, or that of one of its rules, holds, so it fails.
    ConditionUnknown {
        /// What was asked.
        trace: Vec<TraceLine>,
    },
    /// It set variables.
    VariablesSet {
        /// The numbers of the rules that applied, from 1; empty for a step without rules.
        rules: Vec<usize>,
    },
    /// It succeeded.
    Succeeded {
        /// Its code.
        code: i64,
    },
    /// It failed.
    Failed {
        /// Its code.
        code: i64,
        /// Why, without secrets.
        reason: String,
        /// Whether the run goes on behind it.
        continues: bool,
    },
    /// It runs again.
    Again {
        /// Why.
        reason: &'static str,
    },
}
