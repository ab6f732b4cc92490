use std::fmt;
use std::sync::Arc;

use image::{Encode, ValidTree};

use super::{directory, path_table, udf_directory};
use crate::format::ecma119::{ByteOrder, Namespace};
use crate::layout::Plan;

/// How many UDF file entries make one part: 1 MiB of them.
pub(crate) const FILE_ENTRIES_PER_PART: usize = 512;

/// A part of an image's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A path table.
    PathTable(Namespace, ByteOrder),
    /// The directory records of the directory with this number.
    Directory(Namespace, u32),
    /// The UDF file entry and file identifiers of the directory with this number.
    UdfDirectory(u32),
    /// The UDF file entries of [`FILE_ENTRIES_PER_PART`] files, or what is left of them, from the
    /// file with this number on.
    FileEntries(u32),
}

/// Kinds of parts, in the upper half of a part's number.
const PATH_TABLE: u32 = 0;
const ISO_DIRECTORY: u32 = 1;
const JOLIET_DIRECTORY: u32 = 2;
const UDF_DIRECTORY: u32 = 3;
const FILE_ENTRIES: u32 = 4;

/// The path tables in the order of their numbers.
const PATH_TABLES: [(Namespace, ByteOrder); 4] = [
    (Namespace::Primary, ByteOrder::Little),
    (Namespace::Primary, ByteOrder::Big),
    (Namespace::Joliet, ByteOrder::Little),
    (Namespace::Joliet, ByteOrder::Big),
];

impl Part {
    pub(crate) fn number(self) -> u64 {
        let (kind, index) = match self {
            Self::PathTable(namespace, order) => {
                let index = PATH_TABLES.iter().position(|table| *table == (namespace, order));
                (PATH_TABLE, index.expect("because all four are listed") as u32)
            }
            Self::Directory(Namespace::Primary, directory) => (ISO_DIRECTORY, directory),
            Self::Directory(Namespace::Joliet, directory) => (JOLIET_DIRECTORY, directory),
            Self::UdfDirectory(directory) => (UDF_DIRECTORY, directory),
            Self::FileEntries(first) => (FILE_ENTRIES, first),
        };
        u64::from(kind) << 32 | u64::from(index)
    }

    fn of_number(number: u64) -> Option<Self> {
        let (kind, index) = ((number >> 32) as u32, number as u32);
        Some(match kind {
            PATH_TABLE => {
                let (namespace, order) = *PATH_TABLES.get(index as usize)?;
                Self::PathTable(namespace, order)
            }
            ISO_DIRECTORY => Self::Directory(Namespace::Primary, index),
            JOLIET_DIRECTORY => Self::Directory(Namespace::Joliet, index),
            UDF_DIRECTORY => Self::UdfDirectory(index),
            FILE_ENTRIES => Self::FileEntries(index),
            _ => return None,
        })
    }
}

/// Encodes the parts of a laid out tree.
pub(crate) struct MetadataEncoder<B> {
    pub(crate) tree: Arc<ValidTree<B>>,
    pub(crate) plan: Arc<Plan>,
}

impl<B> fmt::Debug for MetadataEncoder<B> {
    /// Without the tree, which every extent of an image would repeat.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataEncoder").field("nodes", &self.tree.node_count()).finish()
    }
}

impl<B: fmt::Debug + Send + Sync> Encode for MetadataEncoder<B> {
    fn encode(&self, part: u64, out: &mut Vec<u8>) {
        let part = Part::of_number(part).expect("because extents name parts by Part::number");
        let (tree, plan) = (&*self.tree, &*self.plan);
        match part {
            Part::PathTable(namespace, order) => {
                path_table::encode(tree, plan, namespace, order, out);
            }
            Part::Directory(namespace, number) => {
                directory::encode(tree, plan, number as usize, namespace, out);
            }
            Part::UdfDirectory(number) => {
                udf_directory::encode_directory(tree, plan, number as usize, out);
            }
            Part::FileEntries(first) => {
                udf_directory::encode_file_entries(tree, plan, first as usize, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_their_parts() {
        let tables = PATH_TABLES.map(|(namespace, order)| Part::PathTable(namespace, order));
        let others = [
            Part::Directory(Namespace::Primary, 7),
            Part::Directory(Namespace::Joliet, u32::MAX),
            Part::UdfDirectory(0),
            Part::FileEntries(512),
        ];
        for part in tables.into_iter().chain(others) {
            assert_eq!(Part::of_number(part.number()), Some(part));
        }
    }
}
