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
    VOLUME_MISSING = "volume-missing": "the image is an exFAT volume or has one in a partition";
    VOLUME_TRUNCATED = "volume-truncated": "the volume ends inside the image";
    VOLUME_ALIGNMENT = "volume-alignment": "the partition of the volume starts at a multiple of 1 MiB";

    BOOT_FIELD = "boot-field": "the fields of the boot sector have the values that the specification fixes";
    BOOT_RESERVED = "boot-reserved": "the reserved bytes of the boot region are 0";
    BOOT_PARTITION_OFFSET = "boot-partition-offset": "the boot sector says where the volume starts on its disk";
    BOOT_VOLUME_LENGTH = "boot-volume-length": "the volume fills its partition, or the image";
    BOOT_GEOMETRY = "boot-geometry": "FAT and clusters lie behind each other inside the volume, and the FAT can number the clusters";
    BOOT_CLUSTER_COUNT = "boot-cluster-count": "there are as many clusters as the volume has room for";
    BOOT_STATE = "boot-state": "the boot sector does not say that the volume was left open or has errors";
    BOOT_PERCENT = "boot-percent": "the boot sector says how full the volume is";
    BOOT_EXTENDED = "boot-extended": "the eight extended boot sectors have their marks";
    BOOT_CHECKSUM = "boot-checksum": "the checksum of each boot region is right";
    BACKUP_BOOT_REGION = "backup-boot-region": "the backup boot region is a copy of the main one";

    FAT_FIRST_ENTRIES = "fat-first-entries": "the first two entries of the FAT have their fixed values";
    FAT_CHAIN = "fat-chain": "every link of a chain leads to a cluster of the volume";
    FAT_CHAIN_LONG = "fat-chain-long": "a chain has no cluster more than what it holds needs";
    FAT_UNUSED = "fat-unused": "entries of clusters that are in no chain, and those behind the last cluster, are 0";

    BITMAP_MISSING = "bitmap-missing": "the root directory has one allocation bitmap, with a bit for each cluster";
    BITMAP_LOST_CLUSTER = "bitmap-lost-cluster": "the bitmap marks no cluster that nothing uses";
    BITMAP_FREE_CLUSTER = "bitmap-free-cluster": "the bitmap marks every cluster that something uses";
    BITMAP_TAIL = "bitmap-tail": "bits behind the last cluster are 0";
    UPCASE_MISSING = "upcase-missing": "the root directory has one up-case table, which says all letters";
    UPCASE_CHECKSUM = "upcase-checksum": "the checksum of the up-case table is right";
    UPCASE_TABLE = "upcase-table": "the up-case table is the one that the specification recommends";
    LABEL = "label": "the root directory has at most one label, of at most eleven units that a label may hold";

    CLUSTER_RANGE = "cluster-range": "whatever has bytes has clusters of the volume for all of them, and what has none has none";
    CLUSTER_CROSS_LINK = "cluster-cross-link": "no cluster belongs to two files or directories";
    CLUSTER_FRAGMENTED = "cluster-fragmented": "files and directories are runs of which the FAT says nothing";
    DATA_ALIGNMENT = "data-alignment": "file data starts at a multiple of the alignment";

    DIRECTORY_LENGTH = "directory-length": "a directory has whole clusters, at least one, and at most 256 MiB";
    DIRECTORY_END = "directory-end": "nothing but zeros follows the end of a directory";
    DIRECTORY_DEPTH = "directory-depth": "no more than 256 directories lie inside each other";
    ENTRY_UNKNOWN = "entry-unknown": "directories hold files and directories, and the root what a volume has";
    ENTRY_UNUSED = "entry-unused": "no entry is deleted";
    ENTRY_COUNT = "entry-count": "there are no more entries than the verifier takes";

    SET_BROKEN = "set-broken": "a File entry is followed by a Stream Extension and the entries of its name, as many as it says";
    SET_CHECKSUM = "set-checksum": "the checksum of each set of entries is right";
    SET_ATTRIBUTES = "set-attributes": "attributes have no reserved bit";
    SET_RESERVED = "set-reserved": "the reserved bytes of a set are 0";
    SET_TIME = "set-time": "times are points in time, in a known zone";
    STREAM_FLAGS = "stream-flags": "streams may have clusters, and are a run if they have";
    STREAM_VALID_LENGTH = "stream-valid-length": "all bytes of a file were written";

    NAME = "name": "names can be files' names on Windows";
    NAME_HASH = "name-hash": "the hash of each name is right";
    NAME_DUPLICATE = "name-duplicate": "names are unique in their directory, whatever their case";
    NAME_PADDING = "name-padding": "zeros fill the last entry of a name";

    SLACK_NOT_ZERO = "slack-not-zero": "bytes behind the end of a file in its last cluster are zero";
    FREE_NOT_ZERO = "free-not-zero": "free clusters are zero";
    GAP_NOT_ZERO = "gap-not-zero": "sectors of the volume that nothing uses are zero";
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
