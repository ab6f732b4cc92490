//! What happens when a sequence runs: a state machine without clock, files and processes.
//!
//! A [`Machine`] takes events and returns instructions; whoever runs them is the runtime. What only
//! the computer knows comes from [`Facts`], where *unknown* is an answer. The [`State`] survives
//! restarts as a JSON document.
//!
//! ```
//! use tasksequence::TaskSequence;
//! use tasksequence::run::{
//!     Deployment, Event, Instruction, Machine, NoFacts, Origin, Policy, Running, Start, StepEnd, Value,
//! };
//!
//! let text = r#"<sequence version="3.10"><step name="Tools" successCodeList="0">
//!   <action>smsswd.exe /run: setup.exe %Mode%</action></step></sequence>"#;
//! let (sequence, _) = TaskSequence::parse(text)?;
//! let policy = Policy::merge("ABC00001", "Tools", &sequence, &|_| None)?;
//! let deployments = [Deployment { id: String::new(), required: false, policy }];
//! let mode = tasksequence::run::Assigned::new("Mode", Value::plain("/quiet"));
//! let start = Start {
//!     stand_alone: true,
//!     running: Running::WinPe,
//!     disc: None,
//!     prestart: None,
//!     engine: Vec::new(),
//!     origin: Origin::Media(vec![mode]),
//! };
//! let mut machine = Machine::new(&deployments, &start)?;
//! let Instruction::RunStep(run) = machine.next(&NoFacts) else { panic!("there is a step") };
//! assert_eq!(run.action.text(), "smsswd.exe /run: setup.exe /quiet");
//! machine.handle(Event::StepFinished(StepEnd::Exited { code: 0, output: Value::default() }))?;
//! assert!(matches!(machine.next(&NoFacts), Instruction::Ended(ending) if ending.succeeded));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is documented, and what is inferred
//!
//! Microsoft's documentation says, and the machine does:
//!
//! - Variables: names without case, 1 to 256 characters; values up to 4,000; 32 MB together; the
//!   empty value deletes; a leading `_` is read-only; on media, media variables take the place of
//!   those of collection and device. A value that was set before a step wins over the step's own.
//! - Groups and continue on error: a failure ends every item around it up to the innermost one with
//!   continue on error, and the run goes on behind that. It does not help when Setup Windows and
//!   ConfigMgr fails, when a child sequence is disabled, and when a restart finds no partition.
//! - The variables of the last action stay as they are when a step is skipped.
//! - 3010 of Install Application and Install Package, `SMSTSRebootRequested`, `SMSTSRetryRequested`;
//!   `retryCount` after unexpected restarts and never after failures; a step whose time runs out fails.
//! - Lists of packages (`BASE001`) and applications (`BASE01`): a first one that is missing installs
//!   nothing; a malformed package fails, a malformed application is skipped; not on stand-alone media.
//! - Child sequences share all variables, and the last writer wins.
//! - The prestart command runs in Windows PE before a sequence is chosen; `SMSTSPreferredAdvertID`
//!   comes before required deployments. A run goes on when its maintenance window closes.
//!
//! The documentation is silent, and the machine does this:
//!
//! - A condition that is unknown is a failure of its step or group. Operators follow Kleene's logic,
//!   so that an unknown part counts only where it decides. An `osConditionGroup` or a test without
//!   anything to test is unknown.
//! - A group's condition is asked once, before its first child, and that of a disabled item never. A
//!   step that is run again is not asked again.
//! - Values are expanded once, when the sequence sets them, and what a script sets is taken as it is.
//!   An unknown `%NAME%` stays. A step's own empty variable is replaced by nothing. `Value` of a
//!   variable condition and WQL are not expanded: `%` is their wildcard.
//! - A variable that is not set equals the empty text and is neither less nor greater than anything.
//!   Less and greater compare numbers where both sides are some, else text without case; the trace says
//!   which. Secrets are compared with case.
//! - `globalVarList` sets what nothing has set before, of a child when it begins. What rules mark as
//!   secret and an export has emptied keeps the value that it has.
//! - A group whose items were all skipped has succeeded. A failure inside a child sequence is one of the
//!   step that runs it, and a child that is missing is found before anything runs.
//! - 3010 restarts for every step that lists it as success, into what runs at that time; so does
//!   `SMSTSRebootRequested` = `true`. A request counts after a failure too if the run goes on. With
//!   `SMSTSRetryRequested` the exit code of the step is not judged. Both are deleted when they are obeyed.
//! - An unexpected restart beyond `retryCount` (at most 5) is a failure of the step.
//! - A step that is not for the system that runs (`runIn`) fails and is not skipped in silence.
//! - Failures without exit code have 0x80004005, time-outs 1460. Exit codes have 32 bits, so that
//!   -1047526896 and 0xC1900210 are one.
//! - Lists end at the first gap. A malformed package fails the step before anything of it is installed.
//! - A prestart command that fails ends the run, as does a preferred deployment that is not there.
//!   Of several required deployments the first runs; a single one is not asked for.
//!
//! Left to the runtime: how commands are started and ended, the checks of Check Readiness, content and
//! its cache, notices and dialogs.

mod compare;
mod dynamic;
mod environment;
mod evaluate;
mod expression;
mod facts;
mod instruction;
mod machine;
mod policy;
mod state;
mod value;

pub use dynamic::{
    InstallList, ListError, ListedPackage, RuleError, apply_rules, listed_applications,
    listed_guids, listed_packages,
};
pub use environment::{
    Assigned, ENVIRONMENT_MAX, Environment, NAME_MAX, Origin, VALUE_MAX, VariableError,
};
pub use evaluate::{Evaluation, TraceLine, Truth, evaluate};
pub use facts::{Answer, ComputerFact, Facts, FileFact, NoFacts, RegistryFact, SoftwareCode};
pub use instruction::{
    Decision, DiscWanted, Ending, Event, Instruction, Offer, Record, Restart, RestartTarget,
    Running, StepEnd, StepRef, StepRun,
};
pub use machine::{Deployment, EventError, Machine, Start, StartError, does_itself};
pub use policy::{
    Child, ChildLookup, MAX_NESTING, MAX_POLICY_ITEMS, Policy, PolicyError, PolicyStep,
};
pub use state::{STATE_MAX, STATE_VERSION, State, StateError};
pub use value::Value;
