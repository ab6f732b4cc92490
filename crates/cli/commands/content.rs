//! `tsmedia content`: the objects of the catalog and their files.

mod edit;
mod show;
mod verify;

use pipeline::catalog_edit::EditError;
use pipeline::chain;

use crate::args::{ContentCommand, Global};
use crate::exit::{CommandError, Exit};
use crate::report;

pub fn run(global: &Global, command: &ContentCommand) -> Result<Exit, CommandError> {
    match command {
        ContentCommand::Add(args) => edit::add(global, args),
        ContentCommand::List => show::list(global),
        ContentCommand::Show(args) => show::show(global, args),
        ContentCommand::Update(args) => edit::update(global, args),
        ContentCommand::Remove(args) => edit::remove(global, args),
        ContentCommand::Verify(args) => verify::run(global, args),
    }
}

impl From<EditError> for CommandError {
    fn from(error: EditError) -> Self {
        let text = chain(&error);
        match error {
            EditError::Site(error) => error.into(),
            EditError::Io(error) => error.into(),
            EditError::Exists { object, .. } => {
                Self::usage(text).hint(format!("`tsmedia content update {object}` changes it"))
            }
            EditError::NoName => Self::usage(text).hint("give a name that people know it by"),
            EditError::NotFound(_) => {
                Self::usage(text).hint("`tsmedia content list` shows the ids")
            }
            EditError::InUse { .. } => Self::usage(text)
                .hint("remove it there first, or use `--force`; its files stay in either case"),
            EditError::Unusable { path, problems } => {
                report::tell_problems(&problems, false);
                Self::usage(format!("`{}` cannot be changed", path.display()))
                    .hint("correct the file first")
            }
            EditError::NoFreeId(_) | EditError::Source { .. } => Self::usage(text),
            _ => Self::new(Exit::Failed, text),
        }
    }
}

/// Reads an id of the command line.
fn id(text: &str) -> Result<content::ContentId, CommandError> {
    text.parse().map_err(|error| CommandError::usage(format!("{error}")))
}
