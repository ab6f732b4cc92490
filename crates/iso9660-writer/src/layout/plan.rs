//! The positions themselves.

use std::hash::Hash;
use std::sync::Arc;

use image::{ByteCount, NodeId, NodeKind, ValidTree};

use super::data::{DataExtent, place};
use super::len_of;
use crate::boot::{self, Boot};
use crate::encode::{self, RecordsLen};
use crate::format::ecma119::{Namespace, SYSTEM_AREA_BLOCKS};
use crate::format::time::CivilTime;
use crate::format::{BLOCK, udf};
use crate::names::Names;
use crate::{FileTooLong, IsoOptions, LayoutError};

/// The path table numbers parents in 16 bits (ECMA-119 §9.4.4).
const DIRECTORIES_MAX: usize = u16::MAX as usize;

/// Where everything of an image lies, in blocks of 2048 bytes from its start.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) options: IsoOptions,
    pub(crate) created: CivilTime,
    pub(crate) names: Names,
    pub(crate) boot: Boot,
    /// The directories in the order of the tree.
    pub(crate) directories: Vec<Directory>,
    /// The files in the order of the tree.
    pub(crate) files: Vec<NodeId>,
    /// The place of each node in `directories` or `files`.
    pub(crate) numbers: Vec<u32>,
    pub(crate) boot_catalog: Option<u32>,
    pub(crate) path_tables: PathTables,
    pub(crate) joliet_path_tables: Option<PathTables>,
    /// The UDF entry of the first file; those of the others follow.
    pub(crate) file_entries: u32,
    /// The block behind the last one of metadata.
    pub(crate) metadata_end: u64,
    /// The first block of each file's data; 0 for empty files.
    pub(crate) data: Vec<u32>,
    pub(crate) data_extents: Vec<DataExtent>,
    pub(crate) patched: Vec<(NodeId, Arc<[u8]>)>,
    /// The last UDF anchor.
    pub(crate) last_anchor: Option<u64>,
    /// The image's length.
    pub(crate) blocks: u64,
}

/// A directory in each of the namespaces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Directory {
    pub(crate) node: NodeId,
    pub(crate) subdirectories: u32,
    pub(crate) iso: Records,
    pub(crate) joliet: Records,
    /// The UDF file entry; the file identifiers follow it.
    pub(crate) udf: u32,
    /// The length of the file identifiers.
    pub(crate) udf_len: u32,
}

/// The directory records of a directory, with continuation areas behind them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Records {
    pub(crate) first: u32,
    pub(crate) blocks: u32,
    pub(crate) continuation_blocks: u32,
}

impl Records {
    /// The length of the records in bytes, without the continuation areas.
    pub(crate) fn len(&self) -> u32 {
        self.blocks * BLOCK as u32
    }
}

/// The path tables of a namespace.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathTables {
    pub(crate) len: u32,
    pub(crate) l: u32,
    pub(crate) m: u32,
}

/// Gives out blocks from the front to the back.
struct Blocks {
    next: u64,
}

impl Blocks {
    /// The number may be cut here: the end of the image is checked before a number is used.
    fn take(&mut self, count: u64) -> u32 {
        let first = self.next;
        self.next += count;
        first as u32
    }
}

impl Plan {
    pub(crate) fn new<B: Copy + Ord + Hash>(
        tree: &ValidTree<B>,
        options: &IsoOptions,
    ) -> Result<Self, LayoutError> {
        options.check()?;
        let boot = Boot::find(tree, &options.boot)?;
        let mut plan = Self::unplaced(tree, options, boot)?;
        plan.check_counts(tree)?;
        plan.measure_directories(tree)?;
        let end = plan.place_metadata();
        plan.place_data(tree, end)?;
        plan.patched = boot::patched(tree, &plan);
        Ok(plan)
    }

