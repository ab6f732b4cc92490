/// A rule of the verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, as in [`super::Fault::rule`].
    pub id: &'static str,
    /// What a sound image has.
    pub meaning: &'static str,
}

macro_rules! rules {
    ($($name:ident = $id:literal: $meaning:literal;)*) => {
        $(pub(super) const $name: &str = $id;)*

        /// Every rule of the verifier, by area.
        pub const RULES: &[Rule] = &[$(Rule { id: $id, meaning: $meaning },)*];
    };
}

rules! {
    UNREADABLE = "unreadable": "every byte of the metadata can be read";
    VOLUME_MISSING = "volume-missing": "the image is a FAT32 volume or has one in a partition";
    VOLUME_TRUNCATED = "volume-truncated": "the volume ends inside the image";

    MBR_PARTITION = "mbr-partition": "MBR partitions lie inside the image, apart, and have a status of 0 or 0x80; an entry of type 0 is empty, or active for sector 0";
    MBR_KIND = "mbr-kind": "the partition of the volume has the type 0x0C";
    MBR_PROTECTIVE = "mbr-protective": "beside a GPT the MBR has a protective entry from LBA 1 to the end";
    GPT_HEADER = "gpt-header": "GPT headers have the fields of UEFI and name each other";
    GPT_HEADER_CRC = "gpt-header-crc": "the CRC of each GPT header is right";
    GPT_ENTRIES_CRC = "gpt-entries-crc": "the CRC of each partition entry array is right";
    GPT_PRIMARY = "gpt-primary": "beside a backup GPT there is a primary one";
    GPT_BACKUP = "gpt-backup": "the backup GPT is there and ends the image";
    GPT_COPIES_DIFFER = "gpt-copies-differ": "the primary and the backup GPT say the same";
    GPT_PARTITION = "gpt-partition": "GPT partitions lie in the usable space, do not overlap and have ids of their own";
    PARTITION_ALIGNMENT = "partition-alignment": "the partition of the volume starts at a multiple of 1 MiB";

    BOOT_JUMP = "boot-jump": "the boot sector begins with a jump";
    BPB_FIELD = "bpb-field": "the fields of the boot sector have the values that FAT32 fixes";
    BPB_RESERVED = "bpb-reserved": "the reserved fields of the boot sector are 0";
    BPB_MEDIA = "bpb-media": "the media byte is that of a disk, in the boot sector and in both FATs";
    BPB_HIDDEN_SECTORS = "bpb-hidden-sectors": "the hidden sectors are those before the partition";
    BPB_TOTAL_SECTORS = "bpb-total-sectors": "the volume fills its partition, or the image";
    BPB_CLUSTER_COUNT = "bpb-cluster-count": "there are as many clusters as FAT32 has, and the FATs can number them";
    BPB_CLUSTER_SIZE = "bpb-cluster-size": "a cluster has at most 32 KiB";
    BPB_ROOT_CLUSTER = "bpb-root-cluster": "the root directory starts at cluster 2";
    BPB_STATE = "bpb-state": "the boot sector does not say that the volume was left open";
    BACKUP_BOOT_SECTOR = "backup-boot-sector": "sector 6 is a copy of the boot sector";
    BACKUP_FSINFO = "backup-fsinfo": "sectors 7 and 8 are copies of FSInfo and of the third sector";
    BOOT_MARK = "boot-mark": "the third sector of the boot record has its mark";
    FSINFO_SIGNATURE = "fsinfo-signature": "FSInfo has its three signatures";
    FSINFO_FREE = "fsinfo-free": "FSInfo counts the free clusters";
    FSINFO_NEXT = "fsinfo-next": "FSInfo names a free cluster, or none where none is free";
    FSINFO_RESERVED = "fsinfo-reserved": "the reserved bytes of FSInfo are 0";
    RESERVED_NOT_ZERO = "reserved-not-zero": "sectors before the first FAT that nothing uses are zero";

    FAT_COPIES_DIFFER = "fat-copies-differ": "both FATs are the same";
    FAT_FIRST_ENTRIES = "fat-first-entries": "the first two entries of the FAT are a media byte and an end mark";
    FAT_DIRTY = "fat-dirty": "the second entry of the FAT does not say that the volume was left open or has errors";
    FAT_RESERVED_BITS = "fat-reserved-bits": "the upper four bits of FAT entries are 0";
    FAT_BAD_CLUSTER = "fat-bad-cluster": "no cluster is marked as bad";
    FAT_TAIL = "fat-tail": "entries behind the last cluster are 0";
    FAT_LOST_CLUSTER = "fat-lost-cluster": "every cluster in use belongs to a file or directory";

    CHAIN_LINK = "chain-link": "every link of a chain leads to a cluster of the volume that is in use";
    CHAIN_CYCLE = "chain-cycle": "no chain leads back into itself";
    CHAIN_CROSS_LINK = "chain-cross-link": "no cluster belongs to two chains";
    CHAIN_SHORT = "chain-short": "a chain has clusters for all bytes of its file";
    CHAIN_LONG = "chain-long": "a chain has no cluster more than its file or directory needs";
    CHAIN_FRAGMENTED = "chain-fragmented": "every chain is one run of clusters";
    DATA_ALIGNMENT = "data-alignment": "file data starts at a multiple of the alignment";

    DIRECTORY_DOTS = "directory-dots": "a directory begins with entries for itself and its parent, and the root does not";
    DIRECTORY_SIZE = "directory-size": "the size of a directory is 0";
    DIRECTORY_TOO_LARGE = "directory-too-large": "a directory has at most 65,536 entries";
    DIRECTORY_END = "directory-end": "nothing but zeros follows the end of a directory";
    DIRECTORY_DEPTH = "directory-depth": "no more than 256 directories lie inside each other";
    ENTRY_ATTRIBUTES = "entry-attributes": "attributes have no reserved bit and no contradiction";
    ENTRY_RESERVED = "entry-reserved": "the reserved byte of an entry holds at most the bits for lower case";
    ENTRY_DELETED = "entry-deleted": "no entry is deleted";
    ENTRY_TIME = "entry-time": "times of entries are points in time";
    ENTRY_COUNT = "entry-count": "there are no more entries than the verifier takes";

    SHORT_NAME = "short-name": "short names hold the characters of their kind, space padded";
    SHORT_NAME_DUPLICATE = "short-name-duplicate": "short names are unique in their directory";
    LONG_NAME = "long-name": "names can be files' names on Windows";
    LONG_NAME_DUPLICATE = "long-name-duplicate": "names are unique in their directory, whatever their case, short ones counted";
    LONG_NAME_ORDER = "long-name-order": "the entries of a long name are numbered from its end to its beginning";
    LONG_NAME_CHECKSUM = "long-name-checksum": "the entries of a long name have the checksum of the short name";
    LONG_NAME_ORPHAN = "long-name-orphan": "the entries of a long name are followed by a short one";
    LONG_NAME_PADDING = "long-name-padding": "a long name fills its entries, with ones behind its end";
    LONG_NAME_RESERVED = "long-name-reserved": "the type and the cluster of a long-name entry are 0";

    LABEL = "label": "the root has at most one label, of upper-case characters and without a cluster, and no other directory has one";
    LABEL_DIFFERS = "label-differs": "the boot sector and the root directory have the same label";

    SLACK_NOT_ZERO = "slack-not-zero": "bytes behind the end of a file in its last cluster are zero";
    FREE_NOT_ZERO = "free-not-zero": "free clusters are zero";
    GAP_NOT_ZERO = "gap-not-zero": "sectors of the image that nothing uses are zero";
}

