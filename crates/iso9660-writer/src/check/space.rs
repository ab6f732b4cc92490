use super::tree::Tree;
use super::{Checker, rules};
use crate::read::bytes::le16;
use crate::read::iso::SECTOR;
use crate::read::source::Window;
use crate::read::udf::tag::{self, Tag};

/// What a stretch of the image is used for. One byte, because there are millions of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    Data,
    VolumeDescriptors,
    PathTable,
    IsoDirectory,
    RockRidgeContinuation,
    RecognitionSequence,
    UdfDescriptor,
    UdfAnchor,
    UdfEndAnchor,
    UdfDirectory,
    UdfFileEntry,
    BootCatalog,
    Mbr,
    Gpt,
    BackupGpt,
}

impl Use {
    /// Whether it belongs behind the file data.
    fn is_at_end(self) -> bool {
        matches!(self, Self::UdfEndAnchor | Self::BackupGpt)
    }
}

impl std::fmt::Display for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Data => "file data",
            Self::VolumeDescriptors => "volume descriptors",
            Self::PathTable => "path table",
            Self::IsoDirectory => "ISO 9660 directory",
            Self::RockRidgeContinuation => "Rock Ridge continuation",
            Self::RecognitionSequence => "volume recognition sequence",
            Self::UdfDescriptor => "UDF descriptor",
            Self::UdfAnchor => "UDF anchor",
            Self::UdfEndAnchor => "UDF end anchor",
            Self::UdfDirectory => "UDF directory",
            Self::UdfFileEntry => "UDF file entry",
            Self::BootCatalog => "boot catalog",
            Self::Mbr => "MBR",
            Self::Gpt => "GPT",
            Self::BackupGpt => "backup GPT",
        })
    }
}

/// A stretch of the image that something uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) by: Use,
}

impl Claim {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.len)
    }
}

/// How far 7-Zip looks for the end anchor behind the last file data, in blocks.
const END_ANCHOR_DISTANCE_MAX: u64 = 1024;

