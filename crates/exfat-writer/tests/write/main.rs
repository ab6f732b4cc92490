//! Volumes are written to files and read back by programs that others wrote.
//!
//! A program that is missing fails the test that needs it.

// The crate opens no file; its tests do.
#![allow(clippy::disallowed_methods)]

mod errors;
#[path = "../../../../tests/left/mod.rs"]
mod left;
mod properties;
mod scale;
#[path = "../support/mod.rs"]
mod support;
mod tools;
