//! From a definition to the plan of its discs. Nothing is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use content::documents::{PolicyDocument, PolicySequence, PrestartCommand};
use content::{
    BlobId, Catalog, CatalogObject, ContentGraph, ContentId, ContentLocation, MediaDefinition,
    MediaType, Need, ObjectKind, Oversize, ResolvedMedia,
};
use image::{ByteCount, Image};
use jiff::Timestamp;
use plan::{Medium as _, SpanError, SpanPlan};

use crate::certificate::MediaCertificate;
use crate::compose::{ComposeError, DiscImage, Format, SetMedium, fat_file_max};
use crate::hash_cache::HashCache;
use crate::media::{
    BootTree, ContentFacts, ManifestSizes, MediaFacts, NetworkFacts, OwnFiles, StagedFacts,
    capture_sequence, check_staged_image, own_files,
};
use crate::password::Password;
use crate::scan::Scan;
use crate::second_partition::{SecondContent, second_contents};
use crate::split_wims::{SplitWims, split_wims};
use crate::{Error, Nanoseconds};

/// A definition with everything that was found for it.
#[derive(Clone, Copy, Debug)]
pub struct Resolved<'a> {
    /// The definition.
    pub definition: &'a MediaDefinition,
    /// What it needs.
    pub media: &'a ResolvedMedia,
    /// What all definitions of the run need.
    pub graph: &'a ContentGraph,
    /// What the site has.
    pub catalog: &'a Catalog,
    /// The site's code.
    pub site_code: &'a str,
}

/// What a definition names and does not hold.
#[derive(Debug, Default)]
pub struct MediaSecrets {
    /// What protects the task sequence and the variables.
    pub password: Option<Password>,
    /// The certificate by which the media make themselves known.
    pub certificate: Option<MediaCertificate>,
    /// Certificates of authorities, in DER form.
    pub root_certificates: Vec<Vec<u8>>,
}

/// A set as it will be: its discs, and what makes their images.
#[derive(Debug)]
pub struct MediaPlan {
    /// What the images are.
    pub format: Format,
    /// Which bytes lie on which disc, and why.
    pub span: SpanPlan,
    /// What people decided.
    pub facts: MediaFacts,
    /// What the firmware starts.
    pub boot: BootTree,
    /// The files that belong to no content.
    pub own: OwnFiles,
    /// The lengths of the manifests.
    pub sizes: ManifestSizes,
    /// The WIMs that are on the media in parts.
    pub wims: SplitWims,
    /// The contents that lie on the second partition of a stick.
    pub second: Vec<SecondContent>,
    /// How many files are written: one a disc, or the parts of a WIM.
    pub file_count: u32,
    order: Vec<u32>,
    part_size: Option<ByteCount>,
    /// Their positions in the index, ascending.
    on_second: Vec<u32>,
}

/// The contents of a run and where they lie: what the scan has to list.
pub fn locations(graph: &ContentGraph, catalog: &Catalog) -> Vec<(ContentId, ContentLocation)> {
    let located = |id: &ContentId| Some((id.clone(), catalog.locations.get(id)?.clone()));
    graph.contents.keys().filter_map(located).collect()
}

