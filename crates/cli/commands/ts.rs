//! `tsmedia ts`: task sequences.

mod check;
pub mod columns;
mod condition;
mod export;
mod list;
mod sequence;
mod show;

use crate::args::{Global, TsCommand};
use crate::exit::{CommandError, Exit};

pub fn run(global: &Global, command: &TsCommand) -> Result<Exit, CommandError> {
    match command {
        TsCommand::List => list::run(global),
        TsCommand::Show(args) => show::run(global, args),
        TsCommand::Check(args) => check::run(global, args),
        TsCommand::Export(args) => export::run(global, args),
    }
}
