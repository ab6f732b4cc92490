//! What bounds the work on a hostile file.

/// Images of one WIM: as many as libwim takes. A real file has fewer than fifty.
pub(crate) const MAX_IMAGES: u32 = 65_535;

/// Entries of a blob table: four times the million files that an image is promised to hold. An
/// index of that many takes about 200 MB, as much as the table itself.
pub(crate) const MAX_BLOBS: u64 = 4 * 1024 * 1024;

/// Bytes of the XML data: Windows writes about 4 KiB an image, so this is a thousand images; a
/// document tree takes some ten times its text.
pub(crate) const MAX_XML_BYTES: u64 = 4 * 1024 * 1024;

/// Nodes of the XML document: an element takes at least eight bytes of UTF-16 text, and Windows
/// writes some sixty an image.
pub(crate) const MAX_XML_NODES: u32 = 256 * 1024;

/// Bytes of the metadata of one image: 200 to 300 bytes a file make this two million files.
pub(crate) const MAX_METADATA_BYTES: u64 = 512 * 1024 * 1024;

/// Directories inside each other. A Windows path of 260 characters has at most 130 parts; the
/// bound keeps the path of every entry, and so the time, small on a file that is one long chain.
pub(crate) const MAX_DEPTH: usize = 512;

/// Bytes of a name in UTF-16: NTFS takes 255 units.
pub(crate) const MAX_NAME_BYTES: usize = 510;

/// Bytes that are decompressed at once: solid resources have chunks of this class, metadata has
/// smaller ones.
#[cfg(feature = "libwim")]
pub(crate) const MAX_CHUNK_BYTES: u32 = 64 * 1024 * 1024;
