//! From a plan to a published set.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use content::Digest;
use content::manifest::MediaManifest;
use plan::SetDraft;
use sha2::{Digest as _, Sha256};
use wim::{Late, LatePart, Sha1, WimLayout};

use crate::Error;
use crate::checksum::WithSha1;
use crate::compose::{DiscImage, wim_part};
use crate::hash_cache::HashCache;
use crate::image_file::ImageFile;
use crate::media::{
    LateFile, content_lines, disc_lines, encode_lines, encode_media, media_manifest, set_digest,
};
use crate::output::{OutputLock, OutputPaths};
use crate::plan_media::MediaPlan;
use crate::progress::{Cancel, Progress};
use crate::scan::Scan;
use crate::verify::{self, VerifyDepth, VerifyReport};
use crate::write::{Digests, LateId, MediaBlob, MethodBytes, WriteContext, Writer};

/// A set that was built and took its place.
#[derive(Debug)]
pub struct BuildReport {
    /// The set's id.
    pub set: Digest,
    /// The images, disc 1 first.
    pub paths: Vec<PathBuf>,
    /// Images of an older set that are gone.
    pub removed: Vec<PathBuf>,
    /// How the bytes came into the images.
    pub methods: MethodBytes,
    /// What the verification read.
    pub verified: VerifyReport,
}

/// What a build works with besides the plan.
#[derive(Clone, Copy)]
pub struct BuildContext<'a> {
    /// Digests of earlier runs; takes those of this one.
    pub cache: &'a HashCache,
    /// Asked between pieces of work.
    pub cancel: &'a Cancel,
    /// Told what happens.
    pub progress: &'a dyn Progress,
    /// How much is read back before the set takes its place.
    pub verify: VerifyDepth,
}

/// Writes a set, reads it back, and puts it in the place of what is at `output`.
///
/// Until the last step nothing there is touched; after an error nothing new is there. Digests that
/// were learnt on the way go into the scan's index, so that a later set of the same run reads those
/// files once less.
pub fn build(
    plan: &MediaPlan,
    scan: &mut Scan,
    output: &OutputPaths,
    context: &BuildContext<'_>,
) -> Result<BuildReport, Error> {
    let lock = OutputLock::take(output)?;
    let discs = plan.span.discs.len() as u32;
    lock.check_targets(discs)?;
    check_replaceable(output, discs)?;
    let partial: Vec<PathBuf> = (1..=discs).map(|disc| output.partial(disc)).collect();
    let mut images = Vec::with_capacity(plan.span.discs.len());
    let mut patched = Vec::new();
    let mut wim = None;
    let files = plan.files(scan);
    for disc in 0..plan.span.discs.len() {
        let DiscImage { image, patched: of_disc, wim: of_wim } = plan.disc_image(scan, disc)?;
        images.push(image);
        patched.extend(of_disc);
        wim = wim.or(of_wim);
    }
    let mut writer = Writer::create(images, &partial, files)?;
    let BuildContext { cache, cancel, progress, verify } = *context;
    let with_sha1 = if wim.is_some() { WithSha1::Yes } else { WithSha1::No };
    let digests =
        writer.write_data(&WriteContext { scan: files, cache, cancel, progress, with_sha1 })?;
    let mut late = LateFiles { writer: &mut writer, with_sha1, sha1: HashMap::new() };
    let set = write_manifests(plan, files, &digests, &patched, &mut late)?;
    if let Some(layout) = wim {
        let late = late.sha1;
        write_wim_parts(&layout, &digests, &late, &mut writer)?;
    }
    let methods = writer.finish()?;
    // What reading back takes comes on top of all that is held.
    remember(scan, digests);
    // What cannot be written now is told when the run ends; until then it is held.
    let _ = cache.flush();
    cancel.check()?;
    let verified = verify::images(&partial, verify, cancel, progress)?;
    if let Some(finding) = verified.findings.first() {
        return Err(Error::Integrity(format!("the image just written is wrong: {finding}")));
    }
    cancel.check()?;
    let new = &verified.discs.first().expect("a set that is right has a disc").manifest;
    let removed = stale(output, new);
    let paths = lock.publish(discs, &removed, || {
        writer.keep();
    })?;
    Ok(BuildReport { set, paths, removed, methods, verified })
}

/// Makes sure that nothing but media of ours is replaced: whoever mistypes a path must not lose
/// what is there, and neither a disc of other media that has such a name.
fn check_replaceable(output: &OutputPaths, discs: u32) -> Result<(), Error> {
    for disc in 1..=discs {
        let path = output.disc(disc, discs);
        let is_empty = fs::metadata(&path).map_or(true, |there| there.len() == 0);
        let number = Some(disc).filter(|_| discs > 1);
        let manifest = |path| ImageFile::open(path).and_then(|i| verify::read_media_manifest(&i));
        if !is_empty && !manifest(&path).is_ok_and(|old| is_disc(&old, number)) {
            let message = match number {
                None => "is there and is no media of one disc that a build has made; remove it, \
                         or choose another `output.path`"
                    .to_owned(),
                Some(disc) => format!(
                    "is there and is not disc {disc} of a set that a build has made; remove it, \
                     or choose another `output.path`"
                ),
            };
            return Err(Error::Input { path, message });
        }
    }
    Ok(())
}

