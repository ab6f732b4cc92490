use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::volume::FileSystem;

/// A file system that a partition holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub file_system: FileSystem,
    /// How it is told from all others, as Linux and GRUB write its `UUID`.
    pub uuid: String,
}

/// Finds out which of our file systems a partition holds; `None` for any other, and for none.
pub fn file_system_of(device: &Path) -> io::Result<Option<Found>> {
    let mut head = [0; 2048];
    match File::open(device)?.read_exact_at(&mut head, 0) {
        Ok(()) => Ok(found_in(&head)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first 2048 bytes say it all: the superblock of ext4 lies at 1024, and the others begin with
/// a boot sector.
fn found_in(head: &[u8; 2048]) -> Option<Found> {
    let hex = |bytes: &[u8]| bytes.iter().map(|it| format!("{it:02x}")).collect::<String>();
    if head[1024 + 0x38..][..2] == [0x53, 0xEF] {
        let id = hex(&head[1024 + 0x68..][..16]);
        let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
        return Some(Found { file_system: FileSystem::Ext4, uuid: parts.join("-") });
    }
    if head[510..512] != [0x55, 0xAA] {
        return None;
    }
    let reversed = |at: usize, len: usize| {
        let bytes: Vec<u8> = head[at..at + len].iter().rev().copied().collect();
        hex(&bytes).to_uppercase()
    };
    if head[3..11] == *b"NTFS    " {
        return Some(Found { file_system: FileSystem::Ntfs, uuid: reversed(0x48, 8) });
    }
    if head[82..90] == *b"FAT32   " {
        let id = reversed(0x43, 4);
        let uuid = format!("{}-{}", &id[..4], &id[4..]);
        return Some(Found { file_system: FileSystem::Fat32, uuid });
    }
    None
}