/// The rules that only this crate's own layout has to keep: other programs format otherwise and
/// leave traces of what they changed, and every reader takes that.
pub(super) const HABITS: [&str; 33] = [
    MBR_KIND,
    MBR_PROTECTIVE,
    PARTITION_ALIGNMENT,
    BPB_FIELD,
    BPB_RESERVED,
    BPB_MEDIA,
    BPB_HIDDEN_SECTORS,
    BPB_TOTAL_SECTORS,
    BPB_CLUSTER_SIZE,
    BPB_ROOT_CLUSTER,
    BACKUP_BOOT_SECTOR,
    BACKUP_FSINFO,
    BOOT_MARK,
    FSINFO_SIGNATURE,
    FSINFO_FREE,
    FSINFO_NEXT,
    FSINFO_RESERVED,
    RESERVED_NOT_ZERO,
    FAT_FIRST_ENTRIES,
    FAT_RESERVED_BITS,
    FAT_BAD_CLUSTER,
    FAT_TAIL,
    CHAIN_LONG,
    DIRECTORY_END,
    ENTRY_RESERVED,
    ENTRY_DELETED,
    ENTRY_TIME,
    SHORT_NAME,
    LONG_NAME,
    LONG_NAME_ORPHAN,
    LABEL,
    LABEL_DIFFERS,
    GAP_NOT_ZERO,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_an_id_of_its_own() {
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
    }
}
