//! Planned WIMs: what holds for the positions, and what other programs read of them.
//!
//! A program that is missing fails the test that needs it.

#[path = "../support/mod.rs"]
mod support;

mod content;
mod errors;
mod parts;
mod properties;
mod tools;
