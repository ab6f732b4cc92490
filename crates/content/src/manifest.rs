//! What lies on the media: `media.json` and the manifests of contents and discs.
//!
//! A manifest has one JSON object a line. The digests have a fixed width and the number of sums
//! follows from a file's size, so a manifest's length is known before they are: encode it with
//! [`Digest::UNKNOWN`] and [`StripeSums::unknown`] and count.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::{ContentId, Digest, StripeSums};

/// The name that [`MediaManifest::format`] has.
pub const MEDIA_FORMAT: &str = "tsmedia-media";
/// The version of `media.json` and the manifests of media that lie on one partition.
pub const MEDIA_VERSION: u32 = 1;
/// That of media of which a content lies on another: what knows no more than the first version
/// would look for it in vain, and refuses these.
pub const MEDIA_VERSION_PARTITIONS: u32 = 2;
/// The partition with the contents that the first one cannot hold.
pub const SECOND_PARTITION: u32 = 2;

/// The document `SMS/data/media.json`: this disc, its set, and the digest of everything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaManifest {
    /// Always [`MEDIA_FORMAT`].
    pub format: String,
    /// [`MEDIA_VERSION`], or [`MEDIA_VERSION_PARTITIONS`] where a content says its partition.
    pub version: u32,
    /// The set: the same on each of its discs, another for any other content or definition.
    pub set: Digest,
    /// Which disc this is, from 1 on.
    pub disc: u32,
    /// How many discs the set has.
    pub discs: u32,
    /// The media type as in a definition: `stand-alone`.
    #[serde(rename = "type")]
    pub media_type: String,
    /// The label.
    pub label: String,
    /// When it was made, in UTC: `2026-11-21T09:00:00Z`.
    pub created: String,
    /// The media do not start before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    /// The media do not start after this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// The task sequence to run and its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_sequence: Option<NamedId>,
    /// What is noted on prestaged media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prestaged: Option<ManifestPrestaged>,
    /// The boot image on disc 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_image: Option<NamedId>,
    /// Every content of the set, in the order in which the steps need them.
    pub contents: Vec<ManifestContent>,
    /// For each disc of the set the digest of its `SMS/data/disc<n>.jsonl`, which lists the files of
    /// that disc that belong to no content.
    pub disc_manifests: Vec<Digest>,
}

/// The OS image on prestaged media, and who made them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestPrestaged {
    /// The OS image's content.
    pub os_image: ContentId,
    /// Which image of its WIM is meant, from 1 on.
    pub index: u32,
    /// Who made the media.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// Their version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Anything else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// An id and the name that people know it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedId {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
}

/// A content of the set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestContent {
    /// Its id: the folder below `SMS/PKG` and the name of its manifest.
    pub id: ContentId,
    /// What it is: `package`, `application`, `driver-package`, `os-image`, ….
    pub kind: String,
    /// The name that people know it by.
    pub name: String,
    /// The source version.
    pub version: u32,
    /// How many files it has.
    pub files: u64,
    /// The sum of their sizes in bytes.
    pub bytes: u64,
    /// The digest of `SMS/data/content/<id>.jsonl`.
    pub manifest_sha256: Digest,
    /// The discs that hold it, ascending.
    pub discs: Vec<u32>,
    /// The partition of its disc that holds it, where that is not the first: 2, which has exFAT.
    /// All other files of the media lie on the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<u32>,
}

impl MediaManifest {
    /// The version that a document with these contents has.
    pub fn version_of(contents: &[ManifestContent]) -> u32 {
        match contents.iter().any(|content| content.partition.is_some()) {
            true => MEDIA_VERSION_PARTITIONS,
            false => MEDIA_VERSION,
        }
    }
}

/// A line of a manifest: a file, or an empty directory, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestLine {
    /// In the manifest of a content, the path below the content's root; in the manifest of a
    /// disc, below the disc's root. The path of an empty directory ends with `/`.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// The digest of the whole file; for a directory, of nothing.
    pub sha256: Digest,
    /// What says where a wrong file is wrong. Absent for what has no bytes and for a file that is
    /// cut, whose parts have their own.
    #[serde(default, skip_serializing_if = "StripeSums::is_empty")]
    pub crc32: StripeSums,
    /// The disc that holds the whole file under its own name: `SMS/PKG/<id>/<path>`. Absent for a
    /// file that is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disc: Option<u32>,
    /// The pieces of a file that is cut, in the order of their offsets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ManifestPart>,
}

/// A piece of a file that is too large for a disc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestPart {
    /// The disc that holds the piece.
    pub disc: u32,
    /// Its path on that disc.
    pub path: String,
    /// Where in the file it starts.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
    /// Their digest.
    pub sha256: Digest,
    /// What says where a wrong piece is wrong.
    pub crc32: StripeSums,
}

impl ManifestLine {
    /// Writes the line and its line feed.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// The path of a content's manifest on every disc of its set.
pub fn content_manifest_path(id: &ContentId) -> String {
    format!("SMS/data/content/{id}.jsonl")
}

/// The path of the manifest of disc `disc`, on every disc of its set.
pub fn disc_manifest_path(disc: u32) -> String {
    format!("SMS/data/disc{disc}.jsonl")
}

/// The path of a content's file on the disc that holds it whole.
pub fn content_file_path(id: &ContentId, path: &str) -> String {
    format!("SMS/PKG/{id}/{path}")
}

/// The path of piece `part` (from 0 on) of file number `file` (its place in the manifest, from 0
/// on) of a content.
pub fn part_path(id: &ContentId, file: usize, part: usize) -> String {
    format!("SMS/data/parts/{id}/{file}.{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(partition: Option<u32>) -> ManifestContent {
        ManifestContent {
            id: "P0100200".parse().expect("because it is an id"),
            kind: "package".to_owned(),
            name: "Package".to_owned(),
            version: 1,
            files: 1,
            bytes: 1,
            manifest_sha256: Digest::UNKNOWN,
            discs: vec![1],
            partition,
        }
    }

    #[test]
    fn a_partition_is_said_and_gives_another_version_only_where_it_is_not_the_first() {
        let first = content(None);
        let text = serde_json::to_string(&first).unwrap();
        assert!(!text.contains("partition"), "{text}");
        assert_eq!(serde_json::from_str::<ManifestContent>(&text).unwrap(), first);
        let second = content(Some(SECOND_PARTITION));
        let text = serde_json::to_string(&second).unwrap();
        assert!(text.ends_with(r#""discs":[1],"partition":2}"#), "{text}");
        assert_eq!(MediaManifest::version_of(std::slice::from_ref(&first)), MEDIA_VERSION);
        assert_eq!(MediaManifest::version_of(&[first, second]), MEDIA_VERSION_PARTITIONS);
    }
}
