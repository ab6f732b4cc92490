//! Shows a WIM as text, each line with the offset of what it shows.
//!
//! For people who look into a WIM, and for tests whose expectations can be read.

use std::fmt::{self, Write};
use std::ops::ControlFlow;

use crate::format::{Header, ResourceHeader};
use crate::read::{
    BlobIndex, BlobPlace, Entry, ImageInfo, ReadAt, ReadError, Statistics, WimReader,
};

/// What a dump shows.
#[derive(Clone, Copy, Debug)]
pub struct DumpOptions {
    /// Whether every blob is shown; the default is yes.
    pub blobs: bool,
    /// Whether the entries of every directory tree are shown; the default is yes.
    pub files: bool,
}

impl Default for DumpOptions {
    fn default() -> Self {
        Self { blobs: true, files: true }
    }
}

/// Appends the dump of a WIM to `out`, one structure a line: `+` and the offset in the file in
/// hexadecimal digits, then what it is and its fields. Entries of a directory tree have no offset
/// in the file, and are indented instead.
///
/// What cannot be read is shown as a line that says why; the rest is shown all the same. Err only
/// if `out` takes no more.
pub fn dump(source: &dyn ReadAt, options: &DumpOptions, out: &mut dyn Write) -> fmt::Result {
    let mut dump = Dump { out };
    let reader = match WimReader::open(source) {
        Ok(reader) => reader,
        Err(error) => return dump.error(&error),
    };
    dump.header(reader.header())?;
    let table = reader.header().blob_table.offset;
    match reader.statistics() {
        Ok(statistics) => dump.statistics(table, &statistics)?,
        Err(error) => dump.error(&error)?,
    }
    let blobs = dump.blob_index(&reader, options)?;
    match reader.images() {
        Ok(images) => {
            images.iter().try_for_each(|image| dump.image(reader.header().xml.offset, image))?
        }
        Err(error) => dump.error(&error)?,
    }
    if options.files && reader.header().part == 1 {
        (1..=reader.header().image_count)
            .try_for_each(|image| dump.tree(&reader, image, &blobs))?;
    }
    Ok(())
}

/// Returns the dump of a WIM as one text.
pub fn dump_to_string(source: &dyn ReadAt, options: &DumpOptions) -> String {
    let mut text = String::new();
    dump(source, options, &mut text).expect("because a String takes whatever is written");
    text
}

struct Dump<'a> {
    out: &'a mut dyn Write,
}

