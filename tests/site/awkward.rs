//! Names to try every tool with.

/// Names that some file system or tool is known to get wrong, all legal on Windows.
pub const AWKWARD: [&str; 12] = [
    "UPPER.TXT",
    "lower case with blanks.txt",
    "no-extension",
    ".hidden",
    "two.dots.in.name",
    "semicolon;1.txt",
    "brackets[1]{2}(3).txt",
    "ümläut-ß-日本語.txt",
    "emoji-😀-pair.txt",
    "a-name-that-is-far-longer-than-the-sixty-four-characters-that-joliet-takes-1.bin",
    "a-name-that-is-far-longer-than-the-sixty-four-characters-that-joliet-takes-2.bin",
    "deep/er/and/deep/er/and/deep/er/and/deep/er/and/deeper/file.txt",
];
