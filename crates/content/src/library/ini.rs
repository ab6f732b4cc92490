use crate::Digest;

/// A text of an INI file: sections of keys and values, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ini {
    /// Section, key and value; what stands before the first section has an empty one.
    entries: Vec<(String, String, String)>,
}

/// What an INI file of a content library lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IniError {
    /// The bytes are no text in any of the known encodings.
    #[error("its text has a byte-order mark of UTF-16 but is none")]
    Encoding,
    /// A key is not there.
    #[error("it has no `{key}` in section `{section}`")]
    Missing {
        /// The section.
        section: &'static str,
        /// The key.
        key: &'static str,
    },
    /// A value cannot be read.
    #[error("its `{key}` is `{value}`")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
}

/// What a library says of a file: a `.INI` of `DataLib`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryFile {
    /// The size in bytes.
    pub size: u64,
    /// The digest, which is also the name in `FileLib`.
    pub digest: Digest,
}

impl Ini {
    /// Reads a file: UTF-16 with a byte-order mark, UTF-8 with or without one, else bytes of an
    /// ANSI code page, of which only the ASCII part is certain.
    ///
    /// Lines that are neither a section nor a key are left out, as are comments.
    pub fn parse(bytes: &[u8]) -> Result<Self, IniError> {
        let text = decode(bytes)?;
        let mut ini = Self::default();
        let mut section = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name.trim().to_owned();
            } else if !line.starts_with([';', '#'])
                && let Some((key, value)) = line.split_once('=')
            {
                let entry = (section.clone(), key.trim().to_owned(), value.trim().to_owned());
                ini.entries.push(entry);
            }
        }
        Ok(ini)
    }

    /// The keys and values of a section, whose name compares without case.
    pub fn section<'i>(&'i self, name: &'i str) -> impl Iterator<Item = (&'i str, &'i str)> {
        self.entries
            .iter()
            .filter(move |(section, ..)| section.eq_ignore_ascii_case(name))
            .map(|(_, key, value)| (key.as_str(), value.as_str()))
    }

    /// The first value whose key begins with `key`, without regard to case.
    ///
    /// Keys may have a suffix: readers of real libraries match `Hash…`.
    fn value(&self, section: &'static str, key: &'static str) -> Result<&str, IniError> {
        let begins =
            |text: &str| text.get(..key.len()).is_some_and(|start| start.eq_ignore_ascii_case(key));
        self.section(section)
            .find(|(found, _)| begins(found))
            .map(|(_, value)| value)
            .ok_or(IniError::Missing { section, key })
    }
}

/// Reads `DataLib/<content id>/…/<name>.INI`.
pub fn library_file(ini: &Ini) -> Result<LibraryFile, IniError> {
    let size = ini.value("File", "Size")?;
    let size = size.parse().map_err(|_| IniError::Value { key: "Size", value: size.to_owned() })?;
    Ok(LibraryFile { size, digest: digest(ini.value("File", "Hash")?)? })
}

/// Reads the directory hash in `DataLib/<content id>.INI`; see [`super::directory_hash`].
pub fn content_hash(ini: &Ini) -> Result<Digest, IniError> {
    digest(ini.value("Info", "Hash")?)
}

/// Reads the content ids in `PkgLib/<package id>.INI`, in their order.
pub fn package_contents(ini: &Ini) -> Vec<String> {
    ini.section("Packages").map(|(id, _)| id.to_owned()).filter(|id| !id.is_empty()).collect()
}

/// Splits a content id into what it is of and its version: `ABC00001.3` is version 3 of
/// `ABC00001`. `None` if it has no version.
pub fn content_version(content: &str) -> Option<(&str, u32)> {
    let (of, version) = content.rsplit_once('.')?;
    Some((of, version.parse().ok()?))
}

fn digest(text: &str) -> Result<Digest, IniError> {
    text.parse().map_err(|_| IniError::Value { key: "Hash", value: text.to_owned() })
}

fn decode(bytes: &[u8]) -> Result<String, IniError> {
    if let Some(bytes) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return utf16(bytes, u16::from_le_bytes);
    }
    if let Some(bytes) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return utf16(bytes, u16::from_be_bytes);
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    Ok(match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Ids and digests are ASCII in every code page; the rest is never used as a name.
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, IniError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(IniError::Encoding);
    }
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| IniError::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF";

    fn file_text() -> String {
        format!("[File]\r\nSize=1234\r\nAttributes=20\r\nTimeModified=133\r\nHash={HASH}\r\n")
    }

    #[test]
    fn every_encoding_gives_the_same_file() {
        let text = file_text();
        let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
            let units = text.encode_utf16().flat_map(bytes);
            mark.into_iter().chain(units).collect::<Vec<u8>>()
        };
        let marked_utf8 = [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat();
        let encodings = [
            text.clone().into_bytes(),
            marked_utf8,
            utf16([0xff, 0xfe], u16::to_le_bytes),
            utf16([0xfe, 0xff], u16::to_be_bytes),
            [text.as_bytes(), b"Owner=M\xfcller\r\n"].concat(),
        ];
        let expected = LibraryFile { size: 1234, digest: HASH.parse().unwrap() };
        for bytes in encodings {
            let ini = Ini::parse(&bytes).unwrap();
            assert_eq!(library_file(&ini), Ok(expected.clone()));
        }
    }

    #[test]
    fn keys_may_have_a_suffix_and_any_case() {
        let ini = Ini::parse(format!("[FILE]\nsize=1\nHash256 = {HASH}").as_bytes()).unwrap();
        assert_eq!(library_file(&ini).unwrap().size, 1);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let parse = |text: &str| library_file(&Ini::parse(text.as_bytes()).unwrap());
        assert_eq!(parse(""), Err(IniError::Missing { section: "File", key: "Size" }));
        let size = IniError::Value { key: "Size", value: "many".into() };
        assert_eq!(parse("[File]\nSize=many"), Err(size));
        let hash = IniError::Value { key: "Hash", value: "12".into() };
        assert_eq!(parse("[File]\nSize=1\nHash=12"), Err(hash));
        assert_eq!(Ini::parse(&[0xff, 0xfe, 0x41]), Err(IniError::Encoding));
        assert_eq!(Ini::parse(&[0xff, 0xfe, 0x00, 0xd8]), Err(IniError::Encoding));
    }

    #[test]
    fn packages_list_their_contents() {
        let text = "[Packages]\nABC00001.2=\nABC00001.10=\nContent_1-2=\n[Info]\nVersion=3\n";
        let ini = Ini::parse(text.as_bytes()).unwrap();
        assert_eq!(package_contents(&ini), ["ABC00001.2", "ABC00001.10", "Content_1-2"]);
        assert_eq!(content_version("ABC00001.10"), Some(("ABC00001", 10)));
        assert_eq!(content_version("Content_1-2"), None);
    }
}
