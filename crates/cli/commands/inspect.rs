//! `tsmedia inspect`: what media are.

use content::manifest::MediaManifest;

use pipeline::image_file::{FileSystem, ImageFile};
use pipeline::verify::{MEDIA_JSON, read_media_manifest};
use serde_json::{Value, json};

use crate::args::{Global, InspectArgs};
use crate::exit::{CommandError, Exit};
use crate::given_images::{GivenImages, MissingDisc};
use crate::protected::{self, Protected};
use crate::report::{self, count, size};
use crate::{session, wim_facts};

pub fn run(global: &Global, args: &InspectArgs) -> Result<Exit, CommandError> {
    let password = session::password(&args.password)?;
    let mut documents = Vec::new();
    let images = GivenImages::find(&args.paths)?;
    let mut manifests = Vec::new();
    for path in &images.paths {
        let image = ImageFile::open(path)?;
        if args.dump {
            report::print(&dump(&image))?;
            continue;
        }
        let wim = match image.file_system() {
            FileSystem::Wim => Some(wim_facts::read(&image)?),
            FileSystem::Iso | FileSystem::Fat32 | FileSystem::Folder => None,
        };
        if let Some(info) = wim.as_ref().filter(|_| !global.json) {
            report::print(&wim_facts::text(&image, info))?;
        }
        // A WIM need not be media: most hold an operating system.
        if wim.is_some() && image.find(MEDIA_JSON).is_err() {
            documents.push(json!({ "path": path, "wim": wim.as_ref().map(wim_facts::document) }));
            continue;
        }
        let manifest = read_media_manifest(&image)?;
        let protected = protected::open(&image, password.as_ref())?;
        if global.json {
            documents.push(json!({
                "path": path,
                "media": manifest,
                "password_required": protected.required,
                "variables": protected.variables,
                "prestart": protected.prestart,
                "wim": wim.as_ref().map(wim_facts::document),
            }));
        } else {
            report::print(&text(&image, &manifest, &protected))?;
        }
        manifests.push((path, manifest));
    }
    if args.dump {
        return Ok(Exit::Done);
    }
    let missing = images.missing(|path| {
        manifests.iter().find(|(known, _)| *known == path).map(|(_, manifest)| manifest)
    });
    if global.json {
        let findings = missing.iter().map(finding_json).collect::<Vec<_>>();
        report::print_json(&json!({ "images": documents, "findings": findings }))?;
    } else {
        for missing in &missing {
            let set = missing.set.display();
            report::print(&format!("[disc-missing] `{set}`: {}\n", missing.message()))?;
        }
    }
    Ok(if missing.is_empty() { Exit::Done } else { Exit::Findings })
}

/// Every structure of an image in text.
fn dump(image: &ImageFile) -> String {
    match image.file_system() {
        FileSystem::Iso => {
            use iso9660_writer::dump::{DumpOptions, dump_to_string};
            dump_to_string(image, &DumpOptions { files: true })
        }
        FileSystem::Fat32 => {
            use fat32_writer::dump::{DumpOptions, dump_to_string};
            let first = dump_to_string(image, &DumpOptions { files: true });
            if !image.has_second_partition() {
                return first;
            }
            let options = exfat_writer::dump::DumpOptions { files: true };
            first + &exfat_writer::dump::dump_to_string(image, &options)
        }
        FileSystem::Folder => {
            format!("{}: a folder has no structures to show\n", image.path().display())
        }
        FileSystem::Wim => {
            use wim::dump::{DumpOptions, dump_to_string};
            dump_to_string(image, &DumpOptions { blobs: true, files: true })
        }
    }
}

fn finding_json(missing: &MissingDisc) -> Value {
    json!({
        "rule": "disc-missing",
        "image": missing.set,
        "disc": missing.disc,
        "message": missing.message(),
    })
}

fn text(image: &ImageFile, manifest: &MediaManifest, protected: &Protected) -> String {
    let mut text = format!(
        "{}: disc {} of {}, {} media \"{}\"\n  set {}\n  made {}\n",
        image.path().display(),
        manifest.disc,
        manifest.discs,
        manifest.media_type,
        manifest.label,
        manifest.set,
        manifest.created,
    );
    let named = [("task sequence", &manifest.task_sequence), ("boot image", &manifest.boot_image)];
    for (what, named) in named {
        if let Some(named) = named {
            text += &format!("  {what} {} {}\n", named.id, named.name);
        }
    }
    if let Some(staged) = &manifest.prestaged {
        text += &format!("  OS image {}, image {} of its WIM\n", staged.os_image, staged.index);
        let notes = [
            ("created by", &staged.created_by),
            ("version", &staged.version),
            ("comment", &staged.comment),
        ];
        for (what, note) in notes.into_iter().filter(|(_, note)| !note.is_empty()) {
            text += &format!("  {what} {note}\n");
        }
    }
    let dates = [("from", &manifest.valid_from), ("until", &manifest.valid_until)];
    for (what, moment) in dates {
        if let Some(moment) = moment {
            text += &format!("  valid {what} {moment}\n");
        }
    }
    text += match protected.required {
        Some(true) => {
            "  task sequence and variables are protected by a password; contents are not\n"
        }
        Some(false) => "  not protected by a password\n",
        None => "",
    };
    if let Some(names) = &protected.variables {
        text += &format!("  variables {}\n", names.join(", "));
    }
    if let Some(command) = &protected.prestart {
        text += &format!("  prestart command {command}\n");
    }
    for content in &manifest.contents {
        let discs: Vec<String> = content.discs.iter().map(ToString::to_string).collect();
        let partition = content.partition.map(|number| format!(", partition {number}"));
        text += &format!(
            "  {:<10} {:<14} version {:<3} {:>10} in {}, disc {}{}: {}\n",
            content.id.as_str(),
            content.kind,
            content.version,
            size(content.bytes),
            count(content.files, "file"),
            discs.join(", "),
            partition.unwrap_or_default(),
            content.name,
        );
    }
    text
}
