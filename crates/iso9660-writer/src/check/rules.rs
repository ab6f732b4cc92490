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
    IMAGE_LENGTH = "image-length": "the image is a whole number of sectors";
    TREE_MISSING = "tree-missing": "every tree of names that was asked for is there";

    ISO_DESCRIPTOR = "iso-descriptor":
        "volume descriptors have the identifier, version, block size and reserved zeros of ECMA-119";
    ISO_DESCRIPTOR_SET = "iso-descriptor-set":
        "there are one primary descriptor at sector 16, at most one of each other kind, and a terminator";
    ISO_BOTH_ENDIAN = "iso-both-endian": "numbers recorded in both byte orders agree";
    ISO_SPACE_SIZE = "iso-space-size": "the volume space size is the length of the image";
    ISO_TEXT = "iso-text": "text fields of descriptors hold the characters of their kind, space padded";
    ISO_DATE = "iso-date": "dates of descriptors and records are dates";
    ISO_DESCRIPTORS_DIFFER = "iso-descriptors-differ":
        "the primary and the Joliet descriptor agree where they describe the same";
    ISO_ROOT = "iso-root": "the root record of a descriptor is that of the root directory";
    ISO_DIRECTORY = "iso-directory":
        "a directory is a whole number of sectors and begins with the records of itself and its parent";
    ISO_RECORD = "iso-record":
        "directory records are well formed, do not cross sectors and use no unknown feature";
    ISO_RECORD_ORDER = "iso-record-order": "the records of a directory are sorted";
    ISO_NAME = "iso-name": "names hold the characters and lengths of their tree";
    ISO_DUPLICATE_NAME = "iso-duplicate-name": "no two entries of a directory have the same name";
    ISO_MULTI_EXTENT = "iso-multi-extent":
        "all sections of a file but the last are whole sectors, and the last one is there";
    ISO_EXTENT = "iso-extent": "directories and file data lie inside the volume space";
    ISO_TREE_LOOP = "iso-tree-loop": "no directory is met twice";
    ISO_PATH_TABLE = "iso-path-table": "path tables list exactly the directories, in their order";
    ISO_PATH_TABLES_DIFFER = "iso-path-tables-differ": "the path tables L and M say the same";

    RR_SHARING = "rr-sharing": "Rock Ridge images begin with `SP` and `ER` entries, others have no system use";
    RR_ENTRY = "rr-entry": "system use entries have a known signature, their length and version";
    RR_NAME = "rr-name": "every entry has a name that can be one part of a path";
    RR_MODE = "rr-mode": "the POSIX mode of a record agrees with its flags";

    UDF_RECOGNITION = "udf-recognition":
        "BEA01, NSR02 and TEA01 follow the ISO 9660 terminator without a gap";
    UDF_ANCHOR_MISSING = "udf-anchor-missing": "there are anchors at sector 256 and at the end";
    UDF_ANCHORS_DIFFER = "udf-anchors-differ": "both anchors name the same sequences";
    UDF_END_ANCHOR = "udf-end-anchor":
        "the end anchor lies within 1,024 blocks of the last file data, at the last sector or 256 before it";
    UDF_TAG_CHECKSUM = "udf-tag-checksum": "the checksum of every descriptor tag is right";
    UDF_TAG_CRC = "udf-tag-crc": "the CRC of every descriptor covers the whole descriptor and is right";
    UDF_TAG_LOCATION = "udf-tag-location": "every descriptor tag names the block in which it lies";
    UDF_TAG = "udf-tag": "every descriptor tag has the identifier of its place, version 2, serial number 0 or that of its volume";
    UDF_SEQUENCE_MISSING = "udf-sequence-missing": "the main and the reserve volume descriptor sequence are there";
    UDF_SEQUENCE = "udf-sequence":
        "a volume descriptor sequence has 16 blocks or more, each descriptor once, and a terminator";
    UDF_SEQUENCES_DIFFER = "udf-sequences-differ": "the main and the reserve sequence say the same";
    UDF_DESCRIPTOR = "udf-descriptor": "the fields of volume descriptors are those of a read-only UDF 1.02 volume";
    UDF_LABEL = "udf-label": "every descriptor has the same logical volume identifier";
    UDF_TIMESTAMP = "udf-timestamp": "time stamps are points in time";
    UDF_PARTITION = "udf-partition": "the partition is read-only, for NSR02, and starts inside the image";
    UDF_PARTITION_LENGTH = "udf-partition-length": "the partition reaches exactly up to the end anchor";
    UDF_INTEGRITY = "udf-integrity": "there is an integrity descriptor for one partition, and it is the last";
    UDF_INTEGRITY_OPEN = "udf-integrity-open": "the integrity descriptor says that the volume was closed";
    UDF_INTEGRITY_SIZE = "udf-integrity-size": "the integrity descriptor has the size of the partition and no free space";
    UDF_INTEGRITY_COUNTS = "udf-integrity-counts": "the integrity descriptor counts the files and directories of the tree";
    UDF_INTEGRITY_REVISION = "udf-integrity-revision": "the integrity descriptor asks for UDF 1.02";
    UDF_INTEGRITY_UNIQUE_ID = "udf-integrity-unique-id": "the next unique id is above every one in use";
    UDF_FILE_SET = "udf-file-set": "the file set descriptor names the root directory and is followed by a terminator";
    UDF_ICB = "udf-icb": "file entries use strategy 4, one entry, short allocation descriptors and no reserved field";
    UDF_ICB_TYPE = "udf-icb-type": "a name and the file entry behind it agree on what it is";
    UDF_INFORMATION_LENGTH = "udf-information-length": "the information length is the sum of the extents";
    UDF_BLOCKS_RECORDED = "udf-blocks-recorded": "the logical blocks recorded are those of the extents";
    UDF_LINK_COUNT = "udf-link-count": "the link count is the number of names that lead to the entry";
    UDF_UNIQUE_ID = "udf-unique-id": "unique ids are unique, 0 for the root and 16 or more for all others";
    UDF_AD_TYPE = "udf-ad-type": "every allocation descriptor is of recorded space";
    UDF_AD_RANGE = "udf-ad-range": "every extent lies inside the partition";
    UDF_AD_LENGTH = "udf-ad-length": "every extent but the last is a whole number of blocks, none is empty";
    UDF_FID = "udf-fid": "file identifier descriptors are well formed and fill their directory";
    UDF_FID_PARENT = "udf-fid-parent": "the first name of a directory is that of its parent";
    UDF_NAME = "udf-name": "names can be one part of a path and are unique in their directory";
    UDF_TREE_LOOP = "udf-tree-loop": "no directory is met twice";
    UDF_UNREACHABLE = "udf-unreachable": "every descriptor belongs to something";

    EL_TORITO_RECORD = "el-torito-record": "the boot record lies at sector 17 and is otherwise zero";
    EL_TORITO_VALIDATION = "el-torito-validation": "the boot catalog begins with a validation entry";
    EL_TORITO_CHECKSUM = "el-torito-checksum": "the words of the validation entry add up to 0";
    EL_TORITO_SECTION = "el-torito-section": "sections follow each other up to the one marked last";
    EL_TORITO_ENTRY = "el-torito-entry": "boot entries are bootable, without emulation, and name the start of a file and no more than its sectors";
    BOOT_INFO_TABLE = "boot-info-table": "a boot information table has the place, length and sum of its file";

    MBR_PARTITION = "mbr-partition": "MBR partitions lie inside the image";
    MBR_PROTECTIVE = "mbr-protective": "beside a GPT the MBR has a protective entry from LBA 1 to the end";
    MBR_BOOT_SECTOR = "mbr-boot-sector": "the code of a hybrid MBR is told the sector of the BIOS boot image";
    GPT_HEADER = "gpt-header": "GPT headers have the fields of UEFI and name each other";
    GPT_HEADER_CRC = "gpt-header-crc": "the CRC of each GPT header is right";
    GPT_ENTRIES_CRC = "gpt-entries-crc": "the CRC of each partition entry array is right";
    GPT_PRIMARY = "gpt-primary": "beside a backup GPT there is a primary one";
    GPT_BACKUP = "gpt-backup": "the backup GPT is there and ends the image";
    GPT_COPIES_DIFFER = "gpt-copies-differ": "the primary and the backup GPT say the same";
    GPT_PARTITION = "gpt-partition": "GPT partitions lie in the usable space, do not overlap and have ids of their own";

    EXTENT_OVERLAP = "extent-overlap": "file extents are equal or apart";
    DATA_IN_METADATA = "data-in-metadata": "no file extent lies over metadata";
    METADATA_OVERLAP = "metadata-overlap": "no two structures lie over each other";
    METADATA_AFTER_DATA = "metadata-after-data":
        "in a UDF image all metadata lie before all file data, the end anchor and the backup GPT aside";
    DATA_ALIGNMENT = "data-alignment": "file data starts at a multiple of the alignment";
    GAP_NOT_ZERO = "gap-not-zero": "bytes that belong to nothing are zero";
    TREES_DIFFER = "trees-differ": "all trees have the same shape over the same data";
    NAMES_DIFFER = "names-differ": "a name that every tree can hold is the same in all";
}

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
