//! What firmware starts: boot images, their tables, the catalog, and the system area.

mod hybrid;
pub(crate) mod info_table;

use std::sync::Arc;

use image::{FileData, NodeId, NodeKind, ValidTree};

use crate::format::el_torito::{BootEntry, PLATFORM_BIOS, PLATFORM_UEFI, catalog};
use crate::layout::{Plan, len_of};
use crate::options::{BiosBoot, BootOptions, UefiBoot};
use crate::{BootImageProblem, LayoutError};

pub(crate) use hybrid::{backup_gpt, backup_gpt_blocks, has_gpt, system_area};

/// The bytes of a sector in the units of El Torito, MBR and GPT.
const SECTOR: u64 = image::partition::SECTOR;

/// The boot images of a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot {
    bios: Option<NodeId>,
    uefi: Option<NodeId>,
}

impl Boot {
    pub(crate) fn find<B>(tree: &ValidTree<B>, options: &BootOptions) -> Result<Self, LayoutError> {
        let bios = options.bios.as_ref();
        let uefi = options.uefi.as_ref();
        Ok(Self {
            bios: bios.map(|bios| find_bios(tree, bios)).transpose()?,
            uefi: uefi
                .map(|uefi| find_image(tree, &uefi.image, UefiBoot::MIN_LEN.0))
                .transpose()?,
        })
    }

    pub(crate) fn is_bootable(&self) -> bool {
        self.bios.is_some() || self.uefi.is_some()
    }

    /// Whether the image's copy of this file differs from the tree's.
    pub(crate) fn patches(&self, node: NodeId, options: &BootOptions) -> bool {
        self.bios == Some(node) && options.bios.as_ref().is_some_and(wants_patch)
    }
}

fn wants_patch(bios: &BiosBoot) -> bool {
    bios.boot_info_table || bios.grub2_boot_info
}

fn find_bios<B>(tree: &ValidTree<B>, bios: &BiosBoot) -> Result<NodeId, LayoutError> {
    let node = find_image(tree, &bios.image, bios.min_len().0)?;
    if wants_patch(bios) && bytes(tree, node).is_none() {
        return Err(problem(&bios.image, BootImageProblem::NotInMemory));
    }
    Ok(node)
}

fn find_image<B>(tree: &ValidTree<B>, path: &str, min: u64) -> Result<NodeId, LayoutError> {
    let node = tree.find(path).ok_or_else(|| problem(path, BootImageProblem::Missing))?;
    match &tree.node(node).kind {
        NodeKind::Directory(_) => Err(problem(path, BootImageProblem::Directory)),
        NodeKind::File { data, .. } if data.len().0 < min => {
            Err(problem(path, BootImageProblem::TooShort { min }))
        }
        NodeKind::File { .. } => Ok(node),
    }
}

fn problem(path: &str, why: BootImageProblem) -> LayoutError {
    LayoutError::BootImage { path: path.to_owned(), why }
}

fn bytes<B>(tree: &ValidTree<B>, node: NodeId) -> Option<&Arc<[u8]>> {
    match &tree.node(node).kind {
        NodeKind::File { data: FileData::Bytes(bytes), .. } => Some(bytes),
        _ => None,
    }
}

/// The files that differ in the image from the tree's, with the bytes that they have there.
pub(crate) fn patched<B>(tree: &ValidTree<B>, plan: &Plan) -> Vec<(NodeId, Arc<[u8]>)> {
    let (Some(node), Some(bios)) = (plan.boot.bios, &plan.options.boot.bios) else {
        return Vec::new();
    };
    let Some(bytes) = bytes(tree, node).filter(|_| wants_patch(bios)) else { return Vec::new() };
    vec![(node, info_table::patch(bytes, plan.file_block(node), bios).into())]
}

/// The boot catalog's block; `None` without boot images.
pub(crate) fn boot_catalog<B>(tree: &ValidTree<B>, plan: &Plan) -> Option<Vec<u8>> {
    let bios = plan.boot.bios.zip(plan.options.boot.bios.as_ref()).map(|(node, bios)| BootEntry {
        platform: PLATFORM_BIOS,
        sectors: bios.load_sectors,
        block: plan.file_block(node),
    });
    let uefi = plan.boot.uefi.map(|node| BootEntry {
        platform: PLATFORM_UEFI,
        sectors: uefi_sectors(len_of(tree, node).div_ceil(SECTOR)),
        block: plan.file_block(node),
    });
    let entries: Vec<BootEntry> = bios.into_iter().chain(uefi).collect();
    if entries.is_empty() { None } else { Some(catalog(&entries)) }
}

/// The sector count of a UEFI entry.
///
/// An image that is too long for the field gets 1: then the system partition reaches up to the end
/// of the disc (UEFI 2.10 §13.3.2.1). The standard has 0 for that too; Windows' media have 1.
fn uefi_sectors(sectors: u64) -> u16 {
    u16::try_from(sectors).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_partition_too_long_for_the_catalog_reaches_to_the_end_of_the_disc() {
        assert_eq!(uefi_sectors(65_535), 65_535);
        assert_eq!(uefi_sectors(65_536), 1);
    }
}
