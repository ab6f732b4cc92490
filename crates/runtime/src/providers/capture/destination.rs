use std::path::{Component, Path, PathBuf};

use crate::provider::StepFailure;

/// Where a captured image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    /// To a file on something that is mounted.
    File(PathBuf),
    /// To a file on a partition, by its path from the root of that.
    Partition {
        /// The disk, from 0.
        disk: u32,
        /// The partition, from 1.
        partition: u32,
        /// The file.
        file: PathBuf,
    },
    /// To a file on a share of Windows.
    Smb {
        /// The share as `mount.cifs` takes it: `//server/share`.
        share: String,
        /// The file.
        file: PathBuf,
    },
    /// To a file in a folder that NFS exports.
    Nfs {
        /// The folder as `mount.nfs` takes it: `server:/folder`.
        export: String,
        /// The file.
        file: PathBuf,
    },
}

impl Destination {
    /// Reads `OSDCaptureDestination`: `\\server\share\file.wim`, `nfs://server/folder/file.wim`,
    /// `1,2:/file.wim` for a partition, or a path.
    pub fn parse(text: &str) -> Result<Self, StepFailure> {
        let text = text.trim();
        let wrong = |reason: &str| {
            StepFailure::new(format!(
                "OSDCaptureDestination is `{text}`: {reason}; it has to be \
                 \\\\server\\share\\file.wim, nfs://server/folder/file.wim, DISK,PARTITION:/file.wim \
                 or a path on a mounted volume"
            ))
        };
        let name = text.rsplit(['/', '\\', ':']).next().unwrap_or_default();
        if !name.to_ascii_lowercase().ends_with(".wim") || name.len() == 4 {
            return Err(wrong("it does not end in the name of a .wim file"));
        }
        let below = |text: &str| {
            let path = Path::new(text.trim_start_matches('/'));
            let is_plain = |part: Component| matches!(part, Component::Normal(_));
            path.components().all(is_plain).then(|| path.to_owned())
        };
        let slashes = text.replace('\\', "/");
        if let Some(rest) = slashes.strip_prefix("//").or_else(|| slashes.strip_prefix("smb://")) {
            let mut parts = rest.splitn(3, '/');
            let (server, share, file) = (parts.next(), parts.next(), parts.next().and_then(below));
            return match (server, share, file) {
                (Some(server), Some(share), Some(file))
                    if !server.is_empty() && !share.is_empty() =>
                {
                    Ok(Self::Smb { share: format!("//{server}/{share}"), file })
                }
                _ => Err(wrong("it names no server, share and file")),
            };
        }
        if let Some(rest) = text.strip_prefix("nfs://") {
            let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
            return match below(file) {
                Some(file) if !server.is_empty() && !folder.is_empty() => {
                    Ok(Self::Nfs { export: format!("{server}:/{folder}"), file })
                }
                _ => Err(wrong("it names no server, folder and file")),
            };
        }
        if let Some((place, file)) = text.split_once(':') {
            let numbers = place.split_once(',').and_then(|(disk, partition)| {
                Some((disk.trim().parse().ok()?, partition.trim().parse().ok()?))
            });
            return match (numbers, below(&file.replace('\\', "/"))) {
                (Some((disk, partition)), Some(file)) => {
                    Ok(Self::Partition { disk, partition, file })
                }
                _ => Err(wrong("what stands before the colon is no disk and partition")),
            };
        }
        if text.starts_with('/') && below(text).is_some() {
            return Ok(Self::File(PathBuf::from(text)));
        }
        Err(wrong("it is no whole path"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Destination, String> {
        Destination::parse(text).map_err(|error| error.reason)
    }

    #[test]
    fn every_kind_of_destination_is_read() {
        let file = PathBuf::from("images/debian.wim");
        for text in
            ["\\\\server\\share$\\images\\debian.wim", "smb://server/share$/images/debian.wim"]
        {
            let share = "//server/share$".to_owned();
            assert_eq!(parsed(text), Ok(Destination::Smb { share, file: file.clone() }));
        }
        let export = "server:/srv/images".to_owned();
        assert_eq!(
            parsed("nfs://server/srv/images/debian.wim"),
            Ok(Destination::Nfs { export, file: "debian.wim".into() })
        );
        assert_eq!(
            parsed("1,2:/images/debian.wim"),
            Ok(Destination::Partition { disk: 1, partition: 2, file: file.clone() })
        );
        let path = "/volumes/disk1-part1/D.WIM";
        assert_eq!(parsed(path), Ok(Destination::File(path.into())));
    }

    #[test]
    fn what_is_no_destination_says_why() {
        for text in [
            "",
            "/volumes/x",
            "debian.wim",
            "C:\\debian.wim",
            "/volumes/.wim",
            "\\\\server\\a.wim",
            "nfs://server/a.wim",
            "1,2:/../a.wim",
            "/volumes/../a.wim",
            "\\\\\\s\\a.wim",
            "1:/a.wim",
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.starts_with(&format!("OSDCaptureDestination is `{text}`: ")), "{error}");
        }
    }
}
