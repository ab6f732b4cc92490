//! Whole sessions at the prompt: what people type, what they read, and the exit codes.

#[path = "../site/mod.rs"]
mod site;

mod bad_input;
mod batch;
mod content;
mod import;
mod init;
mod json_lines;
mod media_types;
mod reference_pages;
mod remedies;
mod session;
mod sets;
mod task_sequences;
