//! The boot programs of EFI on a medium: what they are made for, and who signed them.

use content::Problem;

use super::authenticode::{self, Signature, SignatureError, Verdict};
use super::boot_files::{BootFile, BootFiles};
use super::ca::Generation;
use super::finding;
use super::pe::{Architecture, PeError, PeImage};
use super::source::Source;

/// The largest boot program that is read: a unified kernel image with its initial RAM disk.
const LOADER_MAX: u64 = 256 << 20;

/// Boot programs that are read of one tree: real ones have a dozen.
const LOADERS_MAX: usize = 64;

/// Where a boot program lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoaderPlace {
    /// In the tree of the medium.
    Tree,
    /// In the volume that this entry of the boot catalog names, the first being 1.
    ElTorito(usize),
}

/// A boot program of EFI.
#[derive(Clone, Debug)]
pub struct Loader {
    /// Its path as it is written there, with slashes.
    pub path: String,
    /// Where it lies.
    pub place: LoaderPlace,
    /// What it is; why it is no program of EFI, if it is none.
    pub program: Result<Program, String>,
}

/// What a program of EFI is.
#[derive(Clone, Debug)]
pub struct Program {
    /// For which processors.
    pub architecture: Architecture,
    /// Whether firmware starts it, rather than another boot program.
    pub is_efi_application: bool,
    /// Its signatures, in the order of the file.
    pub signatures: Vec<Result<Signature, SignatureError>>,
    /// Of a shim, the certificates in DER that it trusts beside those of the firmware; None if it is
    /// no shim.
    pub vendor: Option<Vec<Vec<u8>>>,
}

impl Program {
    /// Reads a PE image.
    ///
    /// # Errors
    ///
    /// [`PeError`] if it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, PeError> {
        let image = PeImage::parse(bytes)?;
        Ok(Self {
            architecture: image.architecture,
            is_efi_application: image.is_efi_application(),
            signatures: authenticode::signatures(&image),
            vendor: image.section(".vendor_cert").map(vendor_certificates),
        })
    }

    /// The signatures that can be read.
    pub fn readable(&self) -> impl Iterator<Item = &Signature> {
        self.signatures.iter().filter_map(|signature| signature.as_ref().ok())
    }

    /// The sound signature of an authority of this generation, if there is one.
    pub(super) fn signed_by(&self, generation: Generation) -> Option<&Signature> {
        let mut sound = self.readable().filter(|signature| signature.is_sound());
        sound.find(|signature| signature.ca.generation() == Some(generation))
    }

    /// Whether one of a shim's own certificates vouches for this program.
    pub(super) fn vouched_for_by(&self, certificates: &[Vec<u8>]) -> Verdict {
        let sound: Vec<&Signature> = self.readable().filter(|s| s.is_sound()).collect();
        let pairs = || sound.iter().flat_map(|s| certificates.iter().map(move |c| (s, c)));
        let says = |wanted| pairs().any(|(s, c)| s.is_vouched_for_by(c) == wanted);
        match (says(Verdict::Right), says(Verdict::Unknown)) {
            (true, _) => Verdict::Right,
            (_, true) => Verdict::Unknown,
            _ => Verdict::Wrong,
        }
    }
}

impl Loader {
    /// The name: the last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// The path with the place, if it is not the medium's tree.
    pub fn shown_path(&self) -> String {
        match self.place {
            LoaderPlace::Tree => self.path.clone(),
            LoaderPlace::ElTorito(number) => format!("El Torito entry {number}: {}", self.path),
        }
    }

    /// What is wrong with its signatures, whoever starts it.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let Ok(program) = &self.program else { return Vec::new() };
        let signers = |is_wrong: fn(&Signature) -> bool| {
            let wrong = program.readable().filter(|signature| is_wrong(signature));
            let names: Vec<String> = wrong.map(|s| format!("`{}`", s.subject)).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        let tampered = signers(|s| !s.digest_matches).map(|signers| {
            let message = format!(
                "the boot program is not the file that {signers} signed: its digest is another"
            );
            finding::error("loader-tampered", message)
        });
        let wrong = signers(|s| s.digest_matches && s.holds == Verdict::Wrong).map(|signers| {
            let message = format!("the boot program has a signature that is not that of {signers}");
            finding::error("loader-signature-wrong", message)
        });
        let unreadable = program.signatures.iter().filter_map(|s| s.as_ref().err());
        let unreadable = unreadable
            .map(|error| finding::warning("loader-signature-unreadable", error.to_string()));
        let all = tampered.into_iter().chain(wrong).chain(unreadable);
        let remedy = "take the file from its source again";
        all.map(|problem| problem.in_file(self.shown_path()).remedy(remedy)).collect()
    }
}

/// Reads the boot programs of a tree: what lies below `EFI`, and those of Windows elsewhere.
pub(super) fn of_tree(source: &Source, files: &BootFiles, place: LoaderPlace) -> Vec<Loader> {
    let below = files.below("efi/", ".efi");
    let root = files.find("bootmgr.efi").into_iter();
    let windows = files.below("windows/boot/efi", ".efi");
    let mut found: Vec<&BootFile> = below.chain(root).chain(windows).collect();
    found.extend(files.find("windows/system32/boot/winload.efi"));
    found.truncate(LOADERS_MAX);
    found.into_iter().map(|file| of_file(source, file, place)).collect()
}

fn of_file(source: &Source, file: &BootFile, place: LoaderPlace) -> Loader {
    let parse = |bytes: Vec<u8>| Program::parse(&bytes).map_err(|error| error.to_string());
    let program = source.read(file, LOADER_MAX).and_then(parse);
    Loader { path: file.path.clone(), place, program }
}

/// The certificates in a shim's section `.vendor_cert`: two lengths, two offsets from the start of
/// the section, then a certificate or a list of them (shim's `cert.S`).
fn vendor_certificates(section: &[u8]) -> Vec<Vec<u8>> {
    use super::bytes::le32;
    let trusted = || {
        let (len, start) = (le32(section, 0)? as usize, le32(section, 8)? as usize);
        section.get(start..start.checked_add(len)?)
    };
    let trusted = trusted().unwrap_or_default();
    // A SEQUENCE of DER; anything else is a list of signatures as in UEFI's databases.
    if trusted.first() == Some(&0x30) { vec![trusted.to_vec()] } else { listed(trusted) }
}

/// The X.509 certificates of EFI_SIGNATURE_LISTs (UEFI 2.10 §32.4.1).
fn listed(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    use super::bytes::le32;
    /// EFI_CERT_X509_GUID.
    const X509: [u8; 16] = [
        0xA1, 0x59, 0xC0, 0xA5, 0xE4, 0x94, 0xA7, 0x4A, 0x87, 0xB5, 0xAB, 0x15, 0x5C, 0x2B, 0xF0,
        0x72,
    ];
    const OWNER: usize = 16;
    const LIST_HEADER: usize = 28;
    let mut found = Vec::new();
    while let (Some(len), Some(header), Some(size)) =
        (le32(bytes, 16), le32(bytes, 20), le32(bytes, 24))
    {
        let (len, header, size) = (len as usize, header as usize, size as usize);
        let (Some(list), true) = (bytes.get(..len), len >= LIST_HEADER && size > OWNER) else {
            break;
        };
        if list.starts_with(&X509) {
            let entries = list.get(LIST_HEADER.saturating_add(header)..).unwrap_or_default();
            found.extend(entries.chunks_exact(size).map(|entry| entry[OWNER..].to_vec()));
        }
        bytes = &bytes[len..];
    }
    found
}

#[cfg(test)]
mod tests;
