//! What a Linux kernel sees on an image, in every namespace that the image may have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use crate::guest::Guest;
use crate::machine::{boot_tree, option_path, require};

/// A way in which the guest's kernel mounts an image.
///
/// The kernel does not fail when an image lacks Joliet or Rock Ridge: it then shows the primary
/// tree with names in lower case and without version numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Namespace {
    /// `-t udf`.
    Udf,
    /// `-t iso9660 -o norock`: the Joliet tree.
    Joliet,
    /// `-t iso9660 -o nojoliet`: the primary tree with Rock Ridge names.
    RockRidge,
    /// `-t iso9660 -o norock,nojoliet,map=off`: the primary tree, identifiers as they lie there.
    Plain,
    /// `-t vfat`, of a disk or a partition.
    Fat,
    /// `-t exfat`, of a disk or a partition.
    Exfat,
}

/// How an image is put into the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// A disc in an optical drive of 2048-byte sectors, mounted in four namespaces.
    Optical,
    /// A disk of 512-byte sectors, mounted as FAT or exFAT, or as one and the other.
    Disk,
}

/// A file as the guest read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MountedFile {
    /// What `stat` said, in bytes.
    pub size: u64,
    /// SHA-256 of what reading gave, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// Everything that one mount showed. Paths are relative, with `/` between names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MountedTree {
    /// Every folder but the root.
    pub folders: BTreeSet<String>,
    /// Every file that could be read.
    pub files: BTreeMap<String, MountedFile>,
    /// What mounting, listing or reading complained of; empty when all went well.
    pub errors: Vec<String>,
}

/// One image in all namespaces.
pub type GuestView = BTreeMap<Namespace, MountedTree>;

/// Mounts each of `images` in every namespace in one guest, and hashes every file.
///
/// Takes about four seconds and one more for every 15 MB of each namespace. At most 200, because a
/// drive's number is its SCSI target.
pub fn guest_trees(images: &[(&Path, Drive)]) -> Vec<GuestView> {
    assert!(images.len() <= 200, "{} images are more than one guest takes", images.len());
    require(Path::new("/usr/bin/qemu-system-x86_64"), "apt-get install qemu-system-x86");
    let boot = boot_tree().join("boot");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    // Sparse; room for a million files.
    report.as_file().set_len(1 << 28).expect("the report can grow");

    let mut arguments: Vec<String> = vec![
        "-M".into(),
        "pc".into(),
        "-kernel".into(),
        boot.join("vmlinuz").display().to_string(),
        "-initrd".into(),
        boot.join("initrd.img").display().to_string(),
        "-append".into(),
        format!("console=ttyS0 tsmedia.test=hash tsmedia.drives={}", images.len()),
        "-drive".into(),
        format!("if=none,id=report,format=raw,file={}", option_path(report.path())),
        "-device".into(),
        "virtio-blk-pci,drive=report,serial=report".into(),
        "-device".into(),
        "virtio-scsi-pci,id=scsi".into(),
    ];
    for (target, (image, drive)) in images.iter().enumerate() {
        let file = option_path(image);
        let (medium, device) = match drive {
            Drive::Optical => ("media=cdrom,", "scsi-cd"),
            Drive::Disk => ("", "scsi-hd"),
        };
        arguments.extend([
            "-drive".into(),
            format!("if=none,id=image{target},{medium}readonly=on,format=raw,file={file}"),
            "-device".into(),
            format!("{device},bus=scsi.0,drive=image{target},scsi-id={target}"),
        ]);
    }
    let mut guest = Guest::start(&arguments, folder);
    guest.wait_for("tsmedia: report written", Duration::from_secs(600));
    guest.wait_for_power_off(Duration::from_secs(30));

    let bytes = std::fs::read(report.path()).expect("the report can be read");
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let views = parse_report(&String::from_utf8_lossy(&bytes[..end]), images.len());
    for ((image, drive), view) in images.iter().zip(&views) {
        let was_seen = match drive {
            Drive::Optical => view.len() == 4,
            Drive::Disk => !view.is_empty(),
        };
        assert!(was_seen, "the guest did not see {}", image.display());
    }
    views
}

/// Reads the report that `tools/boot-image.init` describes.
fn parse_report(report: &str, image_count: usize) -> Vec<GuestView> {
    assert!(report.ends_with("\ndone\n"), "the guest's report is cut short:\n{report}");
    let mut views = vec![GuestView::new(); image_count];
    let mut tree = MountedTree::default();
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for line in report.lines() {
        let fields: Vec<&str> = line.splitn(3, '\t').collect();
        match fields[..] {
            ["mount", ..] => (tree, sizes) = (MountedTree::default(), BTreeMap::new()),
            ["dir", path] => {
                tree.folders.insert(path.to_owned());
            }
            ["size", size, path] => {
                sizes.insert(path, size.parse().expect("stat prints a number"));
            }
            ["sha256", digest, path] => match sizes.remove(path) {
                Some(size) => {
                    let file = MountedFile { size, sha256: digest.to_owned() };
                    tree.files.insert(path.to_owned(), file);
                }
                None => tree.errors.push(format!("`{path}` was read but not listed")),
            },
            ["end", image, namespace] => {
                tree.errors.extend(sizes.keys().map(|path| format!("`{path}` was not read")));
                let image: usize = image.parse().expect("a SCSI target is a number");
                views[image].insert(namespace_named(namespace), std::mem::take(&mut tree));
            }
            ["done"] => {}
            ["error", ..] => tree.errors.push(line["error\t".len()..].to_owned()),
            _ => tree.errors.push(format!("not understood in the report: {line}")),
        }
    }
    views
}

fn namespace_named(name: &str) -> Namespace {
    match name {
        "udf" => Namespace::Udf,
        "joliet" => Namespace::Joliet,
        "rock-ridge" => Namespace::RockRidge,
        "plain" => Namespace::Plain,
        "fat" => Namespace::Fat,
        "exfat" => Namespace::Exfat,
        _ => panic!("the guest reported an unknown namespace `{name}`"),
    }
}
