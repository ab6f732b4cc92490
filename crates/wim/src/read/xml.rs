//! The XML data: what people and Windows say of the images.

use std::fmt;

use roxmltree::{Document, Node, ParsingOptions};

use super::ReadError;
use super::limits::{MAX_IMAGES, MAX_XML_NODES};
use crate::Filetime;

const XML: &str = "the XML data";

/// What the XML data says of an image. Whatever it does not say is None.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageInfo {
    /// The image's number, from 1 on.
    pub index: u32,
    /// The name.
    pub name: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The name that Setup shows.
    pub display_name: Option<String>,
    /// The description that Setup shows.
    pub display_description: Option<String>,
    /// What the image is for, such as an edition.
    pub flags: Option<String>,
    /// The directories, the root included.
    pub directories: Option<u64>,
    /// The files.
    pub files: Option<u64>,
    /// The bytes of all files.
    pub total_bytes: Option<u64>,
    /// The bytes of files that are further names of others.
    pub hard_link_bytes: Option<u64>,
    /// When the image was made.
    pub created: Option<Filetime>,
    /// When it was last changed.
    pub modified: Option<Filetime>,
    /// What Windows says of itself, if there is a Windows in the image.
    pub windows: Option<WindowsInfo>,
}

/// What Windows says of itself. Whatever it does not say is None.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowsInfo {
    /// The processors it runs on.
    pub architecture: Option<Architecture>,
    /// The name of the product.
    pub product_name: Option<String>,
    /// The edition, such as `Professional` or `WindowsPE`.
    pub edition: Option<String>,
    /// What it was installed as, such as `Client`.
    pub installation_type: Option<String>,
    /// The version: major, minor, build and service pack build, as far as they are stated.
    pub version: Option<String>,
    /// The languages, the default one first.
    pub languages: Vec<String>,
}

/// The processors that a Windows runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// Intel, 32 bits.
    X86,
    /// ARM, 32 bits.
    Arm,
    /// Itanium.
    Ia64,
    /// AMD and Intel, 64 bits.
    X64,
    /// ARM, 64 bits.
    Arm64,
    /// Another one, by the number that Windows has for it.
    Other(u32),
}

impl Architecture {
    fn from_number(number: u32) -> Self {
        match number {
            0 => Self::X86,
            5 => Self::Arm,
            6 => Self::Ia64,
            9 => Self::X64,
            12 => Self::Arm64,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X86 => f.write_str("x86"),
            Self::Arm => f.write_str("arm"),
            Self::Ia64 => f.write_str("ia64"),
            Self::X64 => f.write_str("x64"),
            Self::Arm64 => f.write_str("arm64"),
            Self::Other(number) => write!(f, "processor {number}"),
        }
    }
}

/// Makes text of XML data: UTF-16, little-endian, usually with a byte order mark.
pub(crate) fn decode_xml(bytes: &[u8], offset: u64) -> Result<String, ReadError> {
    let (units, rest) = bytes.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        // Some writers end it with a zero.
        Ok(text) if rest.is_empty() => {
            Ok(text.trim_start_matches('\u{feff}').trim_end_matches('\0').to_owned())
        }
        _ => Err(ReadError::malformed(XML, offset, "it is no UTF-16 text")),
    }
}

/// The images of XML data, which must be those from 1 to `count`.
pub(super) fn parse_images(
    text: &str,
    offset: u64,
    count: u32,
) -> Result<Vec<ImageInfo>, ReadError> {
    let malformed = |reason: String| ReadError::malformed(XML, offset, reason);
    // Without document types there are no entities, so text cannot grow.
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: MAX_XML_NODES, ..Default::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| malformed(format!("it is no XML: {error}")))?;
    let elements = document.root_element().children().filter(|node| node.has_tag_name("IMAGE"));
    let mut images: Vec<ImageInfo> = elements
        .take(MAX_IMAGES as usize + 1)
        .map(|element| image(element).ok_or_else(|| malformed("an image has no number".to_owned())))
        .collect::<Result<_, _>>()?;
    images.sort_by_key(|image| image.index);
    if !images.iter().map(|image| image.index).eq(1..=count) {
        let numbers: Vec<String> =
            images.iter().take(10).map(|image| image.index.to_string()).collect();
        let reason = format!(
            "it describes {} images ({}), the header counts {count}",
            images.len(),
            numbers.join(", ")
        );
        return Err(malformed(reason));
    }
    Ok(images)
}

fn image(element: Node<'_, '_>) -> Option<ImageInfo> {
    let text = |name| child(element, name).and_then(text_of);
    let number = |name| child(element, name).and_then(text_of)?.parse().ok();
    Some(ImageInfo {
        index: element.attribute("INDEX")?.trim().parse().ok()?,
        name: text("NAME"),
        description: text("DESCRIPTION"),
        display_name: text("DISPLAYNAME"),
        display_description: text("DISPLAYDESCRIPTION"),
        flags: text("FLAGS"),
        directories: number("DIRCOUNT"),
        files: number("FILECOUNT"),
        total_bytes: number("TOTALBYTES"),
        hard_link_bytes: number("HARDLINKBYTES"),
        created: child(element, "CREATIONTIME").and_then(time),
        modified: child(element, "LASTMODIFICATIONTIME").and_then(time),
        windows: child(element, "WINDOWS").map(windows),
    })
}

