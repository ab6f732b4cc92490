//! The manifests of a set, with digests or, to know their lengths, without.

use std::io::{self, Write};
use std::sync::Arc;

use content::manifest::{
    MEDIA_FORMAT, ManifestContent, ManifestLine, ManifestPart, ManifestPrestaged, MediaManifest,
    NamedId, SECOND_PARTITION, content_manifest_path, disc_manifest_path, part_path,
};
use content::{BlobId, ContentIndex, Digest, StripeSums};
use image::ByteOffset;
use plan::{Placement, Placements, SetDraft};
use sha2::{Digest as _, Sha256};

use super::{BootTree, MediaFacts, OwnFiles};
use crate::checksum::{Checksum, WithSha1};
use crate::write::{Digests, LateId};

/// A file whose bytes depend on the digests of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateFile {
    /// The manifest of the content at this position of the index.
    Content(u32),
    /// The manifest of a disc.
    Disc(u32),
    /// `media.json` of a disc.
    Media(u32),
}

impl LateFile {
    /// Its id in images.
    pub fn id(self) -> LateId {
        match self {
            Self::Content(position) => LateId(position),
            Self::Disc(disc) => LateId(0x8000_0000 | disc),
            Self::Media(disc) => LateId(0xc000_0000 | disc),
        }
    }

    /// Its path on a disc.
    pub fn path(self, index: &ContentIndex) -> String {
        match self {
            Self::Content(position) => content_manifest_path(&index.contents[position as usize].id),
            Self::Disc(disc) => disc_manifest_path(disc),
            Self::Media(_) => "SMS/data/media.json".to_owned(),
        }
    }
}

/// The lengths of the manifests of a set.
///
/// Two are equal if the manifests take equally many blocks: then they leave equally much room.
#[derive(Clone, Debug)]
pub struct ManifestSizes {
    /// Of each content (position in the index) of the set.
    pub contents: Vec<(u32, u64)>,
    /// Of each disc.
    pub discs: Vec<u64>,
    /// Of each disc's `media.json`.
    pub media: Vec<u64>,
}

/// Where digests come from; without one every digest is [`Digest::UNKNOWN`], which is as long.
pub type KnownDigests<'a> = Option<&'a Digests>;

fn whole(digests: KnownDigests<'_>, blob: BlobId) -> Digest {
    digests.and_then(|digests| digests.whole(blob)).unwrap_or(Digest::UNKNOWN)
}

fn stripes(digests: KnownDigests<'_>, blob: BlobId, size: u64) -> StripeSums {
    digests.map_or_else(|| StripeSums::unknown(size), |digests| digests.stripes(blob))
}

fn part(
    digests: KnownDigests<'_>,
    blob: BlobId,
    offset: ByteOffset,
    len: u64,
) -> (Digest, StripeSums) {
    match digests.and_then(|digests| digests.part(blob, offset)) {
        Some(known) => (known.digest, known.stripes.clone()),
        None => (Digest::UNKNOWN, StripeSums::unknown(len)),
    }
}

/// The lines of a content's manifest.
pub fn content_lines<'a>(
    index: &'a ContentIndex,
    placements: &'a Placements,
    position: u32,
    digests: KnownDigests<'a>,
) -> impl Iterator<Item = ManifestLine> + 'a {
    let content = &index.contents[position as usize];
    let files = content.files.iter().enumerate().map(move |(number, file)| {
        let size = index.size(file).0;
        let mut line = ManifestLine {
            path: file.path.to_string(),
            size,
            sha256: whole(digests, file.blob),
            crc32: StripeSums::default(),
            disc: None,
            parts: Vec::new(),
        };
        match placements.file(position, number as u32) {
            Some(Placement::Whole(disc)) => {
                line.disc = Some(disc);
                line.crc32 = stripes(digests, file.blob, size);
            }
            Some(Placement::Cut(parts)) => {
                line.parts = parts
                    .iter()
                    .map(|placed| {
                        let (sha256, crc32) = part(digests, file.blob, placed.offset, placed.len.0);
                        ManifestPart {
                            disc: placed.disc,
                            path: part_path(&content.id, number, placed.part as usize),
                            offset: placed.offset.0,
                            length: placed.len.0,
                            sha256,
                            crc32,
                        }
                    })
                    .collect();
            }
            None => {}
        }
        line
    });
    let first_disc = placements.discs_of(position).first().copied();
    let directories = content.empty_directories.iter().map(move |path| ManifestLine {
        path: format!("{path}/"),
        size: 0,
        sha256: Digest(Sha256::digest([]).into()),
        crc32: StripeSums::default(),
        disc: first_disc,
        parts: Vec::new(),
    });
    files.chain(directories)
}

