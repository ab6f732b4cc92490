use super::blobs::{to_blob, visit_entries};
use super::limits::{MAX_IMAGES, MAX_METADATA_BYTES, MAX_XML_BYTES};
use super::resource::read_resource;
use super::xml::{decode_xml, parse_images};
use super::{Blob, BlobIndex, BlobPlace, ImageInfo, ReadAt, ReadError, Statistics, Tree};
use super::{check_inside, read_exact};
use crate::format::bytes::{array, le32};
use crate::format::{
    BlobEntry, HEADER_SIZE, Header, HeaderFlags, MAGIC, PIPABLE_MAGIC, ResourceHeader, Sha1,
    VERSION_DEFAULT, VERSION_SOLID, resource_flags,
};

/// A WIM whose header has been read.
pub struct WimReader<'a> {
    source: &'a dyn ReadAt,
    header: Header,
}

/// What a WIM says of itself, without its directory trees.
#[derive(Clone, Debug)]
pub struct WimInfo {
    /// The length of the file in bytes.
    pub len: u64,
    /// The header.
    pub header: Header,
    /// The images in the order of their numbers; every part of a split WIM names all.
    pub images: Vec<ImageInfo>,
    /// What the blob table says in sum; of a split WIM only of this part.
    pub statistics: Statistics,
}

/// Reads header, blob table and XML data.
///
/// Reads 50 bytes a blob and holds next to nothing of them.
///
/// # Errors
///
/// [`ReadError::NotWim`], [`ReadError::Unfinished`], [`ReadError::Truncated`] if any resource ends
/// behind the end of the file, and others where the structures contradict the format or each other.
pub fn inspect(source: &dyn ReadAt) -> Result<WimInfo, ReadError> {
    let reader = WimReader::open(source)?;
    let statistics = reader.statistics()?;
    let images = reader.images()?;
    if reader.header.has_integrity_table() {
        let table = &reader.header.integrity;
        check_inside(source, "the integrity table", table.offset, table.stored)?;
    }
    Ok(WimInfo { len: source.len(), header: reader.header, images, statistics })
}

impl<'a> WimReader<'a> {
    /// Reads the header and checks it.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotWim`] for files of other kinds, [`ReadError::Unfinished`] for one that is
    /// being written, [`ReadError::Unsupported`] for other versions and for WIMs for pipes.
    pub fn open(source: &'a dyn ReadAt) -> Result<Self, ReadError> {
        let mut bytes = [0; HEADER_SIZE];
        if source.len() < HEADER_SIZE as u64 {
            return Err(too_short(source));
        }
        read_exact(source, HEADER, 0, &mut bytes)?;
        check_magic(&bytes)?;
        let header = Header::from_bytes(&bytes);
        check_header(&header)?;
        Ok(Self { source, header })
    }

    pub(super) fn source(&self) -> &'a dyn ReadAt {
        self.source
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Adds up the blob table.
    ///
    /// # Errors
    ///
    /// If an entry contradicts the format, its resource ends behind the end of the file, or the
    /// first part of a WIM has not one metadata resource for each image.
    pub fn statistics(&self) -> Result<Statistics, ReadError> {
        let mut statistics = Statistics::default();
        visit_entries(self.source, &self.header, &mut |entry| statistics.add(entry))?;
        let (found, stated) = (statistics.metadata_resources, u64::from(self.header.image_count));
        if self.header.part == 1 && found != stated {
            let reason = format!("it has metadata of {found} images, the header counts {stated}");
            let offset = self.header.blob_table.offset;
            return Err(ReadError::malformed("the blob table", offset, reason));
        }
        Ok(statistics)
    }

    /// The XML data as text.
    ///
    /// # Errors
    ///
    /// If it is cut off, is no UTF-16, or has more than 4 MiB.
    pub fn xml(&self) -> Result<String, ReadError> {
        let resource = &self.header.xml;
        let bytes = read_resource(self.source, &self.header, XML, resource, MAX_XML_BYTES)?;
        decode_xml(&bytes, resource.offset)
    }

    /// What the XML data says of each image, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// As [`Self::xml`], or if the text is no XML or counts its images in another way than the
    /// header does.
    pub fn images(&self) -> Result<Vec<ImageInfo>, ReadError> {
        parse_images(&self.xml()?, self.header.xml.offset, self.header.image_count)
    }

    /// The blobs by their digests.
    ///
    /// # Errors
    ///
    /// As [`Self::statistics`].
    pub fn blobs(&self) -> Result<BlobIndex, ReadError> {
        BlobIndex::new(|blobs| {
            visit_entries(self.source, &self.header, &mut |entry| {
                if !entry.is_solid_resource() && !entry.resource.is_metadata() {
                    blobs.push(to_blob(entry));
                }
            })
        })
    }

    /// Gives every entry of the blob table that counts to `visit`.
    pub(crate) fn visit_entries(&self, visit: &mut dyn FnMut(&BlobEntry)) -> Result<(), ReadError> {
        visit_entries(self.source, &self.header, visit)
    }

