//! MBR and GPT of an image that starts from a stick as well.

use image::partition::{
    BOOT_CODE_LEN, Gpt, GptPartition, Guid, Mbr, MbrPartition, SECTOR, TABLE_SECTORS,
};
use image::{NodeId, ValidTree};

use crate::IsoOptions;
use crate::format::BLOCK;
use crate::format::ecma119::SYSTEM_AREA_BLOCKS;
use crate::layout::{Plan, len_of};
use crate::options::MbrCode;

const SECTORS_PER_BLOCK: u64 = BLOCK / SECTOR;

/// The type that keeps Windows from giving a drive letter to a partition which covers the image;
/// `isohybrid` of Syslinux uses it too.
const KIND_HIDDEN: u8 = 0x17;

/// The blocks that the backup GPT needs behind everything else.
pub(crate) fn backup_gpt_blocks() -> u64 {
    TABLE_SECTORS.div_ceil(SECTORS_PER_BLOCK)
}

/// Whether the image has a GPT: where firmware looks for an EFI system partition.
pub(crate) fn has_gpt(options: &IsoOptions) -> bool {
    options.hybrid && options.boot.uefi.is_some()
}

/// The first 16 blocks; `None` if they are zeros.
pub(crate) fn system_area<B>(tree: &ValidTree<B>, plan: &Plan) -> Option<Vec<u8>> {
    if !plan.options.hybrid {
        return None;
    }
    let mut area = mbr(plan).encode().to_vec();
    if let Some(gpt) = gpt(tree, plan) {
        area.extend(gpt.primary());
    }
    area.resize((SYSTEM_AREA_BLOCKS * BLOCK) as usize, 0);
    Some(area)
}

/// The last 33 sectors; `None` without a GPT.
pub(crate) fn backup_gpt<B>(tree: &ValidTree<B>, plan: &Plan) -> Option<Vec<u8>> {
    gpt(tree, plan).map(|gpt| gpt.backup())
}

fn mbr(plan: &Plan) -> Mbr {
    let [a, b, c, d, ..] = plan.options.serial;
    let code = plan.options.boot.bios.as_ref().and_then(|bios| bios.mbr_code.as_ref());
    let boot = code.zip(plan.boot.bios);
    Mbr {
        boot_code: boot.map_or([0; BOOT_CODE_LEN], |(code, node)| boot_code(code, node, plan)),
        disk_signature: u32::from_le_bytes([a, b, c, d]),
        partitions: partitions(plan, code.is_some()),
    }
}

/// The slots of the MBR: a protective one beside a GPT, else one that covers the image.
fn partitions(plan: &Plan, has_code: bool) -> [Option<MbrPartition>; 4] {
    let sectors = plan.blocks * SECTORS_PER_BLOCK;
    if has_gpt(&plan.options) {
        let dummy = has_code.then(MbrPartition::active_dummy);
        return [Some(MbrPartition::protective(sectors)), dummy, None, None];
    }
    let sectors = u32::try_from(sectors).unwrap_or(u32::MAX);
    let whole = MbrPartition { active: true, kind: KIND_HIDDEN, first: 0, sectors };
    [Some(whole), None, None, None]
}

/// The code with the place of the boot image behind it.
fn boot_code(code: &MbrCode, image: NodeId, plan: &Plan) -> [u8; BOOT_CODE_LEN] {
    let sector = u64::from(plan.file_block(image)) * SECTORS_PER_BLOCK + code.skip;
    let mut bytes = [0; BOOT_CODE_LEN];
    bytes[..MbrCode::LEN].copy_from_slice(&code.code);
    bytes[MbrCode::LEN..].copy_from_slice(&sector.to_le_bytes());
    bytes
}

fn gpt<B>(tree: &ValidTree<B>, plan: &Plan) -> Option<Gpt> {
    let image = plan.boot.uefi.filter(|_| has_gpt(&plan.options))?;
    let first = u64::from(plan.file_block(image)) * SECTORS_PER_BLOCK;
    let mut partition_id = plan.options.serial;
    partition_id[15] ^= 0xFF;
    let partition = GptPartition {
        kind: Guid::EFI_SYSTEM,
        id: Guid::from_digest(partition_id),
        first,
        last: first + len_of(tree, image).div_ceil(SECTOR) - 1,
        attributes: 0,
        name: "EFI system partition".to_owned(),
    };
    let disk = Guid::from_digest(plan.options.serial);
    let gpt = Gpt::new(disk, plan.blocks * SECTORS_PER_BLOCK, vec![partition]);
    Some(gpt.expect("because file data lies between the places of the two tables"))
}
