//! The archive that brings the runtime into the boot image's initramfs.
//!
//! Linux unpacks archives that stand behind one another in an initramfs, compressed or not, each at
//! a multiple of four bytes; files of a later one replace those of an earlier one (Linux,
//! Documentation/driver-api/early-userspace/buffer-format.rst).

/// The path of the program in the initramfs.
pub const PATH: &str = "/tsmedia-run";

/// A regular file that everybody may run.
const MODE: u32 = 0o100_755;
/// What tools that read archives in blocks expect their length to be a multiple of.
const BLOCK: usize = 512;

/// An archive of format `newc` with the program as its one file, of root and without a time.
pub fn archive(program: &[u8]) -> Vec<u8> {
    let mut archive = Vec::with_capacity(program.len() + 2 * BLOCK);
    entry(&mut archive, PATH.trim_start_matches('/'), MODE, program);
    entry(&mut archive, "TRAILER!!!", 0, &[]);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    archive
}

fn entry(archive: &mut Vec<u8>, name: &str, mode: u32, bytes: &[u8]) {
    let inode = u32::from(mode != 0);
    let len = u32::try_from(bytes.len()).expect("because a program is no longer than its limit");
    let name_len = name.len() as u32 + 1;
    // c_ino, c_mode, c_uid, c_gid, c_nlink, c_mtime, c_filesize, c_devmajor, c_devminor,
    // c_rdevmajor, c_rdevminor, c_namesize, c_check
    let fields = [inode, mode, 0, 0, 1, 0, len, 0, 0, 0, 0, name_len, 0];
    archive.extend_from_slice(b"070701");
    for field in fields {
        archive.extend_from_slice(format!("{field:08X}").as_bytes());
    }
    archive.extend_from_slice(name.as_bytes());
    archive.push(0);
    pad(archive);
    archive.extend_from_slice(bytes);
    pad(archive);
}

fn pad(archive: &mut Vec<u8>) {
    archive.resize(archive.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    use super::*;

    /// Gives the archive to `cpio`.
    fn cpio(archive: &[u8], folder: &std::path::Path, options: &[&str]) -> String {
        let mut command = Command::new("cpio");
        command.args(options).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("cpio is there: tools/test installs it");
        child.stdin.take().unwrap().write_all(archive).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn cpio_unpacks_the_program_as_it_was() {
        for len in [0, 1, 2, 3, 4, 511, 70_001] {
            let program: Vec<u8> = (0..len).map(|at: u32| (at * 7) as u8).collect();
            let archive = archive(&program);
            assert_eq!(archive.len() % 512, 0);
            let folder = tempfile::tempdir().unwrap();
            let listed = cpio(&archive, folder.path(), &["-t", "--quiet"]);
            assert_eq!(listed, "tsmedia-run\n");
            cpio(&archive, folder.path(), &["-i", "--quiet"]);
            let unpacked = folder.path().join("tsmedia-run");
            assert!(fs::read(&unpacked).unwrap() == program, "{len}");
            assert_eq!(fs::metadata(&unpacked).unwrap().permissions().mode() & 0o7777, 0o755);
        }
    }

    #[test]
    fn the_same_program_gives_the_same_archive() {
        assert!(archive(b"program") == archive(b"program"));
        let text = String::from_utf8(archive(b"program")).unwrap();
        assert!(
            text.starts_with("07070100000001000081ED00000000000000000000000100000000"),
            "{text}"
        );
    }
}
