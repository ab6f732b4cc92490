use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Removes everything on a volume except these paths on it, which may lie deep, and the folder that
/// ext4 keeps for itself.
///
/// What is mounted on the volume is not looked into, and is an error.
pub(super) fn empty_volume(root: &Path, kept: &[PathBuf]) -> io::Result<()> {
    let device = fs::symlink_metadata(root)?.dev();
    let mut kept = kept.to_vec();
    kept.push(root.join("lost+found"));
    empty(root, device, &kept)
}

fn empty(folder: &Path, device: u64, kept: &[PathBuf]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if kept.contains(&path) {
            continue;
        }
        let facts = fs::symlink_metadata(&path)?;
        if facts.dev() != device {
            let text = format!("`{}` is mounted on the volume", path.display());
            return Err(io::Error::other(text));
        }
        if !facts.is_dir() {
            fs::remove_file(&path)?;
            continue;
        }
        // Deep into every folder, as something may be mounted anywhere.
        empty(&path, device, kept)?;
        if !kept.iter().any(|it| it.starts_with(&path)) {
            fs::remove_dir(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn all_but_what_is_kept_is_removed() {
        let room = tempfile::tempdir().unwrap();
        let root = room.path().join("volume");
        let outside = room.path().join("outside");
        fs::create_dir_all(&outside).unwrap();
        fs::write(outside.join("file"), "stays").unwrap();
        for folder in ["_tsmedia/state", "old/deep", "Users/state/alice", "lost+found"] {
            fs::create_dir_all(root.join(folder)).unwrap();
            fs::write(root.join(folder).join("file"), "").unwrap();
        }
        fs::write(root.join("Users/other"), "").unwrap();
        symlink(&outside, root.join("link")).unwrap();
        let kept = [root.join("_tsmedia"), root.join("Users/state"), "/elsewhere".into()];
        empty_volume(&root, &kept).unwrap();
        let mut left = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    let path = entry.path();
                    left.push(path.strip_prefix(&root).unwrap().display().to_string());
                }
            }
        }
        left.sort();
        assert_eq!(left, ["Users/state/alice/file", "_tsmedia/state/file", "lost+found/file"]);
        assert!(outside.join("file").exists(), "links are not followed");
        assert!(!root.join("old").exists());
    }
}
