use std::fs;
use std::path::Path;

use crate::natural_order::natural_order;

/// A kernel of a system with its initramfs: paths from the system's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kernel {
    /// Such as `/boot/vmlinuz-6.1.0-9-amd64`.
    pub kernel: String,
    /// Such as `/boot/initrd.img-6.1.0-9-amd64`.
    pub initrd: String,
}

/// Finds the kernels that have an initramfs, the newest first.
pub(super) fn find(root: &Path) -> Vec<Kernel> {
    let names = fs::read_dir(root.join("boot")).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut versions: Vec<String> =
        names.filter_map(|name| name.strip_prefix("vmlinuz-").map(str::to_owned)).collect();
    versions.sort_by(|one, other| natural_order(other, one));
    let of_version = |version: &String| {
        let initrds = [
            format!("/boot/initrd.img-{version}"),
            format!("/boot/initramfs-{version}.img"),
            format!("/boot/initrd-{version}"),
        ];
        paired(root, format!("/boot/vmlinuz-{version}"), &initrds)
    };
    let mut found: Vec<_> = versions.iter().filter_map(of_version).collect();
    if found.is_empty() {
        let initrds = ["/boot/initrd.img", "/initrd.img", "/boot/initrd"].map(str::to_owned);
        let kernels = ["/boot/vmlinuz", "/vmlinuz"].map(str::to_owned);
        found.extend(kernels.into_iter().find_map(|kernel| paired(root, kernel, &initrds)));
    }
    // A menu names them without quotation marks.
    found.retain(|it| is_plain(&it.kernel) && is_plain(&it.initrd));
    found
}

fn paired(root: &Path, kernel: String, initrds: &[String]) -> Option<Kernel> {
    // Not following links: absolute ones lead out of the root.
    let is_there = |path: &String| fs::symlink_metadata(root.join(&path[1..])).is_ok();
    let initrd = initrds.iter().find(|path| is_there(path))?;
    is_there(&kernel).then(|| Kernel { kernel, initrd: initrd.clone() })
}

fn is_plain(path: &str) -> bool {
    path.bytes().all(|it| it.is_ascii_alphanumeric() || b"/.-_+~".contains(&it))
}
