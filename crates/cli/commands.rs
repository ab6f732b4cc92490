//! One module a verb.

mod build;
mod check;
mod content;
mod diff;
mod doctor;
mod extract;
mod import;
mod init;
mod inspect;
mod ls;
mod plan;
mod reference_pages;
mod run_sequence;
mod schema;
mod ts;
mod verify;
mod write;

use crate::args::{Cli, Command};
use crate::exit::{CommandError, Exit};

/// Runs what was typed.
pub fn run(cli: Cli) -> Result<Exit, CommandError> {
    let global = &cli.global;
    match cli.command {
        Command::Init(args) => init::run(global, &args),
        Command::Import(args) => import::run(global, &args),
        Command::Ts(command) => ts::run(global, &command),
        Command::Content(command) => content::run(global, &command),
        Command::Check(args) => check::run(global, &args),
        Command::Plan(args) => plan::run(global, &args),
        Command::Build(args) => build::run(global, &args),
        Command::Verify(args) => verify::run(global, &args),
        Command::Write(args) => write::run(global, &args),
        Command::Inspect(args) => inspect::run(global, &args),
        Command::Ls(args) => ls::run(global, &args),
        Command::Extract(args) => extract::run(global, &args),
        Command::Diff(args) => diff::run(global, &args),
        Command::Doctor(args) => doctor::run(global, &args),
        Command::Run(args) => Ok(run_sequence::run(args)),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => reference_pages::completions(&args),
        Command::Man(args) => reference_pages::man(&args),
    }
}
