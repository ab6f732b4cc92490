//! Where everything of an uncompressed WIM lies: trees → positions.
//!
//! The order in the file: header, the blobs, the metadata of each image, the blob table, the XML
//! data. Every blob and all metadata start at multiples of 4096, so that file systems can share the
//! blocks of a blob with its source instead of copying them; the holes between are zeros, and legal,
//! as a WIM's resources lie wherever the blob table says.

mod error;
mod late;
mod names;
mod parted;
mod plan;
mod xml;

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use image::{ByteCount, ByteOffset, Extent, FileData, Image, NodeId, Source, ValidTree};

use crate::Filetime;
use crate::format::{Guid, HEADER_SIZE, Sha1, attributes};

pub use error::{LayoutError, NameLimit, NameProblem};
pub use late::Late;
pub use parted::PartedLayout;
use plan::Plan;
#[cfg(feature = "libwim")]
pub(crate) use xml::time as xml_time;

/// Blobs and metadata start at multiples of this: the blocks that file systems share.
const ALIGNMENT: u64 = 4096;

/// What concerns the whole WIM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WimOptions {
    /// What tells this WIM from all others.
    pub guid: Guid,
    /// When the images were made and last changed, as the XML data says.
    pub created: Filetime,
    /// The number of the image that starts, from 1 on; 0 if none does.
    pub boot_index: u32,
}

/// An image that shall be in the WIM.
#[derive(Clone, Debug)]
pub struct PlannedImage<B> {
    /// Its files and directories.
    pub tree: Arc<ValidTree<B>>,
    /// Attributes and times of each.
    pub facts: Facts,
    /// What people and Setup call it.
    pub texts: ImageTexts,
}

/// What people and Setup call an image. An empty text is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageTexts {
    /// The name, by which tools find the image; no two images may have the same.
    pub name: String,
    /// The description.
    pub description: String,
    /// The name that Setup shows.
    pub display_name: String,
    /// The description that Setup shows.
    pub display_description: String,
    /// What the image is for, such as an edition.
    pub flags: String,
}

/// Attributes and times of the files and directories of an image.
#[derive(Clone, Debug)]
pub enum Facts {
    /// No attributes, and this moment as every time.
    Uniform(Filetime),
    /// Those of each node, in the order of the tree.
    Each(Arc<[FileFacts]>),
}

/// Attributes and times of a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Attributes, as Windows counts them. Whether it is a directory is added; whether it is a link
    /// is left out, as the tree has none.
    pub attributes: u32,
    /// When it was created.
    pub created: Filetime,
    /// When it was last read.
    pub accessed: Filetime,
    /// When it was last written.
    pub written: Filetime,
}

impl FileFacts {
    /// No attributes, and one moment as every time.
    pub fn at(time: Filetime) -> Self {
        Self { attributes: 0, created: time, accessed: time, written: time }
    }

    /// The attributes of a file or directory with these; one that has none is `NORMAL`.
    fn attributes(&self, is_directory: bool) -> u32 {
        let kinds = attributes::DIRECTORY | attributes::REPARSE_POINT | attributes::NORMAL;
        match (self.attributes & !kinds, is_directory) {
            (others, true) => others | attributes::DIRECTORY,
            (0, false) => attributes::NORMAL,
            (others, false) => others,
        }
    }
}

impl Facts {
    fn of(&self, node: NodeId) -> FileFacts {
        match self {
            Self::Uniform(time) => FileFacts::at(*time),
            Self::Each(facts) => facts[node.index()],
        }
    }
}

/// Bytes of one or more equal files, and where they lie.
#[derive(Clone, Debug)]
pub struct PlannedBlob<B> {
    /// Where they come from.
    pub data: FileData<B>,
    /// Where they start in the WIM, a multiple of 4096.
    pub start: ByteOffset,
    /// How many files of all images have them.
    pub references: u32,
}

/// A part of the WIM that holds digests, so that its bytes are known only when all blobs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatePart {
    /// The header: the length of the blob table depends on which blobs turn out to be equal.
    Header,
    /// The metadata of all images and the blob table.
    Tables,
}

/// The place of everything in a WIM, before any byte of its files is read.
#[derive(Clone, Debug)]
pub struct WimLayout<B> {
    plan: Plan<B>,
    xml: Arc<[u8]>,
}

