//! From what lies on a disc to the tree of its files.

use std::sync::Arc;

use content::{Output, OutputKind, PartitionTable};
use exfat_writer::ExfatOptions;
use fat32_writer::{FatOptions, PartitionKind, Partitioning, SecondPartition};
use image::{ByteCount, ByteOffset, FileData, FileTree, Image, PathError, TreeProblem, ValidTree};
use iso9660_writer::IsoOptions;
use plan::{DiscDraft, Medium, SetDraft};
use thiserror::Error;
use wim::{Facts, Filetime, Guid, ImageTexts, LatePart, PartedLayout, PlannedImage, WimOptions};

use crate::LayoutLimit;
use crate::media::{BootTree, ManifestSizes, MediaFacts, OwnFiles};
use crate::write::{LateId, MediaBlob};

/// Why a disc's files cannot become an image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// A path that no tree can hold.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Names that cannot stand beside each other.
    #[error("{}", problems(.0))]
    Tree(Vec<TreeProblem>),
    /// What ISO 9660 or UDF cannot hold.
    #[error(transparent)]
    Iso(#[from] iso9660_writer::LayoutError),
    /// What FAT32 cannot hold.
    #[error(transparent)]
    Fat(#[from] fat32_writer::LayoutError),
    /// What exFAT cannot hold.
    #[error(transparent)]
    Exfat(#[from] exfat_writer::LayoutError),
    /// What a WIM cannot hold.
    #[error(transparent)]
    Wim(#[from] wim::LayoutError),
}

impl ComposeError {
    /// What has to change so that the files can become an image.
    pub fn limit(&self) -> LayoutLimit {
        use exfat_writer::LayoutError as Exfat;
        use fat32_writer::{LayoutError as Fat, Limit};
        use iso9660_writer::LayoutError as Iso;
        use wim::LayoutError as Wim;
        match self {
            Self::Tree(problems) => tree_limit(problems),
            Self::Fat(Fat::Tree(problems)) => match problems.first().map(|problem| problem.why) {
                Some(Limit::FileTooLong { .. }) => LayoutLimit::FileLengths,
                Some(Limit::DirectoryTooLarge { .. }) => LayoutLimit::Folders,
                _ => LayoutLimit::Names,
            },
            Self::Exfat(Exfat::Tree(problems)) => match problems.first().map(|found| found.why) {
                Some(exfat_writer::Limit::DirectoryTooLarge { .. }) => LayoutLimit::Folders,
                _ => LayoutLimit::Names,
            },
            Self::Path(_) | Self::Iso(Iso::Names(_)) | Self::Wim(Wim::Names(_)) => {
                LayoutLimit::Names
            }
            Self::Iso(Iso::FilesTooLong(_)) => LayoutLimit::FileLengths,
            Self::Iso(Iso::TooManyDirectories { .. } | Iso::DirectoryTooLarge { .. })
            | Self::Wim(Wim::TreeTooLarge { .. }) => LayoutLimit::Folders,
            Self::Iso(Iso::ImageTooLarge { .. })
            | Self::Fat(Fat::TooManyClusters { .. } | Fat::VolumeTooLarge(_))
            | Self::Exfat(Exfat::TooManyClusters { .. })
            | Self::Wim(Wim::TooLarge { .. }) => LayoutLimit::Size,
            Self::Iso(Iso::TimeOutOfRange(_))
            | Self::Fat(Fat::TimeOutOfRange(_))
            | Self::Exfat(Exfat::TimeOutOfRange(_)) => LayoutLimit::Time,
            Self::Iso(Iso::VolumeLabel { .. })
            | Self::Fat(Fat::VolumeLabel { .. } | Fat::PartitionName { .. })
            | Self::Exfat(Exfat::VolumeLabel { .. })
            | Self::Wim(Wim::ControlCharacter { .. }) => LayoutLimit::Label,
            Self::Iso(Iso::BootImage { .. }) => LayoutLimit::BootFile,
            _ => LayoutLimit::Options,
        }
    }
}

/// Contents lie in folders of their own: what meets a file of the media is of the boot image.
fn tree_limit(problems: &[TreeProblem]) -> LayoutLimit {
    match problems.first() {
        Some(TreeProblem::Duplicate { .. }) => LayoutLimit::Taken,
        Some(TreeProblem::CaseCollision { .. }) => LayoutLimit::Cases,
        Some(TreeProblem::ControlCharacter { .. }) | None => LayoutLimit::Names,
    }
}

/// How many problems a message lists.
const SHOWN_MAX: usize = 10;

fn problems(problems: &[TreeProblem]) -> String {
    let mut texts: Vec<String> = problems.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    if problems.len() > SHOWN_MAX {
        texts.push(format!("and {} more", problems.len() - SHOWN_MAX));
    }
    texts.join("; ")
}

/// The file system of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ISO 9660 and UDF, for discs and, as it is, for sticks.
    Iso,
    /// FAT32 in a partition, for sticks; where contents lie on a second one, that has exFAT.
    Fat32(PartitionTable),
    /// A WIM, for disks in the factory.
    Wim,
}

impl Format {
    /// What an output of a definition is written as.
    pub fn of(output: &Output) -> Self {
        match output.kind {
            OutputKind::Usb => Self::Fat32(output.partition_table),
            OutputKind::Iso => Self::Iso,
            OutputKind::Wim => Self::Wim,
        }
    }
}

/// Images with the files of one set.
#[derive(Debug)]
pub struct SetMedium<'a> {
    /// What the images are.
    pub format: Format,
    /// What people decided.
    pub facts: &'a MediaFacts,
    /// What the firmware starts.
    pub boot: &'a BootTree,
    /// The files that belong to no content.
    pub own: &'a OwnFiles,
    /// How much a disc holds.
    pub capacity: Option<ByteCount>,
    /// How long a part of a WIM may be.
    pub part_size: Option<ByteCount>,
    /// The contents (positions in the index) in the order of first use.
    pub order: &'a [u32],
    /// Those of them that lie on the second partition of a stick, ascending.
    pub second: &'a [u32],
}

/// The files of a disc.
#[derive(Debug)]
pub struct DiscTrees {
    /// Those of the disc, or of its first partition.
    pub first: ValidTree<MediaBlob>,
    /// Those of its second partition, if it has one.
    pub second: Option<ValidTree<MediaBlob>>,
}

/// Where data lies on a disc: what starts the computer, then manifests, then contents in the order
/// of first use.
mod rank {
    pub const BOOT: u32 = 0;
    pub const OWN: u32 = 1;
    pub const LATE: u32 = 2;
    pub const CONTENT: u32 = 3;
}

impl SetMedium<'_> {
    /// The files of a disc.
    pub fn trees(
        &self,
        disc: &DiscDraft<'_>,
        sizes: &ManifestSizes,
    ) -> Result<DiscTrees, ComposeError> {
        let (mut tree, mut second) = (FileTree::new(), FileTree::new());
        let is_second = |content: u32| self.second.binary_search(&content).is_ok();
        if disc.number == 1 {
            self.add_boot_tree(&mut tree, disc)?;
        }
        for file in self.own.of_disc(disc.number) {
            tree.add_file_ranked(&file.path, FileData::Bytes(file.bytes()), rank::OWN)?;
        }
        for (late, len) in sizes.of_disc(disc.number) {
            let data = FileData::blob(MediaBlob::Late(late.id()), ByteCount(len));
            tree.add_file_ranked(&late.path(disc.index), data, rank::LATE)?;
        }
        let mut ranks = vec![u32::MAX; disc.index.contents.len()];
        for (&position, rank) in self.order.iter().zip(rank::CONTENT..) {
            ranks[position as usize] = rank;
        }
        for (&position, content) in disc.starts.iter().zip(disc.starting()) {
            let tree = if is_second(position) { &mut second } else { &mut tree };
            tree.add_directory(&format!("SMS/PKG/{}", content.id))?;
            for path in &content.empty_directories {
                tree.add_directory(&format!("SMS/PKG/{}/{path}", content.id))?;
            }
        }
        for piece in disc.pieces {
            let blob = MediaBlob::Content(piece.file(disc.index).blob);
            let data = FileData::Blob { blob, offset: piece.offset, len: piece.len };
            let rank = ranks[piece.content as usize];
            let tree = if is_second(piece.content) { &mut second } else { &mut tree };
            tree.add_file_ranked(&piece.path(disc.index), data, rank)?;
        }
        let valid = |tree: FileTree<_>| tree.validate().map_err(ComposeError::Tree);
        let second = (!self.second.is_empty()).then(|| valid(second)).transpose()?;
        Ok(DiscTrees { first: valid(tree)?, second })
    }

    fn add_boot_tree(
        &self,
        tree: &mut FileTree<MediaBlob>,
        disc: &DiscDraft<'_>,
    ) -> Result<(), ComposeError> {
        let content = self.boot.content.as_ref().and_then(|id| disc.index.content(id));
        let Some(content) = content else { return Ok(()) };
        for path in &content.empty_directories {
            tree.add_directory(path)?;
        }
        // Only on a disc do boot files hold the place where they lie.
        let bios = self.boot.boot.bios.as_ref().filter(|_| self.format == Format::Iso);
        let bios = bios.map(|bios| bios.image.as_str());
        for file in &self.boot.files {
            let data = match self.boot.patched.get(&file.blob) {
                Some(bytes) if bios == Some(&*file.path) => FileData::Bytes(bytes.clone()),
                _ => FileData::blob(MediaBlob::Content(file.blob), disc.index.size(file)),
            };
            tree.add_file_ranked(&file.path, data, rank::BOOT)?;
        }
        Ok(())
    }

    /// Lays the image of disc `number` out.
    pub fn image(&self, trees: DiscTrees, number: u32) -> Result<DiscImage, ComposeError> {
        let DiscTrees { first: tree, second } = trees;
        Ok(match self.format {
            Format::Iso => {
                let layout = iso9660_writer::layout(tree, &self.iso_options(number))?;
                let path = |(node, bytes)| (layout.tree().path(node), bytes);
                let patched = layout.patched_files().into_iter().map(path).collect();
                DiscImage { patched, ..DiscImage::of(layout.into_image()) }
            }
            Format::Fat32(table) => {
                let layout =
                    fat32_writer::layout(tree, &self.fat_options(table, second.as_ref())?)?;
                let start = layout.second_partition();
                let image = layout.into_image();
                DiscImage::of(match (second, start) {
                    (Some(tree), Some(start)) => {
                        let layout = exfat_writer::layout(tree, &self.exfat_options(start))?;
                        let joined = image.with_inner(start, layout.into_image());
                        joined.expect("because the partition has the length that was measured")
                    }
                    _ => image,
                })
            }
            Format::Wim => {
                let layout = self.wim_layout(tree)?;
                let late = |part| move |late| MediaBlob::Late(wim_late(part, late));
                let images = (0..layout.count()).map(|part| layout.image(part, late(part)));
                DiscImage { images: images.collect(), patched: Vec::new(), wim: Some(layout) }
            }
        })
    }

    fn wim_layout(
        &self,
        tree: ValidTree<MediaBlob>,
    ) -> Result<PartedLayout<MediaBlob>, ComposeError> {
        let created = Filetime::from_unix_seconds(self.facts.created.as_second());
        let staged = self.facts.staged.as_ref();
        let image = PlannedImage {
            tree: Arc::new(tree),
            facts: Facts::Uniform(created),
            texts: ImageTexts {
                name: self.facts.label.clone(),
                description: staged.map(|staged| staged.comment.clone()).unwrap_or_default(),
                ..ImageTexts::default()
            },
        };
        // It is data for a disk; what starts from there is the boot image in it.
        let options = WimOptions { guid: Guid(self.facts.serial("wim")), created, boot_index: 0 };
        let layout = wim::layout(vec![image], &options)?;
        Ok(match self.part_size {
            Some(max) => layout.parted(max)?,
            None => layout.whole(),
        })
    }

    /// A number of 32 bits that only these media have for this purpose.
    fn number(&self, purpose: &str) -> u32 {
        let serial = self.facts.serial(purpose);
        u32::from_le_bytes([serial[0], serial[1], serial[2], serial[3]])
    }

    fn fat_options(
        &self,
        table: PartitionTable,
        second: Option<&ValidTree<MediaBlob>>,
    ) -> Result<FatOptions, ComposeError> {
        // How long a volume is does not depend on where it lies.
        let of_second = |tree| exfat_writer::measure(tree, &self.exfat_options(ByteOffset::ZERO));
        let second_len = second.map(of_second).transpose()?;
        let name = volume_label(&self.facts.label);
        Ok(FatOptions {
            volume_label: fat32_writer::names::label_of(&self.facts.label),
            serial: self.number("volume"),
            created: fat_time(self.facts.created.as_second()),
            partitioning: match table {
                PartitionTable::Mbr => Partitioning::Mbr { disk_signature: self.number("disk") },
                PartitionTable::Gpt => Partitioning::Gpt {
                    kind: PartitionKind::EfiSystem,
                    name: name.clone(),
                    id: self.facts.serial("disk"),
                },
            },
            bios_boot: self.boot.grub.clone(),
            second_partition: second_len.map(|len| SecondPartition { len, name }),
            ..FatOptions::default()
        })
    }

    /// What the volume that starts there on its disk holds besides its files.
    fn exfat_options(&self, start: ByteOffset) -> ExfatOptions {
        ExfatOptions {
            volume_label: exfat_writer::names::label_of(&self.facts.label),
            serial: self.number("second volume"),
            created: exfat_writer::Timestamp(fat_time(self.facts.created.as_second()).0),
            partition_offset: start.0 / image::partition::SECTOR,
            ..ExfatOptions::default()
        }
    }

    /// What the image of disc `number` holds besides its files.
    fn iso_options(&self, number: u32) -> IsoOptions {
        let first = number == 1;
        IsoOptions {
            volume_label: volume_label(&self.facts.label),
            created: iso9660_writer::Timestamp(self.facts.created.as_second()),
            serial: self.facts.serial(&format!("disc {number}")),
            publisher: String::new(),
            data_preparer: String::new(),
            application: "TSMEDIA".to_owned(),
            boot: if first { self.boot.boot.clone() } else { Default::default() },
            hybrid: first && self.boot.starts_as_disk(),
            ..IsoOptions::default()
        }
    }
}

