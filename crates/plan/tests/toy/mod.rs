//! A kind of disc that is simple enough to check by hand, and indexes made of sizes.

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::convert::Infallible;

use content::{Blob, BlobId, ContentId, ContentIndex, IndexedContent, IndexedFile, Need};
use image::ByteCount;
use plan::{DiscDraft, Medium, Placement, SetDraft};

pub const SECTOR: u64 = 2048;

/// Sectors for data, records for names, and manifests whose lengths follow from the plan.
#[derive(Clone, Debug)]
pub struct Toy {
    pub capacity: Option<u64>,
    pub max_file: u64,
    /// Bytes that only disc 1 holds.
    pub boot: u64,
    /// Bytes that each file or starting content costs beside its data and its name.
    pub record: u64,
    /// Whether the set's manifests lie on the discs.
    pub manifests: bool,
    pub measured: Cell<u32>,
}

impl Toy {
    /// Discs of so many sectors that hold nothing but data.
    pub fn bare(sectors: u64) -> Self {
        Self {
            capacity: Some(sectors * SECTOR),
            max_file: u64::MAX,
            boot: 0,
            record: 0,
            manifests: false,
            measured: Cell::new(0),
        }
    }
}

impl Medium for Toy {
    type Error = Infallible;
    type SetSizes = Vec<u64>;

    fn capacity(&self) -> Option<ByteCount> {
        self.capacity.map(ByteCount)
    }

    fn max_file(&self) -> ByteCount {
        ByteCount(self.max_file)
    }

    fn measure_set(&self, set: &SetDraft<'_>) -> Result<Vec<u64>, Infallible> {
        if !self.manifests {
            return Ok(vec![]);
        }
        Ok(set.contents.iter().map(|&content| manifest_len(set, content)).collect())
    }

    fn measure(&self, disc: &DiscDraft<'_>, sizes: &Vec<u64>) -> Result<ByteCount, Infallible> {
        self.measured.set(self.measured.get() + 1);
        let boot = if disc.number == 1 { self.boot } else { 0 };
        let manifests: u64 = sizes.iter().map(|len| len.next_multiple_of(SECTOR)).sum();
        let mut records = 0;
        for content in disc.starting() {
            records += self.record * (1 + content.empty_directories.len() as u64);
        }
        let mut extents = HashSet::new();
        let mut data = 0;
        for piece in disc.pieces {
            if self.record > 0 {
                records += self.record + piece.file(disc.index).path.len() as u64;
            }
            if extents.insert((piece.file(disc.index).blob, piece.offset, piece.len)) {
                data += piece.len.0.next_multiple_of(SECTOR);
            }
        }
        let fixed = (boot + records).next_multiple_of(SECTOR);
        Ok(ByteCount(fixed + manifests + data))
    }
}

fn manifest_len(set: &SetDraft<'_>, content: u32) -> u64 {
    let digits = |disc: u32| disc.to_string().len() as u64;
    let files = &set.index.contents[content as usize].files;
    let line = |(number, file): (u32, &IndexedFile)| {
        let place = match set.placements.file(content, number) {
            Some(Placement::Whole(disc)) => digits(disc),
            Some(Placement::Cut(parts)) => parts.iter().map(|part| 90 + digits(part.disc)).sum(),
            None => panic!("each file of the set has its place"),
        };
        80 + file.path.len() as u64 + place
    };
    let discs: u64 = set.placements.discs_of(content).iter().map(|&disc| digits(disc) + 1).sum();
    (0..).zip(files).map(line).sum::<u64>() + discs + digits(set.placements.disc_count())
}

/// A file of a content under test: its path, its size, and which bytes it has among those of its
/// size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSpec {
    pub path: String,
    pub size: u64,
    pub kind: u8,
}

/// Names the contents `A00000`, `A00001`, … in the order of first use.
pub fn needs(count: usize) -> Vec<Need> {
    let step = |number: usize| format!("step {} \"Install {}\"", number + 1, id(number));
    (0..count).map(|n| Need { content: id(n), first_used_by: step(n) }).collect()
}

pub fn id(number: usize) -> ContentId {
    format!("A{number:05}").parse().expect("letters and digits are an id")
}

/// Makes an index of contents in the order of first use, one blob for each size and kind.
pub fn index(contents: &[Vec<FileSpec>]) -> ContentIndex {
    let blobs: BTreeSet<(u64, u8)> =
        contents.iter().flatten().map(|file| (file.size, file.kind)).collect();
    let blobs: Vec<(u64, u8)> = blobs.into_iter().collect();
    let find = |file: &FileSpec| blobs.binary_search(&(file.size, file.kind)).expect("collected");
    let file = |file: &FileSpec| IndexedFile {
        path: file.path.as_str().into(),
        blob: BlobId(find(file) as u32),
    };
    let contents = contents.iter().enumerate().map(|(number, files)| IndexedContent {
        id: id(number),
        files: files.iter().map(file).collect(),
        empty_directories: vec!["empty".into()],
    });
    ContentIndex {
        contents: contents.collect(),
        blobs: blobs
            .iter()
            .map(|&(size, _)| Blob { size: ByteCount(size), digest: None, digest_checked: false })
            .collect(),
    }
}