impl Dump<'_> {
    fn line(&mut self, offset: u64, text: fmt::Arguments<'_>) -> fmt::Result {
        writeln!(self.out, "+{offset:08x} {text}")
    }

    fn error(&mut self, error: &ReadError) -> fmt::Result {
        self.line(error.offset().unwrap_or(0), format_args!("ERROR {error}"))
    }

    fn header(&mut self, header: &Header) -> fmt::Result {
        let algorithm = header.algorithm().map_or("unknown", |algorithm| algorithm.name());
        self.line(
            0,
            format_args!(
                "header version={:#x} flags={:#x} compression={algorithm} chunk={} guid={} \
                 part={}/{} images={} boot={}",
                header.version,
                header.flags.0,
                header.chunk_size,
                header.guid,
                header.part,
                header.parts,
                header.image_count,
                header.boot_index
            ),
        )?;
        self.resource("blob table", &header.blob_table)?;
        self.resource("XML data", &header.xml)?;
        self.resource("boot metadata", &header.boot_metadata)?;
        self.resource("integrity table", &header.integrity)
    }

    fn resource(&mut self, name: &str, resource: &ResourceHeader) -> fmt::Result {
        if *resource == ResourceHeader::default() {
            return writeln!(self.out, "          {name}: none");
        }
        let ResourceHeader { stored, flags, offset, original } = resource;
        self.line(
            *offset,
            format_args!("{name} stored={stored} original={original} flags={flags:#x}"),
        )
    }

    fn statistics(&mut self, offset: u64, statistics: &Statistics) -> fmt::Result {
        self.line(
            offset,
            format_args!(
                "blobs={} references={} bytes={} referenced={} stored={} solid={} metadata={}",
                statistics.blobs,
                statistics.references,
                statistics.blob_bytes,
                statistics.referenced_bytes,
                statistics.stored_bytes,
                statistics.solid_resources,
                statistics.metadata_stored_bytes
            ),
        )
    }

    fn blob_index(
        &mut self,
        reader: &WimReader<'_>,
        options: &DumpOptions,
    ) -> Result<BlobIndex, fmt::Error> {
        if !options.blobs && !options.files {
            return Ok(BlobIndex::default());
        }
        // What is wrong with the table stands in the line of its sums.
        let blobs = reader.blobs().unwrap_or_default();
        for blob in blobs.blobs().iter().filter(|_| options.blobs) {
            let offset = match blob.place {
                BlobPlace::Plain { offset } | BlobPlace::Compressed { offset, .. } => offset,
                BlobPlace::Solid => 0,
            };
            let place = match blob.place {
                BlobPlace::Plain { .. } => "plain".to_owned(),
                BlobPlace::Compressed { stored, .. } => format!("compressed={stored}"),
                BlobPlace::Solid => "solid".to_owned(),
            };
            let (sha1, len, references) = (blob.sha1, blob.len, blob.references);
            self.line(
                offset,
                format_args!("blob {sha1} len={len} {place} references={references}"),
            )?;
        }
        Ok(blobs)
    }

    fn image(&mut self, offset: u64, image: &ImageInfo) -> fmt::Result {
        let mut text = format!("image {}", image.index);
        let mut field = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!(" {name}={}", value.escape_debug()));
            }
        };
        let quoted = |value: &Option<String>| value.as_ref().map(|value| format!("`{value}`"));
        field("name", quoted(&image.name));
        field("description", quoted(&image.description));
        field("display-name", quoted(&image.display_name));
        field("display-description", quoted(&image.display_description));
        field("flags", quoted(&image.flags));
        let numbers = [
            ("directories", image.directories),
            ("files", image.files),
            ("bytes", image.total_bytes),
            ("hard-link-bytes", image.hard_link_bytes),
        ];
        for (name, number) in numbers {
            field(name, number.map(|number| number.to_string()));
        }
        field("created", image.created.map(|time| time.to_string()));
        field("modified", image.modified.map(|time| time.to_string()));
        if let Some(windows) = &image.windows {
            field("architecture", windows.architecture.map(|value| value.to_string()));
            field("product", quoted(&windows.product_name));
            field("edition", quoted(&windows.edition));
            field("installation", quoted(&windows.installation_type));
            field("version", windows.version.clone());
            field("languages", Some(windows.languages.join(",")));
        }
        self.line(offset, format_args!("{text}"))
    }

    fn tree(&mut self, reader: &WimReader<'_>, image: u32, blobs: &BlobIndex) -> fmt::Result {
        writeln!(self.out, "          tree of image {image}")?;
        let mut written = Ok(());
        let walked = reader.tree(image).and_then(|tree| {
            tree.walk(&mut |entry| {
                written = self.entry(entry, blobs);
                if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
        });
        written?;
        walked.or_else(|error| self.error(&error))
    }

    fn entry(&mut self, entry: &Entry, blobs: &BlobIndex) -> fmt::Result {
        let path = entry.path.escape_debug();
        let (attributes, written) = (entry.attributes, entry.written);
        write!(self.out, "            /{path} attributes={attributes:#x} written={written}")?;
        if let Some(sha1) = entry.sha1 {
            write!(self.out, " sha1={sha1}")?;
            match blobs.get(sha1) {
                Some(blob) => write!(self.out, " len={}", blob.len)?,
                None => write!(self.out, " elsewhere")?,
            }
        }
        if let Some(tag) = entry.reparse_tag {
            write!(self.out, " reparse={tag:#x}")?;
        }
        if entry.link_group != 0 {
            write!(self.out, " link-group={}", entry.link_group)?;
        }
        for stream in &entry.streams {
            write!(self.out, " stream=`{}`", stream.name.escape_debug())?;
        }
        writeln!(self.out)
    }
}
