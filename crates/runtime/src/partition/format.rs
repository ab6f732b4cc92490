use std::path::Path;

use crate::tool::{Tool, ToolError};
use crate::volume::FileSystem;

/// The features of ext4, all of which the kernel, `e2fsck` and GRUB of the last ten years know. The
/// newest mke2fs would choose some that GRUB 2.06 does not read.
const EXT4_FEATURES: &str = "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,\
                             64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,\
                             extra_isize,metadata_csum";
const EXT4_LABEL: usize = 16;
const FAT_LABEL: usize = 11;
const NTFS_LABEL: usize = 32;

/// A partition could not be formatted.
#[derive(Debug, thiserror::Error)]
#[error("cannot format `{device}` with {file_system}")]
pub struct FormatError {
    /// The device.
    pub device: String,
    /// The file system.
    pub file_system: FileSystem,
    /// Why not.
    pub source: ToolError,
}

/// Makes a file system; whatever was there is gone. Labels that are too long are cut.
///
/// Always a quick format: a disk of today replaces bad sectors itself.
pub(super) fn format(
    device: &Path,
    file_system: FileSystem,
    label: &str,
) -> Result<(), FormatError> {
    let program = program(file_system);
    let tool = match file_system {
        FileSystem::Ext4 => program
            .args(["-q", "-F", "-t", "ext4", "-I", "256", "-O", EXT4_FEATURES])
            .args(labelled("-L", cut(label, EXT4_LABEL, char::len_utf8))),
        FileSystem::Fat32 => program.args(["-F", "32"]).args(labelled("-n", fat_label(label))),
        FileSystem::Ntfs => program
            .args(["-q", "-F", "-Q"])
            .args(labelled("-L", cut(label, NTFS_LABEL, char::len_utf16))),
    };
    tool.args([device]).run().map_err(failed(device, file_system))
}

/// Says whether the program for a file system is missing.
pub(super) fn check(device: &Path, file_system: FileSystem) -> Result<(), FormatError> {
    program(file_system).check().map_err(failed(device, file_system))
}

fn program(file_system: FileSystem) -> Tool {
    match file_system {
        FileSystem::Ext4 => Tool::new("mke2fs", "e2fsprogs"),
        FileSystem::Fat32 => Tool::new("mkfs.fat", "dosfstools"),
        FileSystem::Ntfs => Tool::new("mkntfs", "ntfs-3g"),
    }
}

fn failed(device: &Path, file_system: FileSystem) -> impl Fn(ToolError) -> FormatError {
    let device = device.display().to_string();
    move |source| FormatError { device: device.clone(), file_system, source }
}

fn labelled(option: &str, label: String) -> Vec<String> {
    if label.is_empty() { Vec::new() } else { vec![option.to_owned(), label] }
}

fn cut(label: &str, max: usize, length: fn(char) -> usize) -> String {
    let mut left = max;
    let fits = |c: &char| match left.checked_sub(length(*c)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    label.chars().filter(|c| !c.is_control()).take_while(fits).collect()
}

/// A label of FAT: ASCII in upper case, without the characters that its names cannot have.
fn fat_label(label: &str) -> String {
    let allowed = |c: char| match c.to_ascii_uppercase() {
        c if c.is_ascii_alphanumeric() || " !#$%&'()-@^_`{}~".contains(c) => c,
        _ => '_',
    };
    cut(label, FAT_LABEL, char::len_utf8).chars().map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_cut_between_characters() {
        assert_eq!(cut("Größe", 4, char::len_utf8), "Grö");
        assert_eq!(cut("a𝄞b", 2, char::len_utf16), "a");
        assert_eq!(fat_label("Boot: \"ä\" partition"), "BOOT_ ___ ");
    }
}
