//! What runs on the target?
//!
//! It finds the media that the computer was started from, unlocks them, and runs their task
//! sequence: [`tasksequence::run::Machine`] says what to do next, and this crate does it. It does
//! not know how media are made, and decides nothing that the machine decides.

pub mod disk;
pub mod mount;
mod natural_order;
pub mod partition;
pub mod provider;
pub mod providers;
pub mod system;
#[cfg(feature = "wim")]
pub mod system_boot;
mod tool;
pub mod volume;
