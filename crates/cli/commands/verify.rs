//! `tsmedia verify`: reads media back.

use std::path::Path;

use content::Digest;
use content::manifest::MediaManifest;
use pipeline::image_file::{FileSystem, ImageFile};
use pipeline::verify::{self, Finding, VerifyDepth, VerifyReport};
use serde_json::json;

use crate::args::{Depth, Global, VerifyArgs};
use crate::exit::{CommandError, Exit};
use crate::given_images::{GivenImages, MissingDisc};
use crate::interruption::{self, CANCEL};
use crate::protected;
use crate::report::{self, count, size};
use crate::session;

pub fn run(global: &Global, args: &VerifyArgs) -> Result<Exit, CommandError> {
    interruption::catch_interruption()?;
    let images = GivenImages::find(&args.paths)?;
    let password = session::password(&args.password)?;
    let depth = match args.depth {
        Depth::Full => VerifyDepth::Full,
        Depth::Structure => VerifyDepth::Structure,
    };
    let progress = crate::progress::progress(global.progress);
    let verify = if args.updated { verify::updated } else { verify::images };
    let mut report = verify(&images.paths, depth, &CANCEL, &*progress)?;
    drop(progress);
    let missing = missing(&images, &report);
    report.findings.extend(missing);
    report.findings.sort();
    if let Some(password) = &password {
        for disc in &report.discs {
            protected::open(&ImageFile::open(&disc.path)?, Some(password))?;
        }
    }
    if global.json {
        report::print_json(&document(&report))?;
    } else {
        report::print(&text(&report))?;
    }
    if !args.updated && images.paths.iter().any(|path| looks_updated(path, &report)) {
        report::warn("if the stick came from `write --update`, verify it with --updated");
    }
    Ok(if report.findings.is_empty() { Exit::Done } else { Exit::Integrity })
}

/// Whether what is found wrong is what files of others beside the media would be, too.
fn looks_updated(path: &Path, report: &VerifyReport) -> bool {
    let mut unlisted =
        report.findings.iter().filter(|one| one.image == path && one.rule == "unlisted");
    unlisted.next().is_some()
        && ImageFile::open(path).is_ok_and(|image| image.file_system() == FileSystem::Fat32)
}

/// The discs that sets which were named as such lack.
fn missing(images: &GivenImages, report: &VerifyReport) -> Vec<Finding> {
    let manifest =
        |path: &Path| report.discs.iter().find(|disc| disc.path == path).map(|disc| &disc.manifest);
    let finding = |missing: MissingDisc| Finding {
        message: missing.message(),
        image: missing.set,
        disc: Some(missing.disc),
        offset: 0,
        file: None,
        rule: DISC_MISSING.to_owned(),
    };
    images.missing(manifest).into_iter().map(finding).collect()
}

/// Whether every disc of every set that the images belong to was read.
fn is_complete(report: &VerifyReport) -> bool {
    let there = |set: Digest, disc: u32| {
        report.discs.iter().any(|other| other.manifest.set == set && other.manifest.disc == disc)
    };
    let whole =
        |manifest: &MediaManifest| (1..=manifest.discs).all(|disc| there(manifest.set, disc));
    !report.discs.is_empty() && report.discs.iter().all(|disc| whole(&disc.manifest))
}

/// The rule about the discs of a set that was named as a whole.
const DISC_MISSING: &str = "disc-missing";

fn document(report: &VerifyReport) -> serde_json::Value {
    json!({
        "discs": report.discs.iter().map(|disc| json!({
            "path": disc.path,
            "set": disc.manifest.set,
            "disc": disc.manifest.disc,
            "discs": disc.manifest.discs,
            "label": disc.manifest.label,
            "files": disc.files,
            "hashed_bytes": disc.hashed_bytes,
        })).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(|finding| json!({
            "rule": finding.rule,
            "image": finding.image,
            "disc": finding.disc,
            "offset": finding.offset,
            "file": finding.file,
            "message": finding.message,
        })).collect::<Vec<_>>(),
        "complete": is_complete(report),
        "ok": report.findings.is_empty(),
    })
}

fn text(report: &VerifyReport) -> String {
    let mut text = String::new();
    for disc in &report.discs {
        text += &format!(
            "{}: disc {} of {} \"{}\", {}, {} hashed\n",
            disc.path.display(),
            disc.manifest.disc,
            disc.manifest.discs,
            disc.manifest.label,
            count(disc.files, "file"),
            size(disc.hashed_bytes),
        );
    }
    for finding in &report.findings {
        text += &format!("{finding}\n");
    }
    if let Some(first) = report.discs.first() {
        let present = report.discs.len() as u32;
        let is_told = report.findings.iter().any(|finding| finding.rule == DISC_MISSING);
        if present < first.manifest.discs && !is_told {
            text += &format!("note: {present} of {} discs were given\n", first.manifest.discs);
        }
    }
    text += &if report.findings.is_empty() {
        "ok\n".to_owned()
    } else {
        format!("{}\n", count(report.findings.len() as u64, "finding"))
    };
    text
}
