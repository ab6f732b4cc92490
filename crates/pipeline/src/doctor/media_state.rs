//! What media of tsmedia say of themselves, and whether it is so: dates, the set, the password.

use content::Problem;
use content::manifest::MediaManifest;
use jiff::Timestamp;

use super::boot_files::BootFiles;
use super::finding;
use super::source::Source;
use crate::verify::{MEDIA_JSON, MEDIA_JSON_MAX, parse_media_manifest};
use content::envelope;

const BOOTSTRAP: &str = "SMS/data/TsmBootstrap.ini";
const VARIABLES: &str = "SMS/data/variables.dat";
const POLICY: &str = "SMS/data/policy.xml";

/// The largest bootstrap file and protected file that are read.
const BOOTSTRAP_MAX: u64 = 64 << 10;
const PROTECTED_MAX: u64 = 256 << 20;

/// What media say of themselves.
#[derive(Clone, Debug)]
pub struct MediaState {
    /// `media.json`.
    pub manifest: MediaManifest,
    /// Whether a password is asked for, as the bootstrap file says; None without that file.
    pub password_required: Option<bool>,
}

impl MediaState {
    /// Whether this disc is meant to be started: the first one of a set with a boot image.
    pub fn is_meant_to_start(&self) -> bool {
        self.manifest.disc == 1 && self.manifest.boot_image.is_some()
    }
}

/// Reads what media say of themselves; None on those of others.
pub(super) fn read(
    source: &Source,
    files: &BootFiles,
    now: Timestamp,
    findings: &mut Vec<Problem>,
) -> Option<MediaState> {
    let file = files.find(MEDIA_JSON)?;
    let parsed = source.read(file, MEDIA_JSON_MAX).and_then(|bytes| {
        parse_media_manifest(&bytes, source.path()).map_err(|error| error.to_string())
    });
    let manifest = match parsed {
        Ok(manifest) => manifest,
        Err(reason) => {
            let found = finding::error("media-json", reason).in_file(MEDIA_JSON);
            findings.push(found.remedy("build or write the media again"));
            return None;
        }
    };
    findings.extend(dates(&manifest, now));
    let password_required = match manifest.disc {
        1 => password(source, files, findings),
        _ => None,
    };
    Some(MediaState { manifest, password_required })
}

/// What the clock says to the dates of the media.
fn dates(manifest: &MediaManifest, now: Timestamp) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut moment = |text: &Option<String>| -> Option<Timestamp> {
        let text = text.as_ref()?;
        let moment = text.parse().ok();
        if moment.is_none() {
            let message = format!("`{text}` is no moment");
            found.push(finding::error("media-json", message).in_file(MEDIA_JSON));
        }
        moment
    };
    let (from, until) = (moment(&manifest.valid_from), moment(&manifest.valid_until));
    if let Some(until) = until.filter(|until| *until < now) {
        let message = format!("the media were valid until {until}: their task sequence is refused");
        let remedy = "build them again with a later `security.valid-until`";
        found.push(finding::error("media-expired", message).remedy(remedy));
    }
    if let Some(from) = from.filter(|from| *from > now) {
        let message = format!("the media are valid from {from} on: until then they are refused");
        let remedy = "wait, or build them again with an earlier `security.valid-from`";
        found.push(finding::warning("media-not-yet-valid", message).remedy(remedy));
    }
    found
}

/// Whether a password is required, as the bootstrap file says, which the protected files must bear
/// out.
fn password(source: &Source, files: &BootFiles, findings: &mut Vec<Problem>) -> Option<bool> {
    let read = |path: &str, max: u64| -> Option<Result<Vec<u8>, String>> {
        files.find(path).map(|file| source.read(file, max))
    };
    let remedy = "build or write the media again";
    let required = match read(BOOTSTRAP, BOOTSTRAP_MAX).map(|bytes| bytes.map(|b| required(&b))) {
        Some(Ok(Some(required))) => required,
        other => {
            let reason = match other {
                None => "is not there".to_owned(),
                Some(Err(reason)) => reason,
                Some(Ok(_)) => "does not say whether a password is required".to_owned(),
            };
            let found = finding::error("password-state", format!("`{BOOTSTRAP}` {reason}"));
            findings.push(found.in_file(BOOTSTRAP).remedy(remedy));
            return None;
        }
    };
    for path in [VARIABLES, POLICY] {
        let message = match read(path, PROTECTED_MAX) {
            None if path == VARIABLES => "is not there".to_owned(),
            None => continue,
            Some(Err(reason)) => reason,
            Some(Ok(bytes)) => match (required, envelope::is_envelope(&bytes)) {
                (true, false) => "is not protected, though a password is asked for".to_owned(),
                (false, true) => "is protected, though no password is asked for".to_owned(),
                _ => continue,
            },
        };
        let found = finding::error("password-state", format!("`{path}` {message}"));
        findings.push(found.in_file(path).remedy(remedy));
    }
    Some(required)
}

/// `PasswordRequired` of the bootstrap file.
fn required(bytes: &[u8]) -> Option<bool> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().filter_map(|line| line.split_once('='));
    let (_, value) = line.into_iter().find(|(key, _)| key.trim() == "PasswordRequired")?;
    match value.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