/// The image of a disc.
pub struct DiscImage {
    /// Where each byte comes from; several images are the parts of a WIM.
    pub images: Vec<Image<MediaBlob>>,
    /// The paths and bytes of files that differ from their content's: those that hold the place of
    /// the boot image in the volume.
    pub patched: Vec<(String, Arc<[u8]>)>,
    /// What makes the late parts of a WIM.
    pub wim: Option<PartedLayout<MediaBlob>>,
}

impl DiscImage {
    fn of(image: Image<MediaBlob>) -> Self {
        Self { images: vec![image], patched: Vec::new(), wim: None }
    }
}

/// The id of what holds digests in a part of a WIM, of which the first has number 0.
pub fn wim_late(part: usize, late: LatePart) -> LateId {
    let place = match late {
        LatePart::Header => 1,
        LatePart::Tables => 0,
    };
    // A WIM has at most 65,535 parts, and no late file of a set has such a number.
    LateId(u32::MAX - (part as u32 * 2 + place))
}

/// The time, or the nearest that FAT32 holds: content may be older than 1980, and a wrong clock
/// ahead of 2107.
fn fat_time(seconds: i64) -> fat32_writer::Timestamp {
    const LAST: i64 = 4_354_819_198;
    fat32_writer::Timestamp(seconds.clamp(fat32_writer::Timestamp::default().0, LAST))
}