/// Images of an older set of the same media that the new one does not replace. Whatever else has
/// such a name stays: no media of ours, or those of another definition.
fn stale(output: &OutputPaths, new: &MediaManifest) -> Vec<PathBuf> {
    let replaced = |number: &Option<u32>| match number {
        None => new.discs == 1,
        Some(disc) => new.discs > 1 && (1..=new.discs).contains(disc),
    };
    let found = output.numbered().into_iter().filter(|(number, _)| !replaced(number));
    let stale = found.filter(|(number, path)| {
        let old = ImageFile::open(path).and_then(|image| verify::read_media_manifest(&image));
        old.is_ok_and(|old| is_disc(&old, *number) && same_media(&old, new))
    });
    stale.map(|(_, path)| path).collect()
}

/// Whether this is the disc that a build gave a name with this number, or without one.
fn is_disc(manifest: &MediaManifest, number: Option<u32>) -> bool {
    let MediaManifest { disc, discs, .. } = *manifest;
    match number {
        None => disc == 1 && discs == 1,
        Some(number) => disc == number && discs > 1 && (1..=discs).contains(&number),
    }
}

/// Whether two sets were made for the same purpose, as far as media say it.
fn same_media(old: &MediaManifest, new: &MediaManifest) -> bool {
    let sequence =
        |manifest: &MediaManifest| manifest.task_sequence.as_ref().map(|named| named.id.clone());
    old.media_type == new.media_type && old.label == new.label && sequence(old) == sequence(new)
}

/// Late files on their way, and the digests by which a WIM names them.
struct LateFiles<'a> {
    writer: &'a mut Writer,
    with_sha1: WithSha1,
    sha1: HashMap<LateId, Sha1>,
}

impl LateFiles<'_> {
    fn write(&mut self, file: LateFile, bytes: &[u8]) -> Result<(), Error> {
        if self.with_sha1 == WithSha1::Yes {
            self.sha1.insert(file.id(), Sha1::of(bytes));
        }
        self.writer.write_late(file.id(), bytes)
    }
}

/// Writes what names everything else in a WIM by its digest.
fn write_wim_parts(
    layout: &WimLayout<MediaBlob>,
    digests: &Digests,
    late: &HashMap<LateId, Sha1>,
    writer: &mut Writer,
) -> Result<(), Error> {
    let digests = layout.digests(|blob, _, _| {
        let known = match blob {
            MediaBlob::Content(blob) => digests.sha1(blob),
            MediaBlob::Late(id) => late.get(&id).copied(),
        };
        known.expect("whatever is in the image has been read or written by now")
    });
    let Late { header, tables } = layout.encode_late(&digests);
    writer.write_late(wim_part(LatePart::Tables), &tables)?;
    writer.write_late(wim_part(LatePart::Header), &header)
}

fn write_manifests(
    plan: &MediaPlan,
    scan: &Scan,
    digests: &Digests,
    patched: &[(String, std::sync::Arc<[u8]>)],
    late: &mut LateFiles<'_>,
) -> Result<Digest, Error> {
    let index = &scan.index;
    let placements = plan.span.placements(index);
    let set = SetDraft { index, contents: &plan.span.contents, placements: &placements };
    let known = Some(digests);
    let mut bytes = Vec::new();
    let mut manifests = Vec::with_capacity(set.contents.len());
    for &position in set.contents {
        bytes.clear();
        let lines = content_lines(index, &placements, position, known);
        encode_lines(lines, &mut bytes).expect("writing to memory does not fail");
        manifests.push(sha256(&bytes));
        late.write(LateFile::Content(position), &bytes)?;
    }
    let mut disc_manifests = Vec::with_capacity(plan.span.discs.len());
    let discs = placements.disc_count();
    for disc in 1..=discs {
        bytes.clear();
        let lines = disc_lines(index, &plan.boot, &plan.own, disc, known, patched);
        encode_lines(lines, &mut bytes).expect("writing to memory does not fail");
        disc_manifests.push(sha256(&bytes));
        late.write(LateFile::Disc(disc), &bytes)?;
    }
    let media = |set_id: Digest, disc: u32| {
        media_manifest(&plan.facts, index, &set, &manifests, &disc_manifests, set_id, disc)
    };
    let set_id = set_digest(&media(Digest::UNKNOWN, 1));
    for disc in 1..=discs {
        late.write(LateFile::Media(disc), &encode_media(&media(set_id, disc)))?;
    }
    Ok(set_id)
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// Lets a later set of the same run know what this one read.
fn remember(scan: &mut Scan, digests: Digests) {
    for (id, blob) in (0..).map(content::BlobId).zip(&mut scan.index.blobs) {
        if let Some(digest) = digests.whole(id) {
            blob.digest = Some(digest);
            blob.digest_checked = true;
        }
    }
}