/// The newest modification time of the files that a set holds: the time that its media bear when
/// nobody says another.
fn newest(scan: &Scan, contents: &[&ContentId]) -> Timestamp {
    let held = scan.index.contents.iter().zip(&scan.newest);
    let held = held.filter(|(content, _)| contents.contains(&&content.id));
    let newest = held.filter_map(|(_, newest)| *newest).max();
    let seconds = newest.unwrap_or(Nanoseconds(0)).0.div_euclid(1_000_000_000);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Plans the media of one definition.
///
/// `created` is the time that the media bear where the definition says none; without it, that of
/// the newest file. `staging` is the folder of exported WIMs. Where one of them is yet to be made,
/// sizes are the most that they can be ([`MediaPlan::is_exact`]).
pub fn plan_media(
    resolved: &Resolved<'_>,
    scan_of_run: &Scan,
    secrets: MediaSecrets,
    created: Option<Timestamp>,
    staging: &Path,
    cache: &HashCache,
) -> Result<MediaPlan, Error> {
    let (output, scan) = (&resolved.definition.output, scan_of_run);
    let format = Format::of(output);
    let boot = match &resolved.media.boot_image {
        Some(id) => BootTree::find(scan, id, format)?,
        None => BootTree::default(),
    };
    let order = order(scan, &resolved.media.needs);
    let second = match (format, output.oversize) {
        (Format::Fat32(_), Oversize::SecondPartition) => {
            second_contents(scan, &order, fat_file_max(output.part_size))
        }
        _ => Vec::new(),
    };
    let mut on_second: Vec<u32> = second.iter().map(|content| content.content).collect();
    on_second.sort_unstable();
    let mut facts = facts(resolved, scan, secrets, created);
    for known in &mut facts.contents {
        let is_it = |position: &u32| scan.index.contents[*position as usize].id == known.id;
        known.on_second_partition = on_second.iter().any(is_it);
    }
    if let (Some(staged), Some(image)) = (&mut facts.staged, &resolved.definition.image) {
        check_staged_image(scan, staged, image.index)?;
    }
    let own = own_files(&facts);
    let draft = Draft { format, facts, boot, own, second, order, on_second };
    draft.plan(resolved, scan, staging, cache)
}

/// A set of which all is known but where its files lie.
struct Draft {
    format: Format,
    facts: MediaFacts,
    boot: BootTree,
    own: OwnFiles,
    second: Vec<SecondContent>,
    order: Vec<u32>,
    on_second: Vec<u32>,
}

impl Draft {
    fn plan(
        self,
        resolved: &Resolved<'_>,
        scan_of_run: &Scan,
        staging: &Path,
        cache: &HashCache,
    ) -> Result<MediaPlan, Error> {
        let Self { format, facts, boot, own, second, order, on_second } = self;
        let (output, scan) = (&resolved.definition.output, scan_of_run);
        // A stick is one: what does not fit it goes onto no other.
        let capacity = output.size.bytes().filter(|_| format == Format::Iso);
        let part_size = output.part_size;
        let medium = SetMedium {
            format,
            facts: &facts,
            boot: &boot,
            own: &own,
            capacity,
            part_size,
            order: &order,
            second: &on_second,
        };
        let wims = match format {
            // On the second partition WIMs are whole, and on the first one short enough.
            Format::Fat32(_) if output.oversize != Oversize::SecondPartition => {
                split_wims(scan, &order, medium.max_file(), staging, cache)?
            }
            Format::Fat32(_) | Format::Iso | Format::Wim => SplitWims::default(),
        };
        let scan = wims.scan.as_ref().unwrap_or(scan);
        if output.oversize == Oversize::Refuse && matches!(format, Format::Fat32(_)) {
            refuse_oversize(scan, &order, medium.max_file())?;
        }
        let mut span =
            plan::span(&scan.index, &resolved.media.needs, &medium).map_err(span_error)?;
        if !wims.are_staged() {
            span.discs.iter_mut().for_each(|disc| disc.bytes += SMALLER_CLUSTERS);
        }
        let placements = span.placements(&scan.index);
        let draft = plan::SetDraft {
            index: &scan.index,
            contents: &span.contents,
            placements: &placements,
        };
        let sizes = ManifestSizes::measure(&facts, &boot, &own, &draft);
        let file_count = span.discs.len() as u32;
        let mut plan = MediaPlan {
            format,
            span,
            facts,
            boot,
            own,
            sizes,
            wims,
            second,
            file_count,
            order,
            part_size,
            on_second,
        };
        if format == Format::Wim && part_size.is_some() {
            plan.file_count = plan.disc_image(scan_of_run, 0)?.images.len() as u32;
        }
        if let (Format::Fat32(_), Some(holds)) = (format, output.size.bytes()) {
            plan.check_stick(scan_of_run, holds)?;
        }
        Ok(plan)
    }
}

/// By how much an image with fewer bytes in its files can be longer: the FATs of a volume of nearly
/// 8, 16 or 32 GiB have twice the entries of those of a larger one, which are 8 MiB more; and it
/// ends at a multiple of 1 MiB.
const SMALLER_CLUSTERS: ByteCount = ByteCount(16 << 20);

/// Fails if a file is longer than FAT32 can hold, and names each.
fn refuse_oversize(scan: &Scan, order: &[u32], max: ByteCount) -> Result<(), Error> {
    let contents = order.iter().map(|&position| &scan.index.contents[position as usize]);
    let files = contents.flat_map(|content| content.files.iter().map(move |file| (content, file)));
    let long = files.filter(|(_, file)| scan.index.size(file) > max);
    let named = long.map(|(content, file)| {
        format!("`{}` of content {} ({} bytes)", file.path, content.id, scan.index.size(file))
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        return Ok(());
    }
    Err(Error::Oversize(format!("the stick holds no file over {max} bytes: {}", named.join(", "))))
}

fn order(scan: &Scan, needs: &[Need]) -> Vec<u32> {
    let position = |need: &Need| {
        let found = scan.index.contents.binary_search_by(|content| content.id.cmp(&need.content));
        found.ok().map(|position| position as u32)
    };
    needs.iter().filter_map(position).collect()
}

fn span_error(error: SpanError<ComposeError>) -> Error {
    match error {
        SpanError::Medium(error) => compose_error(error),
        error => Error::DoesNotFit(error.to_string()),
    }
}

fn compose_error(error: ComposeError) -> Error {
    let (limit, text) = (error.limit(), error.to_string());
    match error {
        ComposeError::Wim(wim::LayoutError::PartTooSmall { .. }) => Error::DoesNotFit(text),
        _ => Error::Layout { limit, reason: text },
    }
}

fn facts(
    resolved: &Resolved<'_>,
    scan: &Scan,
    secrets: MediaSecrets,
    created: Option<Timestamp>,
) -> MediaFacts {
    let Resolved { definition, media, graph, catalog, site_code } = *resolved;
    let name = |id: &ContentId| graph.content_name(id).to_owned();
    let ids: Vec<&ContentId> =
        media.needs.iter().map(|need| &need.content).chain(&media.boot_image).collect();
    let contents = media.needs.iter().map(|need| {
        let known = graph.contents.get(&need.content);
        ContentFacts {
            id: need.content.clone(),
            kind: known.map_or("package", |content| content.kind).to_owned(),
            name: name(&need.content),
            version: known.map_or(1, |content| content.source_version),
            on_second_partition: false,
        }
    });
    let customization = &definition.customization;
    MediaFacts {
        media_type: definition.media_type,
        label: definition.label.clone(),
        created: definition.output.timestamp.or(created).unwrap_or_else(|| newest(scan, &ids)),
        unattended: definition.unattended,
        autorun: definition.output.autorun,
        password: secrets.password,
        valid_from: definition.security.valid_from,
        valid_until: definition.security.valid_until,
        site_code: site_code.to_owned(),
        policy: policy(definition, media, catalog),
        boot_image: media.boot_image.as_ref().map(|id| (id.clone(), name(id))),
        variables: customization.variables.clone().into_iter().collect(),
        prestart: customization.prestart.as_ref().map(|prestart| PrestartCommand {
            command: prestart.command.clone(),
            package: prestart.package.clone(),
        }),
        contents: contents.collect(),
        staged: staged(definition),
        network: network(definition, secrets.certificate, secrets.root_certificates),
    }
}

/// What the media tell a target of the site.
fn policy(
    definition: &MediaDefinition,
    media: &ResolvedMedia,
    catalog: &Catalog,
) -> PolicyDocument {
    let boot_image = &media.boot_image;
    let sequence = |id: &ContentId| {
        let entry = catalog.task_sequences.get(id)?;
        let (name, document) = (catalog.sequence_name(id), without_declaration(entry));
        Some(PolicySequence { id: id.clone(), name, boot_image: boot_image.clone(), document })
    };
    let platform = boot_image.as_ref().and_then(|id| match catalog.objects.get(id)?.kind {
        ObjectKind::BootImage { platform, .. } => Some(platform),
        _ => None,
    });
    let sequences: Vec<PolicySequence> = match definition.media_type {
        MediaType::Prestaged => Vec::new(),
        MediaType::Capture => vec![capture_sequence(boot_image.clone(), platform)],
        MediaType::StandAlone | MediaType::Bootable => {
            media.sequences.iter().filter_map(sequence).collect()
        }
    };
    if sequences.is_empty() {
        return PolicyDocument::default();
    }
    let objects = media.objects.iter().filter_map(|id| catalog.objects.get(id));
    let is_told = |object: &&CatalogObject| {
        matches!(object.kind, ObjectKind::Package { .. } | ObjectKind::Application(_))
    };
    PolicyDocument {
        sequences,
        objects: objects.filter(is_told).map(CatalogObject::for_target).collect(),
    }
}

/// What is noted on prestaged media.
fn staged(definition: &MediaDefinition) -> Option<StagedFacts> {
    let image = definition.image.as_ref()?;
    let notes = &definition.properties;
    Some(StagedFacts {
        os_image: image.os_image.clone(),
        index: image.index.unwrap_or(1),
        created_by: notes.created_by.clone(),
        version: notes.version.clone(),
        comment: notes.comment.clone(),
    })
}

/// How media that ask a management point find it.
fn network(
    definition: &MediaDefinition,
    certificate: Option<MediaCertificate>,
    root_certificates: Vec<Vec<u8>>,
) -> Option<NetworkFacts> {
    let asks = matches!(definition.media_type, MediaType::Bootable | MediaType::Prestaged);
    asks.then(|| NetworkFacts {
        management: definition.network.management,
        management_points: definition.network.management_points.clone(),
        unknown_computers: definition.security.unknown_computers,
        user_device_affinity: definition.security.user_device_affinity,
        certificate,
        root_certificates,
    })
}

/// The policy holds several documents, and a declaration may stand only at the start of one.
fn without_declaration(entry: &content::SequenceEntry) -> String {
    let text = entry.sequence.to_xml();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let body = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or(text, |(_, body)| body),
        None => text,
    };
    body.trim().to_owned()
}

impl MediaPlan {
    /// Whether the sizes are what they will be; if not, they are at least as large, because a WIM
    /// is yet to be exported ([`MediaPlan::stage`]).
    pub fn is_exact(&self) -> bool {
        self.wims.are_staged()
    }

    /// Makes the exports of WIMs that are not there, makes sure of those that are, and plans anew
    /// where there are others now. The plan is exact then.
    #[cfg(feature = "wim")]
    pub fn stage(
        self,
        resolved: &Resolved<'_>,
        scan: &Scan,
        staging: &Path,
        cache: &HashCache,
        stager: &mut crate::staging::Stager<'_>,
    ) -> Result<Self, Error> {
        let mut is_other = false;
        for export in self.wims.unsure() {
            is_other |= stager.provide(export)?;
        }
        if !is_other {
            return Ok(self);
        }
        let Self { format, facts, boot, own, second, order, on_second, .. } = self;
        let draft = Draft { format, facts, boot, own, second, order, on_second };
        let plan = draft.plan(resolved, scan, staging, cache)?;
        if let Some(export) = plan.wims.missing().next() {
            // Somebody empties the folder while it is in use.
            return Err(Error::Changed { path: export.target.clone() });
        }
        Ok(plan)
    }

    /// Fails if the image is longer than the stick. While only the most is known that it can have,
    /// what counts is the files that are known: it is at least as long as they.
    fn check_stick(&self, of_run: &Scan, holds: ByteCount) -> Result<(), Error> {
        let text = if self.is_exact() {
            let bytes = self.bytes();
            (bytes > holds).then(|| format!("the image has {bytes} bytes"))
        } else {
            let bytes = self.known_bytes(of_run);
            (bytes > holds).then(|| format!("its files have {bytes} bytes"))
        };
        match text {
            Some(text) => Err(Error::DoesNotFit(format!("{text}, the stick holds {holds}"))),
            None => Ok(()),
        }
    }

    /// The bytes of all files but those that stand for parts of WIMs.
    fn known_bytes(&self, of_run: &Scan) -> ByteCount {
        let index = &self.files(of_run).index;
        let contents = self.order.iter().map(|&position| &index.contents[position as usize]);
        let blobs = contents.flat_map(|content| content.files.iter().map(|file| file.blob));
        // Parts are blobs that the run did not find.
        let found = blobs.filter(|blob| (blob.0 as usize) < of_run.index.blobs.len());
        let found: BTreeSet<BlobId> = found.collect();
        found.into_iter().map(|blob| index.blob(blob).size).sum()
    }

    /// The files that the media hold: those of the run, but for WIMs in parts.
    pub fn files<'a>(&'a self, of_run: &'a Scan) -> &'a Scan {
        self.wims.scan.as_ref().unwrap_or(of_run)
    }

    fn medium(&self) -> SetMedium<'_> {
        SetMedium {
            format: self.format,
            facts: &self.facts,
            boot: &self.boot,
            own: &self.own,
            capacity: None,
            part_size: self.part_size,
            order: &self.order,
            second: &self.on_second,
        }
    }

    /// Lays the image of a disc out. `disc` is its position in the plan.
    pub fn disc_image(&self, of_run: &Scan, disc: usize) -> Result<DiscImage, Error> {
        let scan = self.files(of_run);
        let medium = self.medium();
        let plan = &self.span.discs[disc];
        let trees = medium.trees(&plan.draft(&scan.index), &self.sizes).map_err(compose_error)?;
        let disc = medium.image(trees, plan.number).map_err(compose_error)?;
        let len = disc.images.iter().map(Image::len).sum::<ByteCount>();
        let fits = plan.capacity.is_none_or(|capacity| len <= capacity);
        assert!(fits, "the planner measured the same tree with the same code");
        Ok(disc)
    }

    /// The sum of the sizes of all images.
    pub fn bytes(&self) -> ByteCount {
        self.span.discs.iter().map(|disc| disc.bytes).sum()
    }

    /// The paths of the images.
    pub fn paths(&self, output: &crate::output::OutputPaths) -> Vec<PathBuf> {
        (1..=self.file_count).map(|file| output.disc(file, self.file_count)).collect()
    }
}
