//! WIMs of others, and hostile ones.
//!
//! A program that is missing fails the test that needs it.

#[path = "../support/mod.rs"]
mod support;

mod foreign;
mod hostile;