/// As much of a label as a volume holds: 32 UTF-16 units, whole characters.
fn volume_label(label: &str) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= 32
    };
    label.chars().take_while(fits).collect()
}

/// How long a content's file may be on FAT32: as long as the file system holds, or less where the
/// definition says so.
pub(crate) fn fat_file_max(part_size: Option<ByteCount>) -> ByteCount {
    part_size.map_or(fat32_writer::FILE_LEN_MAX, |max| max.min(fat32_writer::FILE_LEN_MAX))
}

impl Medium for SetMedium<'_> {
    type Error = ComposeError;
    type SetSizes = ManifestSizes;

    fn capacity(&self) -> Option<ByteCount> {
        self.capacity
    }

    fn max_file(&self) -> ByteCount {
        match self.format {
            // UDF file entries describe 234 short allocation descriptors of 1 GiB − 2 KiB.
            Format::Iso => iso9660_writer::FILE_LEN_MAX,
            Format::Fat32(_) if self.second.is_empty() => fat_file_max(self.part_size),
            // What FAT32 cannot hold lies on the second partition, and whole.
            Format::Fat32(_) => exfat_writer::FILE_LEN_MAX,
            // A WIM is one file itself, and no longer than one of ext4.
            Format::Wim => ByteCount(16 << 40),
        }
    }

    fn measure_set(&self, set: &SetDraft<'_>) -> Result<ManifestSizes, ComposeError> {
        Ok(ManifestSizes::measure(self.facts, self.boot, self.own, set))
    }

    fn measure(
        &self,
        disc: &DiscDraft<'_>,
        sizes: &ManifestSizes,
    ) -> Result<ByteCount, ComposeError> {
        let DiscTrees { first: tree, second } = self.trees(disc, sizes)?;
        Ok(match self.format {
            Format::Iso => iso9660_writer::measure(&tree, &self.iso_options(disc.number))?,
            Format::Fat32(table) => {
                fat32_writer::measure(&tree, &self.fat_options(table, second.as_ref())?)?
            }
            Format::Wim => {
                let layout = self.wim_layout(tree)?;
                (0..layout.count()).map(|part| layout.len(part)).sum()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_holds_whole_characters_of_a_label() {
        assert_eq!(volume_label("Windows 11"), "Windows 11");
        assert_eq!(volume_label(&"x".repeat(40)), "x".repeat(32));
        assert_eq!(volume_label(&"🙂".repeat(17)), "🙂".repeat(16));
        assert_eq!(volume_label(&format!("x{}", "🙂".repeat(17))), format!("x{}", "🙂".repeat(15)));
    }
}
