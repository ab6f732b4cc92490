//! `media.json` and the manifests of contents, read by somebody who trusts nothing.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use content::manifest::{
    MEDIA_FORMAT, MEDIA_VERSION_PARTITIONS, ManifestContent, ManifestLine, MediaManifest,
    content_manifest_path,
};
use content::{ContentId, Digest};
use sha2::{Digest as _, Sha256};

/// The largest `media.json` that is read: some hundred bytes for each of 100,000 contents.
pub(super) const MEDIA_JSON_MAX: u64 = 64 << 20;
/// The longest line of a manifest: checksums of a file of 16 TiB would not fit, real ones do.
const LINE_MAX: usize = 1 << 30;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("`{}` {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// Reads `media.json`. `Err` says what is wrong, without the file's name.
pub fn parse_media(bytes: &[u8]) -> Result<MediaManifest, String> {
    let media: MediaManifest =
        serde_json::from_slice(bytes).map_err(|error| format!("is damaged: {error}"))?;
    if media.format != MEDIA_FORMAT {
        return Err("is no media.json of tsmedia".to_owned());
    }
    if media.version == 0 || media.version > MEDIA_VERSION_PARTITIONS {
        return Err(format!(
            "has version {}, which is newer than this program; start from newer media",
            media.version
        ));
    }
    if media.disc == 0 || media.disc > media.discs {
        return Err(format!("says disc {} of {}", media.disc, media.discs));
    }
    for (number, content) in (1..).zip(&media.contents) {
        let discs = &content.discs;
        let ordered = discs.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = discs.iter().all(|disc| (1..=media.discs).contains(disc));
        if discs.is_empty() || !ordered || !inside {
            return Err(format!("lists impossible discs for content {number}, `{}`", content.id));
        }
        let twin = media.contents[..number - 1].iter().find(|other| other.id == content.id);
        if twin.is_some() {
            return Err(format!("lists the content `{}` twice", content.id));
        }
    }
    Ok(media)
}

/// Reads the manifest of a content below a medium's root and compares it with its digest.
pub fn content_lines(
    root: &Path,
    media: &MediaManifest,
    content: &ManifestContent,
) -> Result<Vec<ManifestLine>, ManifestError> {
    let path = root.join(content_manifest_path(&content.id));
    let io = |source| ManifestError::Io { path: path.clone(), source };
    let mut reader = BufReader::new(File::open(&path).map_err(io)?);
    let damaged = |what: String| ManifestError::Damaged { path: path.clone(), what };
    let (mut lines, mut hash, mut buffer) = (Vec::new(), Sha256::new(), Vec::new());
    loop {
        buffer.clear();
        let read = std::io::Read::take(&mut reader, LINE_MAX as u64)
            .read_until(b'\n', &mut buffer)
            .map_err(io)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer);
        let number = lines.len() + 1;
        let line: ManifestLine = serde_json::from_slice(&buffer)
            .map_err(|error| damaged(format!("is damaged at line {number}: {error}")))?;
        check_line(&line, media, &content.id)
            .map_err(|what| damaged(format!("has a line {number} that {what}")))?;
        lines.push(line);
    }
    if Digest(hash.finalize().into()) != content.manifest_sha256 {
        return Err(damaged("is not what media.json says; the medium is damaged".to_owned()));
    }
    Ok(lines)
}

/// A manifest may name nothing outside its content, and no pieces but those that lie behind one
/// another.
fn check_line(line: &ManifestLine, media: &MediaManifest, id: &ContentId) -> Result<(), String> {
    let path = line.path.strip_suffix('/').unwrap_or(&line.path);
    if !is_below(path) {
        return Err(format!("leads out of `{id}`: `{}`", line.path.escape_debug()));
    }
    let on_set = |disc: u32| (1..=media.discs).contains(&disc);
    match line.disc {
        Some(disc) if line.parts.is_empty() && on_set(disc) => return Ok(()),
        None if !line.parts.is_empty() => {}
        _ => return Err(format!("does not say where `{}` lies", line.path)),
    }
    let mut end = 0;
    for part in &line.parts {
        if part.offset != end || !on_set(part.disc) || part.length == 0 {
            return Err(format!("has pieces of `{}` that do not fit", line.path));
        }
        if !is_below(&part.path) {
            return Err(format!(
                "names a piece outside the medium: `{}`",
                part.path.escape_debug()
            ));
        }
        end = end.checked_add(part.length).ok_or("has impossible lengths")?;
    }
    if end == line.size { Ok(()) } else { Err(format!("has not all pieces of `{}`", line.path)) }
}

/// Whether a path stays below the folder that it is joined to.
fn is_below(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\0')
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_climb_out_are_seen() {
        for path in ["a", "a/b", "a..b/…", "..a", "a\\b"] {
            assert!(is_below(path), "{path}");
        }
        for path in ["", "/a", "a/../b", "..", "a//b", "a/.", "a\0b"] {
            assert!(!is_below(path), "{path}");
        }
    }
}
