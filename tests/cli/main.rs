//! Whole sessions at the prompt: what people type, what they read, and the exit codes.

#[path = "../../crates/pipeline/tests/made_up/mod.rs"]
mod made_up;
#[path = "../site/mod.rs"]
mod site;

mod bad_input;
mod batch;
mod content;
mod doctor;
mod documents;
mod import;
mod init;
mod json_lines;
mod media_types;
mod reference_pages;
mod remedies;
mod runtime;
mod session;
mod sets;
mod task_sequences;
