use image::partition::{
    BOOT_CODE_LEN, Gpt, GptPartition, Guid, Mbr, MbrPartition, SECTOR, TABLE_SECTORS,
};

use super::plan::{PartitionPlan, PlanError, PlannedPartition};
use super::request::{PartitionStyle, PartitionType};
use crate::volume::FileSystem;

/// The attributes of a recovery partition: required, and no drive letter (Microsoft, "UEFI/GPT-based
/// hard drive partitions").
const RECOVERY_ATTRIBUTES: u64 = 0x8000_0000_0000_0001;
/// Hidden, and no drive letter (`GPT_BASIC_DATA_ATTRIBUTE_…` of winioctl.h).
const HIDDEN_ATTRIBUTES: u64 = 0xC000_0000_0000_0000;
const EXTENDED_LBA: u8 = 0x0F;
const NAME_UNITS: usize = 36;

/// What makes a disk and its partitions different from all others; drawn by whoever writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identities {
    /// The disk of a GPT.
    pub disk: Guid,
    /// The partitions of a GPT, as many as the plan has.
    pub partitions: Vec<Guid>,
    /// The disk of an MBR; not 0.
    pub signature: u32,
}

/// Bytes of a partition table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableWrite {
    /// Where they lie on the disk, in bytes.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl PartitionPlan {
    /// The bytes of the tables, in the order in which they have to be written: what makes the disk
    /// one with partitions comes last.
    pub fn tables(&self, identities: &Identities) -> Result<Vec<TableWrite>, PlanError> {
        match self.style {
            PartitionStyle::Gpt => self.gpt(identities).map_err(PlanError::Table),
            PartitionStyle::Mbr => Ok(self.mbr(identities.signature)),
        }
    }

    /// How Linux tells the partition at `index` of the plan from all others, as `PARTUUID` in lower
    /// case.
    pub fn partition_uuid(&self, index: usize, identities: &Identities) -> Option<String> {
        let number = self.partitions.get(index)?.number;
        Some(match self.style {
            PartitionStyle::Gpt => identities.partitions.get(index)?.to_string().to_lowercase(),
            PartitionStyle::Mbr => format!("{:08x}-{number:02x}", identities.signature),
        })
    }

    fn gpt(&self, identities: &Identities) -> Result<Vec<TableWrite>, image::partition::GptError> {
        let partitions = self.partitions.iter().zip(&identities.partitions);
        let partitions = partitions
            .map(|(partition, id)| GptPartition {
                kind: gpt_type(partition),
                id: *id,
                first: partition.first,
                last: partition.first + partition.sectors - 1,
                attributes: match partition.kind {
                    PartitionType::Recovery => RECOVERY_ATTRIBUTES,
                    PartitionType::Hidden => HIDDEN_ATTRIBUTES,
                    _ => 0,
                },
                name: gpt_name(partition),
            })
            .collect();
        let table = Gpt::new(identities.disk, self.sectors, partitions)?;
        let protective = Mbr {
            boot_code: [0; BOOT_CODE_LEN],
            disk_signature: 0,
            partitions: [Some(MbrPartition::protective(self.sectors)), None, None, None],
        };
        let at = |sector: u64, bytes: Vec<u8>| TableWrite { offset: sector * SECTOR, bytes };
        Ok(vec![
            at(self.sectors - TABLE_SECTORS, table.backup()),
            at(1, table.primary()),
            at(0, protective.encode().to_vec()),
        ])
    }

    fn mbr(&self, signature: u32) -> Vec<TableWrite> {
        let mut partitions = [None; 4];
        let primaries = self.partitions.iter().filter(|it| it.kind != PartitionType::Logical);
        for (slot, partition) in partitions.iter_mut().zip(primaries) {
            *slot = Some(entry(partition, partition.first));
        }
        let mut writes = self.extended_records();
        let mbr = Mbr { boot_code: [0; BOOT_CODE_LEN], disk_signature: signature, partitions };
        writes.push(TableWrite { offset: 0, bytes: mbr.encode().to_vec() });
        writes
    }

    /// The chain of records in the extended partition: each lies 1 MiB before its partition, and
    /// names it relative to itself and the next record relative to the extended partition.
    fn extended_records(&self) -> Vec<TableWrite> {
        let is = |kind| move |it: &&PlannedPartition| it.kind == kind;
        let Some(extended) = self.partitions.iter().find(is(PartitionType::Extended)) else {
            return Vec::new();
        };
        let logicals: Vec<_> = self.partitions.iter().filter(is(PartitionType::Logical)).collect();
        let gap = (1 << 20) / SECTOR;
        let mut writes = Vec::with_capacity(logicals.len());
        for (index, partition) in logicals.iter().enumerate() {
            let next = logicals.get(index + 1).map(|next| MbrPartition {
                active: false,
                kind: EXTENDED_LBA,
                first: (next.first - gap - extended.first) as u32,
                sectors: (next.sectors + gap) as u32,
            });
            let partitions = [Some(entry(partition, gap)), next, None, None];
            let record = Mbr { boot_code: [0; BOOT_CODE_LEN], disk_signature: 0, partitions };
            let offset = (partition.first - gap) * SECTOR;
            writes.push(TableWrite { offset, bytes: record.encode().to_vec() });
        }
        writes
    }
}

/// An entry of an MBR; a plan for one reaches no sector that its fields cannot name.
fn entry(partition: &PlannedPartition, first: u64) -> MbrPartition {
    MbrPartition {
        active: partition.active,
        kind: mbr_type(partition),
        first: first as u32,
        sectors: partition.sectors as u32,
    }
}

fn gpt_type(partition: &PlannedPartition) -> Guid {
    match (partition.kind, partition.file_system) {
        (PartitionType::Efi, _) => Guid::EFI_SYSTEM,
        (PartitionType::Msr, _) => Guid::MICROSOFT_RESERVED,
        (PartitionType::Recovery, _) => Guid::WINDOWS_RECOVERY,
        (_, Some(FileSystem::Ext4)) => Guid::LINUX_DATA,
        _ => Guid::BASIC_DATA,
    }
}

fn mbr_type(partition: &PlannedPartition) -> u8 {
    match (partition.kind, partition.file_system) {
        (PartitionType::Extended, _) => EXTENDED_LBA,
        (PartitionType::Efi, _) => 0xEF,
        (PartitionType::Hidden | PartitionType::Recovery, _) => 0x27,
        (_, Some(FileSystem::Ext4)) => 0x83,
        (_, Some(FileSystem::Fat32)) => 0x0C,
        (_, Some(FileSystem::Ntfs) | None) => 0x07,
    }
}

fn gpt_name(partition: &PlannedPartition) -> String {
    let name = match partition.kind {
        _ if !partition.name.is_empty() => &partition.name,
        PartitionType::Efi => "EFI system partition",
        PartitionType::Msr => "Microsoft reserved partition",
        _ => "Basic data partition",
    };
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= NAME_UNITS
    };
    name.chars().take_while(fits).collect()
}
