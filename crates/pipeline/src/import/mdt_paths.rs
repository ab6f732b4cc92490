//! Paths of a deployment share: written with backslashes, and without regard to case.

use std::fs;
use std::path::{Path, PathBuf};

/// The entry of a folder with this name, in any case.
pub(super) fn child(folder: &Path, name: &str) -> Option<PathBuf> {
    let exact = folder.join(name);
    if exact.exists() {
        return Some(exact);
    }
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found.into_iter().next()
}

/// A path below the share as its documents write it, `.\Applications\7-Zip`, with `/` between its
/// parts; `None` for one that leads elsewhere, such as a UNC path.
pub(super) fn below(text: &str) -> Option<String> {
    let text = text.trim().replace('\\', "/");
    if text.starts_with('/') || text.contains(':') {
        return None;
    }
    let parts: Vec<&str> =
        text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}

/// The path as the host's file system has it; `None` if it is not there.
pub(super) fn on_host(share: &Path, below: &str) -> Option<String> {
    let mut path = share.to_owned();
    for part in below.split('/') {
        path = child(&path, part)?;
    }
    path.strip_prefix(share).ok()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_below_the_share_are_taken() {
        assert_eq!(below(r".\Applications\7-Zip").as_deref(), Some("Applications/7-Zip"));
        assert_eq!(below(r"Tools\.\x64\").as_deref(), Some("Tools/x64"));
        for elsewhere in [r"\\server\share", r"C:\Apps", r"..\other", r"a\..\..\b", "", "."] {
            assert_eq!(below(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn cases_are_those_of_the_host() {
        let share = tempfile::tempdir().unwrap();
        fs::create_dir_all(share.path().join("Applications/SevenZip")).unwrap();
        let found = on_host(share.path(), "applications/sevenzip");
        assert_eq!(found.as_deref(), Some("Applications/SevenZip"));
        assert_eq!(on_host(share.path(), "applications/other"), None);
    }
}
