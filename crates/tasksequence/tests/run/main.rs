//! What happens when a sequence runs.

mod begin;
mod children;
mod conditions;
mod dynamic;
mod environment;
mod fixtures;
mod groups;
mod model;
mod restarts;
mod resume;
mod steps;
mod support;
mod variables;
