//! Which names Windows can hold: packages made for Linux carry some that it cannot.

/// Whether a file or folder on Windows can have this name.
///
/// The rule is that of "Naming Files, Paths, and Namespaces" in Microsoft's documentation of
/// Win32: no control characters, none of `<>:"/\|?*`, no space or full stop at the end, and no
/// device name such as `AUX`, with or without an extension.
pub fn is_possible(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_uppercase();
    !name.is_empty()
        && !name.contains(|c: char| c.is_control() || r#"<>:"/\|?*"#.contains(c))
        && !name.ends_with([' ', '.'])
        && !is_device(&stem)
}

fn is_device(stem: &str) -> bool {
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']))
    };
    matches!(stem, "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

/// The form in which Windows compares names: two with the same form cannot lie in one folder.
pub fn folded(name: &str) -> String {
    name.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_and_forbidden_characters_are_not_possible() {
        for name in ["aux.h", "CON", "com1.txt", "a:b", "end.", "end ", "tab\t", ""] {
            assert!(!is_possible(name), "{name:?}");
        }
        for name in ["auxiliary.h", "com10", "com", "a b", ".profile", "Ä😀"] {
            assert!(is_possible(name), "{name:?}");
        }
    }

    #[test]
    fn names_that_differ_only_in_case_fold_to_one() {
        assert_eq!(folded("xt_CONNMARK.h"), folded("xt_connmark.h"));
    }
}