/// The lines of a disc's manifest: its own files and, on disc 1, the boot tree.
pub fn disc_lines<'a>(
    index: &'a ContentIndex,
    boot: &'a BootTree,
    own: &'a OwnFiles,
    disc: u32,
    digests: KnownDigests<'a>,
    patched: &'a [(String, Arc<[u8]>)],
) -> impl Iterator<Item = ManifestLine> + 'a {
    let line = move |path: &str, size: u64, sha256: Digest, crc32: StripeSums| ManifestLine {
        path: path.to_owned(),
        size,
        sha256,
        crc32,
        disc: Some(disc),
        parts: Vec::new(),
    };
    let own = own.of_disc(disc).map(move |file| {
        let Checksum { digest, stripes, .. } = Checksum::of(&file.bytes, WithSha1::No);
        line(&file.path, file.bytes.len() as u64, digest, stripes)
    });
    let tree = boot.content.as_ref().filter(|_| disc == 1).and_then(|id| index.content(id));
    let files = tree.into_iter().flat_map(move |_| {
        boot.files.iter().map(move |file| {
            let size = index.size(file).0;
            let Checksum { digest, stripes, .. } =
                match patched.iter().find(|(path, _)| **path == *file.path) {
                    Some((_, bytes)) => Checksum::of(bytes, WithSha1::No),
                    None => Checksum {
                        digest: whole(digests, file.blob),
                        stripes: stripes(digests, file.blob, size),
                        sha1: None,
                    },
                };
            line(&file.path, size, digest, stripes)
        })
    });
    let directories = tree.into_iter().flat_map(move |content| {
        let nothing = Digest(Sha256::digest([]).into());
        let directory = move |path| line(&format!("{path}/"), 0, nothing, StripeSums::default());
        content.empty_directories.iter().map(directory)
    });
    own.chain(files).chain(directories)
}

/// Writes the lines of a manifest.
pub fn encode_lines(
    lines: impl Iterator<Item = ManifestLine>,
    out: &mut impl Write,
) -> io::Result<()> {
    for line in lines {
        line.write(out)?;
    }
    Ok(())
}

/// The document `media.json` of disc `disc`. `set` is the digest of [`set_digest`].
pub fn media_manifest(
    facts: &MediaFacts,
    index: &ContentIndex,
    set: &SetDraft<'_>,
    manifests: &[Digest],
    disc_manifests: &[Digest],
    set_id: Digest,
    disc: u32,
) -> MediaManifest {
    let contents = set.contents.iter().zip(&facts.contents).zip(manifests);
    let contents: Vec<ManifestContent> = contents
        .map(|((&position, facts), digest)| {
            let content = &index.contents[position as usize];
            ManifestContent {
                id: facts.id.clone(),
                kind: facts.kind.clone(),
                name: facts.name.clone(),
                version: facts.version,
                files: content.files.len() as u64,
                bytes: index.content_bytes(content).0,
                manifest_sha256: *digest,
                discs: set.placements.discs_of(position).to_vec(),
                partition: facts.on_second_partition.then_some(SECOND_PARTITION),
            }
        })
        .collect();
    MediaManifest {
        format: MEDIA_FORMAT.to_owned(),
        version: MediaManifest::version_of(&contents),
        set: set_id,
        disc,
        discs: set.placements.disc_count(),
        media_type: facts.media_type.as_str().to_owned(),
        label: facts.label.clone(),
        created: facts.created.to_string(),
        valid_from: facts.valid_from.map(|moment| moment.to_string()),
        valid_until: facts.valid_until.map(|moment| moment.to_string()),
        task_sequence: facts
            .policy
            .sequences
            .first()
            .map(|sequence| NamedId { id: sequence.id.to_string(), name: sequence.name.clone() }),
        prestaged: facts.staged.as_ref().map(|staged| ManifestPrestaged {
            os_image: staged.os_image.clone(),
            index: staged.index,
            created_by: staged.created_by.clone(),
            version: staged.version.clone(),
            comment: staged.comment.clone(),
        }),
        boot_image: facts
            .boot_image
            .as_ref()
            .map(|(id, name)| NamedId { id: id.to_string(), name: name.clone() }),
        contents,
        disc_manifests: disc_manifests.to_vec(),
    }
}