    /// The bytes of a blob of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`ReadError::Limit`] for a longer one, [`ReadError::Unsupported`] for one in a solid resource
    /// and, without the feature `libwim`, for a compressed one, and others if its bytes cannot be
    /// read or do not have its digest.
    pub fn read_blob(&self, blob: &Blob, limit: u64) -> Result<Vec<u8>, ReadError> {
        let structure = "the resource";
        let (offset, stored, flags) = match blob.place {
            BlobPlace::Plain { offset } => (offset, blob.len, 0),
            BlobPlace::Compressed { offset, stored } => {
                (offset, stored, resource_flags::COMPRESSED)
            }
            BlobPlace::Solid => {
                let reason = "it is compressed together with others".to_owned();
                return Err(ReadError::Unsupported { structure, offset: 0, reason });
            }
        };
        let resource = ResourceHeader { stored, flags, offset, original: blob.len };
        let bytes = read_resource(self.source, &self.header, structure, &resource, limit)?;
        let (found, sha1) = (Sha1::of(&bytes), blob.sha1);
        if found != sha1 {
            let reason = format!("it has SHA-1 {found}, but the blob table states {sha1}");
            return Err(ReadError::malformed(structure, offset, reason));
        }
        Ok(bytes)
    }

    /// The directory tree of the image with this number; the first has 1.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoSuchImage`], [`ReadError::NotFirstPart`] for the other parts of a split WIM,
    /// [`ReadError::Unsupported`] for compressed metadata without the feature `libwim`, and others
    /// if the metadata is damaged: its digest is compared.
    pub fn tree(&self, image: u32) -> Result<Tree, ReadError> {
        let count = self.header.image_count;
        if image == 0 || image > count {
            return Err(ReadError::NoSuchImage { index: image, count });
        }
        let (resource, sha1) = self.metadata_resource(image)?;
        let (limit, structure) = (MAX_METADATA_BYTES, "the metadata resource");
        let bytes = read_resource(self.source, &self.header, structure, &resource, limit)?;
        let found = Sha1::of(&bytes);
        if found != sha1 {
            let reason = format!("it has SHA-1 {found}, but the blob table states {sha1}");
            return Err(ReadError::malformed(structure, resource.offset, reason));
        }
        Ok(Tree::new(image, bytes))
    }

    /// Metadata resources belong to images in the order of the blob table.
    fn metadata_resource(&self, image: u32) -> Result<(ResourceHeader, Sha1), ReadError> {
        let mut number = 0;
        let mut found = None;
        visit_entries(self.source, &self.header, &mut |entry: &BlobEntry| {
            if entry.resource.is_metadata() && !entry.resource.is_solid() {
                number += 1;
                if number == image {
                    found = Some((entry.resource, entry.sha1));
                }
            }
        })?;
        let Header { part, parts, ref blob_table, .. } = self.header;
        found.ok_or_else(|| match part {
            1 => {
                let reason = format!("it has no metadata of image {image}");
                ReadError::malformed("the blob table", blob_table.offset, reason)
            }
            _ => ReadError::NotFirstPart { part, parts },
        })
    }
}

const HEADER: &str = "the header";
const XML: &str = "the XML data";

/// A file that begins as a WIM and is cut in its header is truncated; any other is no WIM.
fn too_short(source: &dyn ReadAt) -> ReadError {
    let mut magic = [0; 8];
    match read_exact(source, HEADER, 0, &mut magic) {
        Ok(()) if magic == MAGIC => {
            ReadError::Truncated { structure: HEADER, offset: 0, len: HEADER_SIZE as u64 }
        }
        _ => ReadError::NotWim { reason: "it is shorter than the header of a WIM" },
    }
}

fn check_magic(bytes: &[u8; HEADER_SIZE]) -> Result<(), ReadError> {
    let magic: [u8; 8] = array(bytes, 0);
    if magic == PIPABLE_MAGIC {
        let reason = "WIMs for pipes, which only wimlib reads, are not supported".to_owned();
        return Err(ReadError::Unsupported { structure: HEADER, offset: 0, reason });
    }
    if magic != MAGIC {
        return Err(ReadError::NotWim { reason: "it does not begin with `MSWIM`" });
    }
    let size = le32(bytes, 8);
    if size as usize != HEADER_SIZE {
        let reason = format!("it says it has {size} bytes; all known WIMs have {HEADER_SIZE}");
        return Err(ReadError::malformed(HEADER, 0, reason));
    }
    Ok(())
}

fn check_header(header: &Header) -> Result<(), ReadError> {
    let malformed = |reason: String| Err(ReadError::malformed(HEADER, 0, reason));
    if !matches!(header.version, VERSION_DEFAULT | VERSION_SOLID) {
        let reason = format!("version {:#x} is not supported", header.version);
        return Err(ReadError::Unsupported { structure: HEADER, offset: 0, reason });
    }
    if header.flags.has(HeaderFlags::WRITE_IN_PROGRESS) {
        return Err(ReadError::Unfinished);
    }
    if header.algorithm().is_none() {
        return malformed(format!("its flags {:#x} name no algorithm", header.flags.0));
    }
    if header.part == 0 || header.part > header.parts {
        return malformed(format!("it is part {} of {}", header.part, header.parts));
    }
    if header.image_count > MAX_IMAGES {
        let (limit, what) = (u64::from(MAX_IMAGES), "images");
        return Err(ReadError::Limit { structure: HEADER, offset: 0, limit, what });
    }
    if header.boot_index > header.image_count {
        let (index, count) = (header.boot_index, header.image_count);
        return malformed(format!("image {index} of {count} is the one that starts"));
    }
    Ok(())
}
