//! `tsmedia ls`: the files on media.

use std::ops::ControlFlow;

use iso9660_writer::read::{Entry, Namespace, walk};
use pipeline::image_file::{FileSystem, ImageFile};
use serde_json::{Value, json};

use crate::args::{Global, LsArgs, Names};
use crate::exit::{CommandError, Exit};
use crate::given_images::GivenImages;
use crate::report;

pub fn run(global: &Global, args: &LsArgs) -> Result<Exit, CommandError> {
    let namespace = match args.names {
        Names::Udf => Namespace::Udf,
        Names::RockRidge => Namespace::RockRidge,
        Names::Joliet => Namespace::Joliet,
        Names::Iso9660 => Namespace::Iso9660,
    };
    let below = args.below.as_deref().map(|path| path.trim_matches('/'));
    let below = below.filter(|path| !path.is_empty());
    let mut found = below.is_none();
    let mut images = Vec::new();
    let mut text = String::new();
    for path in GivenImages::find(&args.paths)?.paths {
        let image = ImageFile::open(&path)?;
        let mut entries: Vec<Value> = Vec::new();
        let mut list = |entry: &Entry| {
            let inside = below.is_none_or(|below| {
                entry
                    .path
                    .strip_prefix(below)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if inside {
                found = true;
                let kind = if entry.is_directory() { "directory" } else { "file" };
                let offset = entry.extents.first().map(|extent| extent.offset);
                if global.json {
                    entries.push(json!({
                        "path": entry.path, "kind": kind, "size": entry.len, "offset": offset,
                    }));
                } else {
                    let mark = if entry.is_directory() { "/" } else { "" };
                    text += &format!("{:>14}  {}{mark}\n", entry.len, entry.path);
                }
            }
            ControlFlow::Continue(())
        };
        let walked = match image.file_system() {
            FileSystem::Iso => {
                walk(&image, namespace, &mut list).map_err(|error| error.to_string())
            }
            FileSystem::Fat32 | FileSystem::Wim | FileSystem::Folder => image.walk(&mut list),
        };
        walked.map_err(|error| {
            CommandError::new(Exit::Integrity, format!("`{}`: {error}", path.display()))
        })?;
        images.push(json!({ "path": path, "entries": entries }));
    }
    if let (Some(below), false) = (below, found) {
        let message = format!("no image has the path `{}`", below.escape_debug());
        return Err(CommandError::usage(message).hint("`tsmedia ls` without `--below` lists all"));
    }
    if global.json {
        report::print_json(&json!({ "images": images }))?;
    } else {
        report::print(&text)?;
    }
    Ok(Exit::Done)
}
