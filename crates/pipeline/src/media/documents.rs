//! The files of the media that belong to no content.

use std::sync::Arc;

use content::{ContentId, MediaType};
use image::partition::Guid;

use super::{MediaFacts, OwnFile};
use content::envelope;

/// A task sequence on the media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaSequence {
    /// Its id.
    pub id: ContentId,
    /// Its name.
    pub name: String,
    /// Its document, without an XML declaration.
    pub document: String,
}

/// A command that runs before the task sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prestart {
    /// The command line.
    pub command: String,
    /// The package with its files.
    pub package: Option<ContentId>,
}

/// The own files of each disc of a set.
#[derive(Clone, Debug)]
pub struct OwnFiles {
    /// On disc 1 only.
    pub first: Vec<OwnFile>,
    /// On every disc.
    pub every: Vec<OwnFile>,
}

impl OwnFiles {
    /// The own files of disc `disc`.
    pub fn of_disc(&self, disc: u32) -> impl Iterator<Item = &OwnFile> {
        let first = if disc == 1 { &self.first[..] } else { &[] };
        self.every.iter().chain(first)
    }
}

/// Makes the own files of a set.
pub fn own_files(facts: &MediaFacts) -> OwnFiles {
    let file = |path: &str, bytes: Vec<u8>| OwnFile { path: path.to_owned(), bytes: bytes.into() };
    let mut every = Vec::new();
    // A WIM has no volume that could bear a label.
    if facts.media_type != MediaType::Prestaged {
        every.push(file("MediaLabel.txt", format!("label={}\r\n", facts.label).into()));
    }
    if facts.autorun {
        every.push(file("autorun.inf", autorun(facts).into()));
    }
    let mut first = vec![
        file("SMS/data/TsmBootstrap.ini", bootstrap(facts).into()),
        file("SMS/data/variables.dat", protect(facts, "variables", variables(facts))),
    ];
    if !facts.sequences.is_empty() {
        first.push(file("SMS/data/policy.xml", protect(facts, "policy", policy(facts))));
    }
    OwnFiles { first, every }
}

/// The name of a media type in `TsmBootstrap.ini` and `_SMSTSMediaType`, which task sequences
/// test.
fn legacy_name(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::StandAlone => "FullMedia",
        MediaType::Prestaged => "OEMMedia",
        MediaType::Bootable => "BootMedia",
        MediaType::Capture => "CaptureMedia",
    }
}

fn bootstrap(facts: &MediaFacts) -> String {
    format!(
        "[MediaInfo]\r\nMediaType={}\r\nPasswordRequired={}\r\nUnattended={}\r\n",
        legacy_name(facts.media_type),
        facts.password.is_some(),
        facts.unattended,
    )
}

/// The default label is the one piece of text that a drive's window shows.
fn autorun(facts: &MediaFacts) -> String {
    format!("[autorun]\r\nlabel={}\r\n", facts.label)
}

/// Puts a document into the envelope, if there is a password. The two documents of a set have
/// salts of their own, since equal keys for both would be one secret less.
fn protect(facts: &MediaFacts, purpose: &str, document: String) -> Vec<u8> {
    match &facts.password {
        None => document.into_bytes(),
        Some(password) => {
            envelope::seal(document.as_bytes(), password.expose(), facts.serial(purpose))
        }
    }
}

fn protection(facts: &MediaFacts) -> &'static str {
    if facts.password.is_some() { "password" } else { "none" }
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

fn variables(facts: &MediaFacts) -> String {
    let mut own = vec![
        ("_SMSTSMediaType", legacy_name(facts.media_type).to_owned()),
        ("_SMSTSSiteCode", facts.site_code.clone()),
        ("_SMSTSStandAloneMedia", (facts.media_type == MediaType::StandAlone).to_string()),
    ];
    if let Some((id, _)) = &facts.boot_image {
        own.push(("_SMSTSBootMediaPackageID", id.to_string()));
    }
    if let Some(network) = &facts.network {
        own.push(("_SMSMediaGuid", Guid::from_digest(facts.serial("media guid")).to_string()));
        own.extend(network.variables());
    }
    let chosen = facts.variables.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let mut text =
        format!("{DECLARATION}<variables version=\"1\" protection=\"{}\">\n", protection(facts));
    for (name, value) in own.into_iter().chain(chosen) {
        text += &format!("  <var name=\"{}\">{}</var>\n", escape(name), escape(&value));
    }
    if let Some(prestart) = &facts.prestart {
        let package = prestart.package.as_ref().map_or("", ContentId::as_str);
        let command = escape(&prestart.command);
        text += &format!("  <prestart package=\"{package}\">{command}</prestart>\n");
    }
    text + "</variables>\n"
}

fn policy(facts: &MediaFacts) -> String {
    let mut text =
        format!("{DECLARATION}<policy version=\"1\" protection=\"{}\">\n", protection(facts));
    for sequence in &facts.sequences {
        let boot_image = facts.boot_image.as_ref().map_or("", |(id, _)| id.as_str());
        text += &format!(
            "<taskSequence id=\"{}\" name=\"{}\" bootImage=\"{boot_image}\">{}</taskSequence>\n",
            sequence.id,
            escape(&sequence.name),
            sequence.document,
        );
    }
    text + "</policy>\n"
}

/// Escapes text for an XML attribute or element; line ends as references, so that no reader
/// normalises them away.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\t' => escaped += "&#9;",
            '\n' => escaped += "&#10;",
            '\r' => escaped += "&#13;",
            c => escaped.push(c),
        }
    }
    escaped
}

impl OwnFile {
    /// The bytes, to be shared.
    pub fn bytes(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }
}
