//! What happens when a sequence runs: its variables, and whether conditions hold.
//!
//! What only the computer knows comes from [`Facts`], where *unknown* is an answer.
//!
//! Microsoft's documentation says: names of variables have no case and 1 to 256 characters, values up to
//! 4,000, 32 MB together; the empty value deletes; a leading `_` is read-only; on media, media variables
//! take the place of those of collection and device. The types of conditions and their operators.
//!
//! The documentation is silent, and this is done:
//!
//! - A condition that is unknown is a failure of its step or group. Operators follow Kleene's logic,
//!   so that an unknown part counts only where it decides. An `osConditionGroup` or a test without
//!   anything to test is unknown.
//! - Values are expanded once, when the sequence sets them, and what a script sets is taken as it is.
//!   An unknown `%NAME%` stays. A step's own empty variable is replaced by nothing. `Value` of a
//!   variable condition and WQL are not expanded: `%` is their wildcard.
//! - A variable that is not set equals the empty text and is neither less nor greater than anything.
//!   Less and greater compare numbers where both sides are some, else text without case; the trace says
//!   which. Secrets are compared with case.

mod compare;
mod environment;
mod evaluate;
mod expression;
mod facts;
mod value;

pub use environment::{
    Assigned, ENVIRONMENT_MAX, Environment, NAME_MAX, Origin, VALUE_MAX, VariableError,
};
pub use evaluate::{Evaluation, TraceLine, Truth, evaluate};
pub use facts::{Answer, ComputerFact, Facts, FileFact, NoFacts, RegistryFact, SoftwareCode};
pub use value::Value;
