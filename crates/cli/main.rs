//! The command line: flags, words and exit codes.
//!
//! It knows terminals and JSON and nothing else: what a verb does stands in the libraries, whose
//! values, progress events and errors it puts into words.

mod args;
mod commands;
mod concerned;
mod exit;
mod given_images;
mod interruption;
mod outputs;
mod progress;
mod protected;
mod report;
mod runtime_program;
mod session;
mod wim_facts;

use std::process::ExitCode;

use clap::Parser;

use args::Cli;
use exit::{CommandError, Exit};
use progress::ProgressMode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for, so they are data and succeed.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            if exit == Exit::Usage && asks_for_json_lines() {
                report::stderr_holds_json(true, true);
                report::tell_error(&CommandError::usage(error.to_string()), None);
                return exit.into();
            }
            return match error.print() {
                Ok(()) => exit.into(),
                Err(_) => Exit::Done.into(),
            };
        }
    };
    let lines = cli.global.progress == ProgressMode::Json;
    report::stderr_holds_json(lines || cli.global.json, lines);
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            report::tell_error(&error, None);
            error.exit.into()
        }
    }
}

/// Whether a command line that makes no sense otherwise asks for JSON lines on standard error.
fn asks_for_json_lines() -> bool {
    let words: Vec<_> = std::env::args_os().collect();
    words.iter().any(|word| word == "--progress=json")
        || words.windows(2).any(|pair| pair[0] == "--progress" && pair[1] == "json")
}
