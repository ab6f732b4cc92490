//! What a set of media is made of, before anybody knows where it lies.

mod boot_tree;
mod capture;
mod documents;
mod manifests;
mod network;
mod staged_image;

use std::fmt;
use std::sync::Arc;

use content::documents::{PolicyDocument, PrestartCommand};
use content::{ContentId, MediaType};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

pub use boot_tree::BootTree;
pub use capture::capture_sequence;
pub use documents::{OwnFiles, own_files};
pub use manifests::{
    LateFile, ManifestSizes, content_lines, disc_lines, encode_lines, encode_media, media_manifest,
    set_digest,
};
pub use network::NetworkFacts;
pub use staged_image::check as check_staged_image;

/// What people decided about a set, and the names that they know its parts by.
pub struct MediaFacts {
    /// The media type.
    pub media_type: MediaType,
    /// The label.
    pub label: String,
    /// The moment that everything on the media bears.
    pub created: Timestamp,
    /// Whether nobody is asked anything but the password.
    pub unattended: bool,
    /// Whether an `autorun.inf` is there.
    pub autorun: bool,
    /// What protects the task sequence and the variables.
    pub password: Option<crate::password::Password>,
    /// The media do not start before this moment.
    pub valid_from: Option<Timestamp>,
    /// The media do not start after this moment.
    pub valid_until: Option<Timestamp>,
    /// The site's code.
    pub site_code: String,
    /// The task sequences, and the packages and applications that they need; empty for media that
    /// hold no task sequence.
    pub policy: PolicyDocument,
    /// The boot image.
    pub boot_image: Option<(ContentId, String)>,
    /// The values of the media variables by their names.
    pub variables: Vec<(String, String)>,
    /// What runs before the task sequence.
    pub prestart: Option<PrestartCommand>,
    /// The contents in the order of first use.
    pub contents: Vec<ContentFacts>,
    /// What is noted on prestaged media.
    pub staged: Option<StagedFacts>,
    /// How media without content find their site.
    pub network: Option<NetworkFacts>,
}

/// Values of variables and the prestart command may be secrets.
impl fmt::Debug for MediaFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaFacts({} {:?})", self.media_type.as_str(), self.label)
    }
}

/// What prestaged media say of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedFacts {
    /// The OS image on them.
    pub os_image: ContentId,
    /// Which image of its WIM is meant, from 1 on.
    pub index: u32,
    /// Who made them.
    pub created_by: String,
    /// Their version.
    pub version: String,
    /// Anything else.
    pub comment: String,
}

/// What media say of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentFacts {
    /// Its id.
    pub id: ContentId,
    /// What it is.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its source version.
    pub version: u32,
    /// Whether it lies on the second partition.
    pub on_second_partition: bool,
}

impl MediaFacts {
    /// Sixteen bytes that differ between media of different definitions and are the same when the
    /// same media are made again: the salt of the envelope and, with a disc's number, the origin
    /// of every GUID in an image.
    pub fn serial(&self, purpose: &str) -> [u8; 16] {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        field(purpose.as_bytes());
        field(self.media_type.as_str().as_bytes());
        field(self.label.as_bytes());
        field(self.created.to_string().as_bytes());
        field(self.site_code.as_bytes());
        for sequence in &self.policy.sequences {
            field(sequence.id.as_str().as_bytes());
            field(sequence.document.as_bytes());
        }
        if let Some((id, _)) = &self.boot_image {
            field(id.as_str().as_bytes());
        }
        for content in &self.contents {
            field(content.id.as_str().as_bytes());
            field(&content.version.to_le_bytes());
        }
        if let Some(staged) = &self.staged {
            field(staged.os_image.as_str().as_bytes());
            field(&staged.index.to_le_bytes());
            for note in [&staged.created_by, &staged.version, &staged.comment] {
                field(note.as_bytes());
            }
        }
        if let Some(network) = &self.network {
            for point in &network.management_points {
                field(point.as_bytes());
            }
            if let Some(certificate) = &network.certificate {
                field(&certificate.fingerprint.0);
            }
        }
        let digest = hash.finalize();
        std::array::from_fn(|index| digest[index])
    }
}

/// A file of the media that belongs to no content, and whose bytes are known beforehand.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnFile {
    /// The path on the disc.
    pub path: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// The bytes may hold values of variables.
impl fmt::Debug for OwnFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnFile({:?}, {} bytes)", self.path, self.bytes.len())
    }
}
