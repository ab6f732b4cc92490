//! From a plan to a published set.

use std::collections::HashMap;
use std::path::PathBuf;

use content::Digest;
use plan::SetDraft;
use sha2::{Digest as _, Sha256};
use wim::{Late, LatePart, PartedLayout, Sha1};

use crate::Error;
use crate::checksum::WithSha1;
use crate::compose::{DiscImage, wim_late};
use crate::hash_cache::HashCache;
use crate::image_file::ImageFile;
use crate::media::{
    LateFile, content_lines, disc_lines, encode_lines, encode_media, media_manifest, set_digest,
};
use crate::output::{OutputLock, OutputPaths};
use crate::plan_media::MediaPlan;
use crate::progress::{Cancel, Progress};
use crate::replaced::Replaced;
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
    assert!(plan.is_exact(), "a plan is staged before it is carried out");
    let lock = OutputLock::take(output)?;
    let count = plan.file_count;
    lock.check_targets(count)?;
    let replaced = Replaced::look(output, count)?;
    let partial: Vec<PathBuf> = (1..=count).map(|file| output.partial(file)).collect();
    let mut images = Vec::with_capacity(partial.len());
    let mut patched = Vec::new();
    let mut wim = None;
    let files = plan.files(scan);
    for disc in 0..plan.span.discs.len() {
        let DiscImage { images: of_disc_images, patched: of_disc, wim: of_wim } =
            plan.disc_image(scan, disc)?;
        images.extend(of_disc_images);
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
    let written = match output.are_parts() {
        true => vec![ImageFile::open_parts(&partial)?],
        false => partial.iter().map(|path| ImageFile::open(path)).collect::<Result<_, _>>()?,
    };
    let verified = verify::opened(&written, verify, cancel, progress)?;
    if let Some(finding) = verified.findings.first() {
        return Err(Error::Integrity(format!("the image just written is wrong: {finding}")));
    }
    cancel.check()?;
    let new = &verified.discs.first().expect("a set that is right has a disc").manifest;
    let removed = replaced.stale(output, count, new);
    let paths = lock.publish(count, &removed, || {
        writer.keep();
    })?;
    Ok(BuildReport { set, paths, removed, methods, verified })
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
    layout: &PartedLayout<MediaBlob>,
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
    for (part, Late { header, tables }) in layout.encode_late(&digests).iter().enumerate() {
        writer.write_late(wim_late(part, LatePart::Tables), tables)?;
        writer.write_late(wim_late(part, LatePart::Header), header)?;
    }
    Ok(())
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
