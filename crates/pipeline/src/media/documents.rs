//! The files of the media that belong to no content.

use std::sync::Arc;

use content::documents::VariablesDocument;
use content::{MediaType, envelope};
use image::partition::Guid;

use super::{MediaFacts, OwnFile};

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
    if !facts.policy.sequences.is_empty() {
        let policy = facts.policy.to_xml(facts.password.is_some());
        first.push(file("SMS/data/policy.xml", protect(facts, "policy", policy)));
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
    // What a person says of a management point wins over what the definition's table says.
    let is_chosen =
        |name: &str| facts.variables.iter().any(|(it, _)| it.eq_ignore_ascii_case(name));
    own.retain(|(name, _)| !is_chosen(name));
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    let document = VariablesDocument {
        variables: own.chain(facts.variables.iter().cloned()).collect(),
        prestart: facts.prestart.clone(),
    };
    document.to_xml(facts.password.is_some())
}

impl OwnFile {
    /// The bytes, to be shared.
    pub fn bytes(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }
}