impl Checker<'_> {
    pub(super) fn claim(&mut self, by: Use, offset: u64, len: u64) {
        self.claims.push(Claim { offset, len, by });
    }

    /// Claims the extents of all files of a tree; those that another tree or file has claimed are
    /// kept once.
    pub(super) fn claim_files(&mut self, tree: &Tree) {
        for file in tree.files() {
            let extents = tree.extents(file).iter();
            self.claims.extend(extents.map(|extent| Claim {
                offset: extent.offset,
                len: extent.len,
                by: Use::Data,
            }));
        }
        self.claims.sort_unstable();
        // Files share extents, structures do not.
        self.claims.dedup_by(|a, b| a == b && a.by == Use::Data);
    }

    /// Checks that claims are apart or equal, and that what nobody claims is zero.
    pub(super) fn check_space(&mut self, trees: &[Tree], end_anchor: Option<u64>) {
        let mut claims = std::mem::take(&mut self.claims);
        claims.sort_unstable();
        self.check_overlaps(&claims, trees);
        self.check_order(&claims, trees, end_anchor);
        self.check_gaps(&claims);
    }

    fn check_overlaps(&mut self, claims: &[Claim], trees: &[Tree]) {
        // Of the claims so far, the one that reaches furthest.
        let mut furthest: Option<Claim> = None;
        for &claim in claims {
            let before = furthest.filter(|before| before.end() > claim.offset);
            if let Some(before) = before {
                let rule = match (before.by, claim.by) {
                    (Use::Data, Use::Data) => rules::EXTENT_OVERLAP,
                    (Use::Data, _) | (_, Use::Data) => rules::DATA_IN_METADATA,
                    _ => rules::METADATA_OVERLAP,
                };
                let message = format!("{} and {} overlap", described(&before), described(&claim));
                let of_data = if claim.by == Use::Data { claim } else { before };
                self.report.add_at(rule, claim.offset, || owner(trees, &of_data), message);
            }
            if furthest.is_none_or(|before| before.end() < claim.end()) {
                furthest = Some(claim);
            }
        }
    }

    fn check_order(&mut self, claims: &[Claim], trees: &[Tree], end_anchor: Option<u64>) {
        let data = || claims.iter().filter(|claim| claim.by == Use::Data);
        let alignment = self.options.data_alignment.max(1);
        for claim in data().filter(|claim| !claim.offset.is_multiple_of(alignment)) {
            let message = format!("file data starts at no multiple of {alignment}");
            let path = || owner(trees, claim);
            self.report.add_at(rules::DATA_ALIGNMENT, claim.offset, path, message);
        }
        let (Some(first), Some(end_anchor)) = (data().next(), end_anchor) else { return };
        for claim in claims.iter().filter(|claim| claim.offset > first.offset) {
            if claim.by != Use::Data && !claim.by.is_at_end() {
                let message =
                    format!("{} lies behind file data at byte {}", claim.by, first.offset);
                self.report.add(rules::METADATA_AFTER_DATA, claim.offset, message);
            }
        }
        let data_end = data().map(Claim::end).max().unwrap_or(0).next_multiple_of(SECTOR);
        let blocks = end_anchor.saturating_sub(data_end) / SECTOR;
        if blocks > END_ANCHOR_DISTANCE_MAX {
            let message = format!("{blocks} blocks between the last file data and the end anchor");
            self.report.add(rules::UDF_END_ANCHOR, end_anchor, message);
        }
    }

    fn check_gaps(&mut self, claims: &[Claim]) {
        let image = self.image;
        let mut window = Window::new(image);
        let mut at = 0u64;
        let mut behind_data = false;
        for claim in claims {
            let slack =
                behind_data && claim.offset <= at.next_multiple_of(self.options.data_alignment);
            if claim.offset > at && (self.options.slack || !slack) {
                self.check_gap(&mut window, at, claim.offset.min(image.len()));
            }
            behind_data = claim.by == Use::Data;
            at = at.max(claim.end());
        }
        self.check_gap(&mut window, at, image.len());
    }

    fn check_gap(&mut self, window: &mut Window<'_>, start: u64, end: u64) {
        let mut at = start;
        while at < end {
            let sector_end = (at / SECTOR + 1) * SECTOR;
            let len = (sector_end.min(end) - at) as usize;
            let bytes = match window.get("gap", at, len) {
                Ok(bytes) => bytes,
                Err(error) => {
                    self.report.add_error(rules::UNREADABLE, String::new, &error.into());
                    return;
                }
            };
            if let Some(dirty) = bytes.iter().position(|&byte| byte != 0) {
                let descriptor = at.is_multiple_of(SECTOR) && looks_like_descriptor(bytes);
                if descriptor {
                    let message = format!("a descriptor with tag {} leads nowhere", le16(bytes, 0));
                    self.report.add(rules::UDF_UNREACHABLE, at, message);
                } else {
                    let message = format!("byte {:#04x} where nothing is", bytes[dirty]);
                    self.report.add(rules::GAP_NOT_ZERO, at + dirty as u64, message);
                }
            }
            at += len as u64;
        }
    }
}

fn looks_like_descriptor(bytes: &[u8]) -> bool {
    bytes.len() >= tag::TAG_LEN && Tag::check(bytes, le16(bytes, 0)).is_ok()
}

fn described(claim: &Claim) -> String {
    format!("{} at bytes {} to {}", claim.by, claim.offset, claim.end())
}

/// The path of the first file with this extent. Only asked for faults that are kept.
fn owner(trees: &[Tree], claim: &Claim) -> String {
    let is_owner = |tree: &Tree, file| {
        tree.extents(file)
            .iter()
            .any(|extent| (extent.offset, extent.len) == (claim.offset, claim.len))
    };
    trees
        .iter()
        .find_map(|tree| tree.files().find(|&file| is_owner(tree, file)).map(|f| tree.path(f)))
        .unwrap_or_default()
}
