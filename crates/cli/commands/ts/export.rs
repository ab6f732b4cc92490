//! `tsmedia ts export`: a task sequence as a file.

use std::fs::Permissions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pipeline::{IoContext, chain};
use serde_json::json;
use tasksequence::Dialect;
use tasksequence::export::{self, Export, ExportError};

use super::sequence::{self, NamedSequence};
use crate::args::{Global, TsExportArgs};
use crate::exit::{CommandError, Exit};
use crate::report;

pub(super) fn run(global: &Global, args: &TsExportArgs) -> Result<Exit, CommandError> {
    let named = sequence::read_one(global, &args.sequence)?;
    let extension = args.target.extension().and_then(|extension| extension.to_str());
    let bytes = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("xml") => named.sequence().to_xml().into_bytes(),
        Some("zip") => archive(&args.sequence, &named)?,
        _ => {
            let message = format!("`{}` ends in neither .xml nor .zip", args.target.display());
            return Err(CommandError::usage(message)
                .hint("the extension decides: .xml for the steps alone, .zip for an export"));
        }
    };
    write(&args.target, &bytes, args.force)?;
    if global.json {
        report::print_json(&json!({ "target": args.target, "bytes": bytes.len() }))?;
    } else {
        let size = report::size(bytes.len() as u64);
        report::print(&format!("{}: {size}\n", args.target.display()))?;
    }
    Ok(Exit::Done)
}

fn archive(argument: &str, named: &NamedSequence) -> Result<Vec<u8>, CommandError> {
    if named.sequence().dialect() == Dialect::Mdt {
        let message = format!("`{argument}` is an MDT sequence, which no .zip export holds");
        return Err(CommandError::usage(message).hint("export it as .xml"));
    }
    let Some(exported) = named.exported() else {
        let message = format!("`{argument}` does not say its package id, which an export needs");
        return Err(CommandError::usage(message)
            .hint("put it into the site as task-sequences/<ID>.xml and export that id"));
    };
    let export = Export { sequences: vec![exported.clone()], ..Export::default() };
    export::write(&export).map_err(|error| {
        let failed = CommandError::usage(format!("`{argument}`: {}", chain(&error)));
        match error {
            ExportError::BadId { .. } => failed
                .hint("a package id is the site code and five hexadecimal digits: rename the file"),
            _ => failed,
        }
    })
}

/// Writes the file whole or not at all; one that is there only where `force` says so.
fn write(target: &Path, bytes: &[u8], force: bool) -> Result<(), CommandError> {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::Builder::new()
        .prefix(".tsmedia-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .at("create a file in", folder)?;
    temporary.write_all(bytes).at("write", target)?;
    temporary.as_file().sync_all().at("write", target)?;
    let placed =
        if force { temporary.persist(target) } else { temporary.persist_noclobber(target) };
    match placed {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            let message = format!("`{}` is there already", target.display());
            Err(CommandError::usage(message).hint("`--force` replaces it"))
        }
        Err(error) => {
            let (path, source) = (target.to_owned(), error.error);
            Err(pipeline::Error::Io { verb: "write", path, source }.into())
        }
    }
}
