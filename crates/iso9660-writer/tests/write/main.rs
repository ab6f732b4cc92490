//! Images are written to files and read back by programs and libraries that others wrote.
//!
//! A program that is missing fails the test that needs it.

// The crate opens no file; its tests do.
#![allow(clippy::disallowed_methods)]

mod boot;
mod content;
mod errors;
mod executor;
#[path = "../../../../tests/left/mod.rs"]
mod left;
mod names;
mod namespaces;
mod properties;
mod readers;
mod scale;
mod tools;
