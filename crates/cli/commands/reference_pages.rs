//! `tsmedia completions` and `tsmedia man`: made from the same description as the help.

use std::fs;

use clap::CommandFactory;
use clap_mangen::Man;
use pipeline::IoContext;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::exit::{CommandError, Exit};
use crate::report;

pub fn completions(args: &CompletionsArgs) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tsmedia", &mut script);
    report::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

pub fn man(args: &ManArgs) -> Result<Exit, CommandError> {
    let Some(folder) = &args.dir else {
        report::print(&String::from_utf8_lossy(&page(Cli::command())?))?;
        return Ok(Exit::Done);
    };
    fs::create_dir_all(folder).at("create", folder)?;
    let mut command = Cli::command();
    command.build();
    write_pages(&command, "tsmedia", folder)?;
    Ok(Exit::Done)
}

/// Writes the page of a command and those of its subcommands: `tsmedia-content-add.1`.
fn write_pages(
    command: &clap::Command,
    name: &str,
    folder: &std::path::Path,
) -> Result<(), CommandError> {
    let path = folder.join(format!("{name}.1"));
    fs::write(&path, page(command.clone())?).at("write", &path)?;
    for subcommand in command.get_subcommands() {
        write_pages(subcommand, &format!("{name}-{}", subcommand.get_name()), folder)?;
    }
    Ok(())
}

fn page(command: clap::Command) -> Result<Vec<u8>, CommandError> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}