    fn unplaced<B>(
        tree: &ValidTree<B>,
        options: &IsoOptions,
        boot: Boot,
    ) -> Result<Self, LayoutError> {
        let mut plan = Self {
            options: options.clone(),
            created: CivilTime::new(options.created)?,
            names: Names::new(tree, options)?,
            boot,
            directories: Vec::new(),
            files: Vec::with_capacity(tree.node_count()),
            numbers: Vec::with_capacity(tree.node_count()),
            boot_catalog: None,
            path_tables: PathTables::default(),
            joliet_path_tables: None,
            file_entries: 0,
            metadata_end: 0,
            data: Vec::new(),
            data_extents: Vec::new(),
            patched: Vec::new(),
            last_anchor: None,
            blocks: 0,
        };
        for (node, content) in tree.nodes() {
            match content.kind {
                NodeKind::File { .. } => {
                    plan.numbers.push(plan.files.len() as u32);
                    plan.files.push(node);
                }
                NodeKind::Directory(_) => plan.add_directory(node, content.parent),
            }
        }
        Ok(plan)
    }

    fn add_directory(&mut self, node: NodeId, parent: NodeId) {
        self.numbers.push(self.directories.len() as u32);
        self.directories.push(Directory {
            node,
            subdirectories: 0,
            iso: Records::default(),
            joliet: Records::default(),
            udf: 0,
            udf_len: 0,
        });
        if node != NodeId::ROOT {
            let parent = self.numbers[parent.index()] as usize;
            self.directories[parent].subdirectories += 1;
        }
    }

