//! Names that Windows cannot hold.
//!
//! Linux allows them, and so do UDF and Rock Ridge; Windows PE shows such a file under another
//! name or not at all, and the command line that calls it fails on the target.

use crate::{
    BootPlatform, ContentIndex, IndexedContent, Place, Problem, ProblemClass, ResolvedMedia,
    Severity,
};

/// Finds the contents of these media whose files have names that Windows cannot hold.
///
/// Each content gives one problem: an error where the media start Windows PE, else a warning. Its
/// message names the first `shown` files.
pub fn problems(
    index: &ContentIndex,
    media: &ResolvedMedia,
    platform: Option<BootPlatform>,
    shown: usize,
) -> Vec<Problem> {
    let severity = match platform {
        Some(BootPlatform::WinPe) => Severity::Error,
        _ => Severity::Warning,
    };
    let contents = media.needs.iter().filter_map(|need| index.content(&need.content));
    let problem = |content: &IndexedContent| {
        let (count, shown) = unfit(content, shown)?;
        let of = if count == 1 { "a file".to_owned() } else { format!("{count} files") };
        let more = if count > shown.len() { ", …" } else { "" };
        let message = format!(
            "content `{}` has {of} with a name that Windows cannot hold: {}{more}",
            content.id,
            shown.join(", "),
        );
        let problem = Problem::new("name-windows", severity, ProblemClass::Finding, message);
        Some(problem.remedy("rename the files").at(Place::object(&content.id)))
    };
    contents.filter_map(problem).map(|problem| problem.in_definition(&media.name)).collect()
}

/// How many files and empty directories of a content have such a name, and the first `max` of them.
fn unfit(content: &IndexedContent, max: usize) -> Option<(usize, Vec<String>)> {
    let paths = content.files.iter().map(|file| &file.path).chain(&content.empty_directories);
    let mut count = 0;
    let mut shown = Vec::new();
    for path in paths.filter(|path| path.split('/').any(|name| !is_allowed(name))) {
        count += 1;
        if shown.len() < max {
            shown.push(format!("`{}`", path.escape_debug()));
        }
    }
    (count > 0).then_some((count, shown))
}

/// Whether Windows can hold a file or directory of this name
/// (*Naming Files, Paths, and Namespaces*, Microsoft).
fn is_allowed(name: &str) -> bool {
    let forbidden =
        |c: char| c < ' ' || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\\');
    !name.contains(forbidden) && !name.ends_with(['.', ' ']) && !is_device(name)
}

/// Whether the name is reserved for a device, which it is with any extension too.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ');
    let is = |device: &str| stem.eq_ignore_ascii_case(device);
    if ["CON", "PRN", "AUX", "NUL"].into_iter().any(is) {
        return true;
    }
    // The superscripts of Latin-1 count as digits here.
    let port = stem.strip_suffix(|c| matches!(c, '1'..='9' | '¹' | '²' | '³'));
    port.is_some_and(|port| ["COM", "LPT"].iter().any(|known| port.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blob, BlobId, IndexedFile, Need};
    use image::ByteCount;

    #[test]
    fn names_of_windows_are_told_from_others() {
        let reserved =
            ["CON", "con.txt", "Prn", "aux.tar.gz", "NUL .x", "COM1", "lpt9.inf", "com¹", "LPT³.a"];
        let characters = ["a<b", "a>b", "a:b", "a\"b", "a|b", "a?b", "a*b", "a\\b", "a\nb"];
        for name in reserved.iter().chain(&characters).chain(&["end.", "end ", "."]) {
            assert!(!is_allowed(name), "{name}");
        }
        for name in
            ["CONSOLE", "com", "COM0", "COM10", "lpt", ".con", "a.con", "ünï;=+,.dat", " lead"]
        {
            assert!(is_allowed(name), "{name}");
        }
    }

    fn index(paths: &[&str], empty_directories: &[&str]) -> ContentIndex {
        let file = |path: &&str| IndexedFile { path: (*path).into(), blob: BlobId(0) };
        ContentIndex {
            blobs: vec![Blob { size: ByteCount(1), digest: None, digest_checked: false }],
            contents: vec![IndexedContent {
                id: "P0100001".parse().unwrap(),
                files: paths.iter().map(file).collect(),
                empty_directories: empty_directories.iter().map(|path| (*path).into()).collect(),
            }],
        }
    }

    fn media() -> ResolvedMedia {
        let content = "P0100001".parse().unwrap();
        ResolvedMedia {
            name: "m".to_owned(),
            task_sequence: None,
            sequences: Vec::new(),
            boot_image: None,
            needs: vec![Need { content, first_used_by: String::new() }],
            objects: Vec::new(),
            problems: Vec::new(),
        }
    }

    #[test]
    fn windows_pe_media_are_refused_and_others_get_a_warning() {
        let index = index(&["a/aux/x", "a/b.txt"], &["what?"]);
        let found = problems(&index, &media(), Some(BootPlatform::WinPe), 3);
        assert_eq!(found.len(), 1);
        assert!(found[0].prevents_build());
        assert!(found[0].message.contains("2 files") && found[0].message.contains("`a/aux/x`"));
        for platform in [Some(BootPlatform::Linux), None] {
            let found = problems(&index, &media(), platform, 3);
            assert_eq!(found[0].severity, Severity::Warning);
            assert!(!found[0].prevents_build());
        }
    }

    #[test]
    fn only_the_first_names_are_shown() {
        let index = index(&["1?", "2?", "3?", "4?"], &[]);
        let found = problems(&index, &media(), None, 3);
        assert!(found[0].message.ends_with("`1?`, `2?`, `3?`, …"), "{}", found[0]);
        let found = problems(&index, &media(), None, 4);
        assert!(found[0].message.ends_with("`3?`, `4?`"), "{}", found[0]);
        assert_eq!(problems(&self::index(&["sound"], &[]), &media(), None, 3), []);
    }
}