fn windows(element: Node<'_, '_>) -> WindowsInfo {
    let text = |name| child(element, name).and_then(text_of);
    let languages = child(element, "LANGUAGES");
    let default = languages.and_then(|node| child(node, "DEFAULT")).and_then(text_of);
    let others = languages.into_iter().flat_map(|node| node.children());
    let others = others.filter(|node| node.has_tag_name("LANGUAGE")).filter_map(text_of);
    let others: Vec<String> = others.filter(|other| Some(other) != default.as_ref()).collect();
    WindowsInfo {
        architecture: text("ARCH")
            .and_then(|number| number.parse().ok())
            .map(Architecture::from_number),
        product_name: text("PRODUCTNAME"),
        edition: text("EDITIONID"),
        installation_type: text("INSTALLATIONTYPE"),
        version: child(element, "VERSION").and_then(version),
        languages: default.into_iter().chain(others).collect(),
    }
}

fn version(element: Node<'_, '_>) -> Option<String> {
    let parts = ["MAJOR", "MINOR", "BUILD", "SPBUILD"].map(|name| child(element, name));
    let parts: Vec<String> = parts.into_iter().map_while(|part| part.and_then(text_of)).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

fn time(element: Node<'_, '_>) -> Option<Filetime> {
    let half = |name| {
        let text = child(element, name).and_then(text_of)?;
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(&text);
        u32::from_str_radix(digits, 16).ok()
    };
    Some(Filetime(u64::from(half("HIGHPART")?) << 32 | u64::from(half("LOWPART")?)))
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn text_of(node: Node<'_, '_>) -> Option<String> {
    let text: String = node.children().filter_map(|child| child.text()).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<WIM><TOTALBYTES>9</TOTALBYTES>\
        <IMAGE INDEX=\"2\"><NAME>second</NAME></IMAGE>\
        <IMAGE INDEX=\"1\"><DIRCOUNT>3</DIRCOUNT><FILECOUNT>7</FILECOUNT>\
        <TOTALBYTES>123456789012</TOTALBYTES><HARDLINKBYTES>5</HARDLINKBYTES>\
        <CREATIONTIME><HIGHPART>0x01DA1767</HIGHPART><LOWPART>0x87D33800</LOWPART></CREATIONTIME>\
        <NAME>Windows &amp; more</NAME><DESCRIPTION/>\
        <WINDOWS><ARCH>9</ARCH><EDITIONID>Professional</EDITIONID>\
        <VERSION><MAJOR>10</MAJOR><MINOR>0</MINOR><BUILD>22621</BUILD><SPBUILD>1</SPBUILD>\
        <SPLEVEL>0</SPLEVEL></VERSION>\
        <LANGUAGES><LANGUAGE>de-DE</LANGUAGE><LANGUAGE>en-US</LANGUAGE><DEFAULT>en-US</DEFAULT>\
        </LANGUAGES></WINDOWS></IMAGE></WIM>";

    #[test]
    fn what_is_said_is_read_and_what_is_not_is_none() {
        let images = parse_images(TEXT, 0, 2).unwrap();
        let [first, second] = &images[..] else { panic!("two images: {images:?}") };
        assert_eq!(first.name.as_deref(), Some("Windows & more"));
        assert_eq!(first.description, None, "an empty element says nothing");
        assert_eq!((first.directories, first.files), (Some(3), Some(7)));
        assert_eq!(first.total_bytes, Some(123_456_789_012));
        assert_eq!(first.created.unwrap().to_string(), "2023-11-15T02:00:38Z");
        let windows = first.windows.as_ref().unwrap();
        assert_eq!(windows.architecture, Some(Architecture::X64));
        assert_eq!(windows.version.as_deref(), Some("10.0.22621.1"));
        assert_eq!(windows.languages, ["en-US", "de-DE"]);
        let expected =
            ImageInfo { index: 2, name: Some("second".to_owned()), ..ImageInfo::default() };
        assert_eq!(second, &expected);
    }

    #[test]
    fn other_images_than_the_header_counts_are_refused() {
        for count in [0, 1, 3] {
            let message = parse_images(TEXT, 77, count).unwrap_err().to_string();
            let expected = format!(
                "the XML data at byte 77: it describes 2 images (1, 2), the header counts {count}"
            );
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn entities_are_refused() {
        let bomb = "<!DOCTYPE WIM [<!ENTITY a \"aaaa\">]><WIM>&a;</WIM>";
        assert!(parse_images(bomb, 0, 0).unwrap_err().to_string().contains("no XML"));
    }

    #[test]
    fn half_a_character_is_no_text() {
        let bytes: Vec<u8> = "<WIM/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode_xml(&bytes, 0).unwrap(), "<WIM/>");
        assert!(decode_xml(&bytes[..5], 0).is_err());
        assert!(decode_xml(&[0x00, 0xd8], 0).is_err(), "a lone surrogate");
    }
}