    fn check_counts<B>(&self, tree: &ValidTree<B>) -> Result<(), LayoutError> {
        let count = self.directories.len();
        if count > DIRECTORIES_MAX {
            return Err(LayoutError::TooManyDirectories { count, max: DIRECTORIES_MAX });
        }
        if !self.options.udf {
            return Ok(());
        }
        let max = udf::FILE_LEN_MAX;
        let lens = self.files.iter().map(|&file| (file, len_of(tree, file).0));
        let problems: Vec<FileTooLong> = lens
            .filter(|&(_, len)| len > max)
            .map(|(file, len)| FileTooLong { path: tree.path(file), len, max })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(LayoutError::FilesTooLong(problems)) }
    }

    fn measure_directories<B>(&mut self, tree: &ValidTree<B>) -> Result<(), LayoutError> {
        for number in 0..self.directories.len() {
            let iso = encode::measure_records(tree, self, number, Namespace::Primary);
            self.directories[number].iso = self.records(tree, number, iso)?;
            if self.options.joliet {
                let joliet = encode::measure_records(tree, self, number, Namespace::Joliet);
                self.directories[number].joliet = self.records(tree, number, joliet)?;
            }
            if self.options.udf {
                let len = encode::measure_udf(tree, self, number);
                self.directories[number].udf_len = self.directory_len(tree, number, len)?;
            }
        }
        let len = encode::measure_path_table(tree, self, Namespace::Primary);
        self.path_tables.len = len as u32;
        if self.options.joliet {
            let len = encode::measure_path_table(tree, self, Namespace::Joliet) as u32;
            self.joliet_path_tables = Some(PathTables { len, l: 0, m: 0 });
        }
        Ok(())
    }

    fn records<B>(
        &self,
        tree: &ValidTree<B>,
        number: usize,
        len: RecordsLen,
    ) -> Result<Records, LayoutError> {
        self.directory_len(tree, number, len.records)?;
        Ok(Records {
            first: 0,
            blocks: (len.records / BLOCK) as u32,
            continuation_blocks: (len.continuation / BLOCK) as u32,
        })
    }

    fn directory_len<B>(
        &self,
        tree: &ValidTree<B>,
        number: usize,
        len: u64,
    ) -> Result<u32, LayoutError> {
        let max = u32::MAX.into();
        let path = || tree.path(self.directories[number].node);
        u32::try_from(len).map_err(|_| LayoutError::DirectoryTooLarge { path: path(), len, max })
    }

    /// Returns the block behind the last one of metadata.
    fn place_metadata(&mut self) -> u64 {
        let mut blocks = Blocks { next: self.volume_descriptors_end() };
        if self.options.udf {
            blocks.next = udf::PARTITION + udf::FILE_SET_BLOCKS;
        }
        self.boot_catalog = self.boot.is_bootable().then(|| blocks.take(1));
        for tables in std::iter::once(&mut self.path_tables).chain(&mut self.joliet_path_tables) {
            let len = u64::from(tables.len).div_ceil(BLOCK);
            tables.l = blocks.take(len);
            tables.m = blocks.take(len);
        }
        let mut place = |records: &mut Records| {
            let count = u64::from(records.blocks) + u64::from(records.continuation_blocks);
            records.first = blocks.take(count);
        };
        self.directories.iter_mut().for_each(|directory| place(&mut directory.iso));
        self.directories.iter_mut().for_each(|directory| place(&mut directory.joliet));
        if self.options.udf {
            for directory in &mut self.directories {
                directory.udf = blocks.take(1 + u64::from(directory.udf_len).div_ceil(BLOCK));
            }
            self.file_entries = blocks.take(self.files.len() as u64);
        }
        blocks.next
    }

    /// The block behind the volume descriptors and the UDF recognition sequence.
    fn volume_descriptors_end(&self) -> u64 {
        let optional = [self.boot.is_bootable(), self.options.joliet];
        let descriptors = 2 + optional.iter().filter(|&&is_there| is_there).count() as u64;
        let recognition = if self.options.udf { 3 } else { 0 };
        SYSTEM_AREA_BLOCKS + descriptors + recognition
    }

    fn place_data<B: Copy + Eq + Hash>(
        &mut self,
        tree: &ValidTree<B>,
        metadata_end: u64,
    ) -> Result<(), LayoutError> {
        self.metadata_end = metadata_end;
        let is_patched = |node| self.boot.patches(node, &self.options.boot);
        let placed = place(tree, &self.files, is_patched, metadata_end);
        self.place_end(placed.end);
        let max = u64::from(u32::MAX);
        if self.blocks > max {
            return Err(LayoutError::ImageTooLarge { blocks: self.blocks, max });
        }
        self.data = placed.blocks.into_iter().map(|block| block as u32).collect();
        self.data_extents = placed.extents;
        Ok(())
    }

    /// The end of the image: an anchor in the last block, or, before a backup GPT, the 257th last
    /// (ECMA-167 3/8.4.2.1 has both places).
    fn place_end(&mut self, data_end: u64) {
        let gpt_blocks = boot::backup_gpt_blocks();
        let has_gpt = boot::has_gpt(&self.options);
        if self.options.udf {
            self.last_anchor = Some(data_end);
            self.blocks = data_end + if has_gpt { 257 } else { 1 };
        } else {
            self.blocks = data_end + if has_gpt { gpt_blocks } else { 0 };
        }
    }

    pub(crate) fn len(&self) -> ByteCount {
        ByteCount(self.blocks * BLOCK)
    }

    /// The length of a file, which patching does not change.
    pub(crate) fn file_len<B>(&self, tree: &ValidTree<B>, file: NodeId) -> ByteCount {
        len_of(tree, file)
    }

    /// The first block of a file's data in the image; 0 for an empty one.
    ///
    /// While directories are measured nothing has a place yet, and 0 stands for it.
    pub(crate) fn file_block(&self, file: NodeId) -> u32 {
        self.data.get(self.numbers[file.index()] as usize).copied().unwrap_or(0)
    }

    /// The records of a directory in one of the two trees that have them.
    pub(crate) fn records_of(&self, directory: NodeId, namespace: Namespace) -> Records {
        let directory = self.directory(directory);
        match namespace {
            Namespace::Primary => directory.iso,
            Namespace::Joliet => directory.joliet,
        }
    }

    /// The entry of a node that is a directory.
    pub(crate) fn directory(&self, node: NodeId) -> &Directory {
        &self.directories[self.numbers[node.index()] as usize]
    }

    /// A block of the image as UDF counts it: from the start of the partition.
    pub(crate) fn in_partition(&self, block: u32) -> u32 {
        block.saturating_sub(udf::PARTITION as u32)
    }

    /// The block of a node's UDF file entry in the image.
    pub(crate) fn udf_entry(&self, node: NodeId, is_directory: bool) -> u32 {
        if is_directory {
            self.directory(node).udf
        } else {
            self.file_entries.wrapping_add(self.numbers[node.index()])
        }
    }

    /// The UniqueID of a node's UDF file entry.
    pub(crate) fn unique_id(&self, node: NodeId) -> u64 {
        match node.index() {
            0 => 0,
            index => udf::FIRST_UNIQUE_ID + index as u64 - 1,
        }
    }
}
