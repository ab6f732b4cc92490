//! Which file system a device holds, so that the kernel is not asked to mount what it cannot.

/// How much of the beginning of a device [`detect`] looks at.
pub(super) const BEGINNING: usize = 64 * 1024;

/// The kernel's names of the file systems that a device may hold, by its beginning; the first one
/// is the best. Empty when it holds none that media are on.
///
/// ECMA-119 §8.1 and ECMA-167 §2/9.1 (volume structure descriptors from byte 32,768 on), Microsoft's
/// boot sectors of FAT, exFAT and NTFS, and the superblock of ext2 and its successors at byte 1,024.
pub fn detect(beginning: &[u8]) -> Vec<&'static str> {
    let at = |offset: usize, text: &[u8]| beginning.get(offset..offset + text.len()) == Some(text);
    let descriptors = (32 * 1024..BEGINNING).step_by(2048);
    let has = |text: &[u8]| descriptors.clone().any(|offset| at(offset + 1, text));
    let mut found = Vec::new();
    if has(b"NSR02") || has(b"NSR03") {
        found.push("udf");
    }
    if has(b"CD001") {
        found.push("iso9660");
    }
    // A hybrid image has boot code in its first sector, and no volume there.
    if found.is_empty() {
        if at(3, b"EXFAT   ") {
            found.push("exfat");
        } else if at(3, b"NTFS    ") {
            found.push("ntfs3");
        } else if at(82, b"FAT32   ") || at(54, b"FAT16   ") || at(54, b"FAT12   ") {
            found.push("vfat");
        } else if at(1024 + 56, &[0x53, 0xef]) {
            found.push("ext4");
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_are_known_by_their_beginnings() {
        let with = |pieces: &[(usize, &[u8])]| {
            let mut beginning = vec![0; BEGINNING];
            for (at, bytes) in pieces {
                beginning[*at..*at + bytes.len()].copy_from_slice(bytes);
            }
            detect(&beginning)
        };
        let iso: (usize, &[u8]) = (32 * 1024 + 1, b"CD001");
        // Behind the descriptors of El Torito and Joliet, and the terminator.
        let udf: (usize, &[u8]) = (42 * 1024 + 1, b"NSR02");
        assert_eq!(with(&[iso, udf]), ["udf", "iso9660"]);
        assert_eq!(with(&[iso, (3, b"NTFS    ")]), ["iso9660"]);
        assert_eq!(with(&[(82, b"FAT32   ")]), ["vfat"]);
        assert_eq!(with(&[(3, b"EXFAT   ")]), ["exfat"]);
        assert_eq!(with(&[(1080, &[0x53, 0xef])]), ["ext4"]);
        assert!(with(&[]).is_empty());
        assert!(detect(b"short").is_empty());
    }
}
