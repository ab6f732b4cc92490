//! What happens when a sequence runs.

mod conditions;
mod environment;
mod support;