/// The id of a set: the digest of everything that its discs have in common.
pub fn set_digest(of_disc_1: &MediaManifest) -> Digest {
    let common = MediaManifest { set: Digest::UNKNOWN, disc: 0, ..of_disc_1.clone() };
    Digest(Sha256::digest(encode_media(&common)).into())
}

/// The bytes of `media.json`.
pub fn encode_media(manifest: &MediaManifest) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(manifest).expect("the document has text keys and no floats");
    bytes.push(b'\n');
    bytes
}

impl PartialEq for ManifestSizes {
    fn eq(&self, other: &Self) -> bool {
        self.blocks().eq(other.blocks())
    }
}

impl ManifestSizes {
    fn blocks(&self) -> impl Iterator<Item = u64> + '_ {
        let contents = self.contents.iter().map(|(_, len)| len);
        contents.chain(&self.discs).chain(&self.media).map(|len| len.div_ceil(2048))
    }

    /// Counts what the encoders write for a set.
    pub fn measure(
        facts: &MediaFacts,
        boot: &BootTree,
        own: &OwnFiles,
        set: &SetDraft<'_>,
    ) -> Self {
        let (index, discs) = (set.index, set.placements.disc_count());
        let content = |position: u32| {
            let lines = content_lines(index, set.placements, position, None);
            (position, count(lines))
        };
        let manifests = vec![Digest::UNKNOWN; set.contents.len()];
        let disc_manifests = vec![Digest::UNKNOWN; discs as usize];
        let media = |disc: u32| {
            let unknown = Digest::UNKNOWN;
            let manifest =
                media_manifest(facts, index, set, &manifests, &disc_manifests, unknown, disc);
            encode_media(&manifest).len() as u64
        };
        let disc = |disc: u32| count(disc_lines(index, boot, own, disc, None, &[]));
        Self {
            contents: set.contents.iter().map(|&position| content(position)).collect(),
            discs: (1..=discs).map(disc).collect(),
            media: (1..=discs).map(media).collect(),
        }
    }

    /// The late files of a disc and their lengths.
    ///
    /// A disc that the measured set did not have yet is taken for as large as the last.
    pub fn of_disc(&self, disc: u32) -> impl Iterator<Item = (LateFile, u64)> + '_ {
        let at = (disc as usize).min(self.media.len()).saturating_sub(1);
        let media = self.media.get(at).map(|&len| (LateFile::Media(disc), len));
        let discs = self.discs.iter().zip(1..).map(|(&len, disc)| (LateFile::Disc(disc), len));
        let contents =
            self.contents.iter().map(|&(position, len)| (LateFile::Content(position), len));
        contents.chain(discs).chain(media)
    }
}

fn count(lines: impl Iterator<Item = ManifestLine>) -> u64 {
    let mut counter = Counter(0);
    encode_lines(lines, &mut counter).expect("counting does not fail");
    counter.0
}

struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
