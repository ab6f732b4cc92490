//! What differs between two sets of media.

use std::collections::BTreeMap;

use content::manifest::{ManifestContent, ManifestLine, MediaManifest, content_manifest_path};
use content::{ContentId, Digest};

use crate::Error;
use crate::image_file::ImageFile;
use crate::verify::{manifest_lines, read_media_manifest};

/// What differs, in the order in which a person would ask.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Facts of the media: what they are called, the old value, the new one.
    pub facts: Vec<(&'static str, String, String)>,
    /// Contents by their ids.
    pub contents: BTreeMap<ContentId, ContentChange>,
}

/// What became of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentChange {
    /// Only the new media have it.
    Added {
        /// How many bytes it has.
        bytes: u64,
    },
    /// Only the old media have it.
    Removed {
        /// How many bytes it had.
        bytes: u64,
    },
    /// Both have it.
    Changed {
        /// The source versions.
        versions: (u32, u32),
        /// The discs that hold it.
        discs: (Vec<u32>, Vec<u32>),
        /// The partitions of those.
        partitions: (u32, u32),
        /// Files that only the new one has.
        added: Vec<String>,
        /// Files that only the old one has.
        removed: Vec<String>,
        /// Files with other bytes.
        changed: Vec<String>,
        /// The sum of the sizes of the files that are new or have other bytes.
        new_bytes: u64,
    },
}

impl Difference {
    /// Whether the media are the same.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.contents.is_empty()
    }
}

/// Compares two sets by one disc of each: every disc has the manifests of its whole set.
pub fn diff(old: &ImageFile, new: &ImageFile) -> Result<Difference, Error> {
    let (old_media, new_media) = (read_media_manifest(old)?, read_media_manifest(new)?);
    let mut difference =
        Difference { facts: facts(&old_media, &new_media), contents: BTreeMap::new() };
    let by_id = |media: &MediaManifest| -> BTreeMap<ContentId, ManifestContent> {
        media.contents.iter().map(|content| (content.id.clone(), content.clone())).collect()
    };
    let (before, mut after) = (by_id(&old_media), by_id(&new_media));
    for (id, was) in before {
        let change = match after.remove(&id) {
            None => Some(ContentChange::Removed { bytes: was.bytes }),
            Some(is) if is == was => None,
            Some(is) => Some(changed((old, &was), (new, &is))?),
        };
        if let Some(change) = change {
            difference.contents.insert(id, change);
        }
    }
    for (id, content) in after {
        difference.contents.insert(id, ContentChange::Added { bytes: content.bytes });
    }
    Ok(difference)
}

fn facts(old: &MediaManifest, new: &MediaManifest) -> Vec<(&'static str, String, String)> {
    let named = |named: &Option<content::manifest::NamedId>| {
        named.as_ref().map_or(String::new(), |named| format!("{} {}", named.id, named.name))
    };
    let moment = |moment: &Option<String>| moment.clone().unwrap_or_default();
    let all = [
        ("type", old.media_type.clone(), new.media_type.clone()),
        ("label", old.label.clone(), new.label.clone()),
        ("made", old.created.clone(), new.created.clone()),
        ("discs", old.discs.to_string(), new.discs.to_string()),
        ("valid from", moment(&old.valid_from), moment(&new.valid_from)),
        ("valid until", moment(&old.valid_until), moment(&new.valid_until)),
        ("task sequence", named(&old.task_sequence), named(&new.task_sequence)),
        ("boot image", named(&old.boot_image), named(&new.boot_image)),
        ("boot files, policy and variables", text(&old.disc_manifests), text(&new.disc_manifests)),
    ];
    all.into_iter().filter(|(_, old, new)| old != new).collect()
}

/// The digests of a set's disc manifests stand for the files that belong to no content.
fn text(digests: &[Digest]) -> String {
    let digests: Vec<String> =
        digests.iter().map(|digest| digest.to_string()[..12].into()).collect();
    digests.join(" ")
}

type Side<'a> = (&'a ImageFile, &'a ManifestContent);

fn changed(old: Side<'_>, new: Side<'_>) -> Result<ContentChange, Error> {
    let lines = |(image, content): Side<'_>| -> Result<BTreeMap<String, ManifestLine>, Error> {
        let path = content_manifest_path(&content.id);
        let lines = manifest_lines(image, &path, content.manifest_sha256)?;
        Ok(lines.into_iter().map(|line| (line.path.clone(), line)).collect())
    };
    let (before, mut after) = (lines(old)?, lines(new)?);
    let (mut removed, mut changed, mut new_bytes) = (Vec::new(), Vec::new(), 0);
    for (path, was) in before {
        match after.remove(&path) {
            None => removed.push(path),
            Some(is) if is.sha256 != was.sha256 => {
                new_bytes += is.size;
                changed.push(path);
            }
            Some(_) => {}
        }
    }
    new_bytes += after.values().map(|line| line.size).sum::<u64>();
    Ok(ContentChange::Changed {
        versions: (old.1.version, new.1.version),
        discs: (old.1.discs.clone(), new.1.discs.clone()),
        partitions: (old.1.partition.unwrap_or(1), new.1.partition.unwrap_or(1)),
        added: after.into_keys().collect(),
        removed,
        changed,
        new_bytes,
    })
}
