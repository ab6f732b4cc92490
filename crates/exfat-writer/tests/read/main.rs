//! The reader, the verifier and the dump, by images that are sound, damaged and hostile.

// The crate opens no file; its tests do.
#![allow(clippy::disallowed_methods)]

mod dump;
mod faults;
mod foreign;
mod hostile;
#[path = "../support/mod.rs"]
mod support;