/// Fixes where everything of an uncompressed WIM lies.
///
/// The same images and options give the same layout. Files with the same source share one blob.
/// Holds about 70 bytes a file besides the trees.
///
/// # Errors
///
/// Names that Windows cannot have come together, each with its path; every other variant of
/// [`LayoutError`] says what to change.
pub fn layout<B>(
    images: Vec<PlannedImage<B>>,
    options: &WimOptions,
) -> Result<WimLayout<B>, LayoutError>
where
    B: Copy + Eq + Hash + Debug,
{
    error::check(&images, options)?;
    let plan = Plan::new(images, *options)?;
    let xml = xml::encode(&plan).into();
    Ok(WimLayout { plan, xml })
}

impl<B: Copy> WimLayout<B> {
    /// The WIM's length in bytes.
    pub fn len(&self) -> ByteCount {
        ByteCount(self.plan.tables_end() + self.xml.len() as u64)
    }

    /// Never: a WIM has at least its header.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The blobs in the order of the file: by rank, then in the order of images and trees.
    pub fn blobs(&self) -> &[PlannedBlob<B>] {
        &self.plan.blobs
    }

    /// Which of [`Self::blobs`] a file has, by the index of its image and its node; None for
    /// directories and empty files, which have none.
    pub fn blob_of(&self, image: usize, node: NodeId) -> Option<usize> {
        self.plan.images[image].blob(node)
    }

    /// Where the parts lie whose bytes [`Self::encode_late`] gives.
    pub fn late_extents(&self) -> [(LatePart, ByteOffset, ByteCount); 2] {
        let (start, end) = (self.plan.tables_start(), self.plan.tables_end());
        [
            (LatePart::Header, ByteOffset::ZERO, ByteCount(HEADER_SIZE as u64)),
            (LatePart::Tables, ByteOffset(start), ByteCount(end - start)),
        ]
    }

    /// The digests that [`Self::encode_late`] wants: `of` is asked for those of blobs, and bytes
    /// that are at hand are hashed.
    pub fn digests(&self, mut of: impl FnMut(B, ByteOffset, ByteCount) -> Sha1) -> Vec<Sha1> {
        let digest = |blob: &PlannedBlob<B>| match &blob.data {
            FileData::Bytes(bytes) => Sha1::of(bytes),
            FileData::Blob { blob, offset, len } => of(*blob, *offset, *len),
        };
        self.plan.blobs.iter().map(digest).collect()
    }

    /// The bytes of the late parts, once the digest of each of [`Self::blobs`] is known.
    ///
    /// Blobs that turn out to be equal are one for whoever reads the WIM; the bytes of the others
    /// are there and unused. Takes some 200 bytes of memory a file.
    ///
    /// # Panics
    ///
    /// If there is not one digest for each blob.
    pub fn encode_late(&self, digests: &[Sha1]) -> Late {
        assert_eq!(digests.len(), self.plan.blobs.len(), "one digest for each blob");
        let xml_len = self.xml.len() as u64;
        let mut late = late::encode_parts(&self.plan, &[self.one_part()], digests, xml_len);
        late.pop().expect("one part has one header")
    }

    fn one_part(&self) -> parted::PartPlan {
        parted::PartPlan::first(&self.plan, 0..self.plan.blobs.len())
    }

    /// The list of the WIM's extents, in which the late parts are blobs that `late` names.
    pub fn image(&self, mut late: impl FnMut(LatePart) -> B) -> Image<B> {
        self.extents(|part| Source::Blob { blob: late(part), offset: ByteOffset::ZERO })
    }

    /// The list of the WIM's extents where all digests are known beforehand.
    ///
    /// # Panics
    ///
    /// As [`Self::encode_late`].
    pub fn finished_image(&self, digests: &[Sha1]) -> Image<B> {
        let Late { header, tables } = self.encode_late(digests);
        let tables: Arc<[u8]> = tables.into();
        self.extents(|part| match part {
            LatePart::Header => Source::Bytes(header.as_slice().into()),
            LatePart::Tables => Source::Bytes(tables.clone()),
        })
    }

    fn extents(&self, late: impl FnMut(LatePart) -> Source<B>) -> Image<B> {
        parted::part_image(&self.plan, &self.one_part(), &self.xml, late)
    }
}

/// Extents so far; what lies between two of them is zeros.
#[derive(Debug)]
struct Extents<B> {
    extents: Vec<Extent<B>>,
    end: ByteOffset,
}

impl<B> Default for Extents<B> {
    fn default() -> Self {
        Self { extents: Vec::new(), end: ByteOffset::ZERO }
    }
}

impl<B> Extents<B> {
    fn push(&mut self, start: ByteOffset, len: ByteCount, source: Source<B>) {
        if start > self.end {
            let len = start - self.end;
            self.extents.push(Extent { start: self.end, len, source: Source::Zeros });
        }
        self.extents.push(Extent { start, len, source });
        self.end = start + len;
    }
}
