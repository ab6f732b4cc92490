//! What does the sequence say?
//!
//! Reads, checks and writes task sequences of Configuration Manager (schema 3.10) and of MDT (3.00),
//! exported sequence packages, and the documents of an MDT deployment share. The crate opens no file
//! and reads no clock: text and bytes come in, values go out. It does not know catalogs, media or
//! where content lies.
//!
//! A [`TaskSequence`] keeps its whole document, so that what it does not understand survives.
//! [`TaskSequence::walk`] gives the groups and steps, [`TaskSequence::references`] what they need,
//! [`children::follow`] the sequences that they run, [`lint::check`] what would fail, and
//! [`run::Machine`] what happens when it runs.
//!
//! ```
//! let text = r#"<sequence version="3.10"><group name="Install" description="">
//!   <step type="SMS_TaskSequence_RunCommandLineAction" name="Tools" description="" successCodeList="0">
//!     <action>smsswd.exe /run:ABC00010 setup.exe</action><defaultVarList/></step>
//! </group></sequence>"#;
//! let (sequence, problems) = tasksequence::TaskSequence::parse(text)?;
//! assert!(problems.is_empty());
//! let references = sequence.references();
//! assert_eq!(references[0].id, "ABC00010");
//! assert_eq!(references[0].uses[0].place.to_string(), "Install/Tools (step 1)");
//! # Ok::<(), tasksequence::ParseError>(())
//! ```

pub mod children;
pub mod condition;
pub mod encoding;
pub mod export;
pub mod lint;
pub mod mdt;
mod parse_problems;
mod problem;
pub mod reference;
pub mod rules;
pub mod run;
pub mod script;
mod sequence;
pub mod show;
pub mod step;
pub mod step_types;
pub mod variables;
mod walk;
pub mod xml;

pub use children::{ChildUse, Followed, FollowedSequence, follow};
pub use lint::{CheckContext, check};
pub use problem::{Finding, Place, Problem, Severity};
pub use reference::{Reference, ReferenceKind, ReferenceUse};
pub use sequence::{Dialect, ListedReference, MAX_ITEMS, ParseError, TaskSequence};
pub use walk::{Placed, StepPath};
