//! What runs on the target?
//!
//! It finds the media that the computer was started from, unlocks them, and runs their task
//! sequence: [`tasksequence::run::Machine`] says what to do next, and this crate does it. It does
//! not know how media are made, and decides nothing that the machine decides.

pub mod commands;
pub mod computer;
pub mod contents;
mod copy_tree;
pub mod disk;
pub mod facts;
mod kernel_text;
pub mod media;
pub mod mount;
mod natural_order;
pub mod objects;
pub mod partition;
pub mod place;
pub mod process;
pub mod program;
pub mod provider;
pub mod providers;
pub mod run;
pub mod screen;
pub mod session;
pub mod status;
pub mod system;
#[cfg(feature = "wim")]
pub mod system_boot;
mod tool;
pub mod unlock;
pub mod volume;
