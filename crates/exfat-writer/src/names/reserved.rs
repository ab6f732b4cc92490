//! Names that Windows takes for devices.

/// The devices, in upper case. Windows takes the superscript digits for digits.
const DEVICES: [&str; 30] = [
    "AUX", "CON", "CONIN$", "CONOUT$", "NUL", "PRN", "COM1", "COM2", "COM3", "COM4", "COM5",
    "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5",
    "LPT6", "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³",
];

/// The device that Windows opens instead of a file of this name: whatever the case, and whatever
/// extension follows.
pub(super) fn device(name: &str) -> Option<&'static str> {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem).trim_end_matches(' ');
    DEVICES.into_iter().find(|device| device.eq_ignore_ascii_case(stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_extension_do_not_matter() {
        for (name, expected) in [
            ("CON", Some("CON")),
            ("aux.h", Some("AUX")),
            ("lpt9.a.b", Some("LPT9")),
            ("COM².txt", Some("COM²")),
            ("conout$", Some("CONOUT$")),
            ("COM0", None),
            ("COM", None),
            ("a.con", None),
            (" con", None),
        ] {
            assert_eq!(device(name), expected, "{name}");
        }
    }
}
