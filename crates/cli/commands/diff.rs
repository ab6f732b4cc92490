//! `tsmedia diff`: what differs between two sets.

use std::path::Path;

use pipeline::diff::{ContentChange, Difference, diff};
use pipeline::image_file::ImageFile;
use serde_json::{Value, json};

use crate::args::{DiffArgs, Global};
use crate::exit::{CommandError, Exit};
use crate::given_images::GivenImages;
use crate::report::{self, count, size};

pub fn run(global: &Global, args: &DiffArgs) -> Result<Exit, CommandError> {
    let difference = diff(&one_disc(&args.old)?, &one_disc(&args.new)?)?;
    if global.json {
        report::print_json(&document(&difference))?;
    } else {
        report::print(&text(&difference))?;
    }
    Ok(if difference.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Any disc of a set will do: each has the manifests of all.
fn one_disc(path: &Path) -> Result<ImageFile, CommandError> {
    let images = GivenImages::find(&[path.to_owned()])?;
    Ok(ImageFile::open(&images.paths[0])?)
}

fn document(difference: &Difference) -> Value {
    let facts = difference
        .facts
        .iter()
        .map(|(name, old, new)| json!({ "name": name, "old": old, "new": new }));
    let contents = difference.contents.iter().map(|(id, change)| match change {
        ContentChange::Added { bytes } => json!({ "id": id, "change": "added", "bytes": bytes }),
        ContentChange::Removed { bytes } => {
            json!({ "id": id, "change": "removed", "bytes": bytes })
        }
        ContentChange::Changed {
            versions,
            discs,
            partitions,
            added,
            removed,
            changed,
            new_bytes,
        } => json!({
            "id": id,
            "change": "changed",
            "old_version": versions.0,
            "new_version": versions.1,
            "old_discs": discs.0,
            "new_discs": discs.1,
            "old_partition": partitions.0,
            "new_partition": partitions.1,
            "added": added,
            "removed": removed,
            "changed": changed,
            "new_bytes": new_bytes,
        }),
    });
    json!({
        "same": difference.is_empty(),
        "facts": facts.collect::<Vec<_>>(),
        "contents": contents.collect::<Vec<_>>(),
    })
}

fn text(difference: &Difference) -> String {
    if difference.is_empty() {
        return "the same\n".to_owned();
    }
    let mut text = String::new();
    for (name, old, new) in &difference.facts {
        text += &format!("{name}: {} -> {}\n", shown(old), shown(new));
    }
    for (id, change) in &difference.contents {
        match change {
            ContentChange::Added { bytes } => text += &format!("+ {id} ({})\n", size(*bytes)),
            ContentChange::Removed { bytes } => text += &format!("- {id} ({})\n", size(*bytes)),
            ContentChange::Changed {
                versions,
                discs,
                partitions,
                added,
                removed,
                changed,
                new_bytes,
            } => {
                text += &format!("~ {id}: version {} -> {}", versions.0, versions.1);
                if discs.0 != discs.1 {
                    text += &format!(", discs {:?} -> {:?}", discs.0, discs.1);
                }
                if partitions.0 != partitions.1 {
                    text += &format!(", partition {} -> {}", partitions.0, partitions.1);
                }
                let files = (added.len() + changed.len()) as u64;
                text += &format!(", {} new in {}\n", size(*new_bytes), count(files, "file"));
                let marked = [('+', added), ('-', removed), ('~', changed)];
                for (mark, files) in marked {
                    for file in files {
                        text += &format!("    {mark} {file}\n");
                    }
                }
            }
        }
    }
    text
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
