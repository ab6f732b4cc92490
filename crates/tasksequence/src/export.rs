//! Exported task sequences: a zip file with one `object.xml` for each sequence.
//!
//! The container follows the Open Packaging Conventions; the objects are CIM-XML. Everything happens in
//! memory: [`read()`] takes the bytes of the file, [`write()`] returns them.

mod archive;
mod cim;
mod info;
mod object;
mod write;

pub use archive::{MAX_ENTRIES, MAX_ENTRY_BYTES};
pub use cim::{Property, PropertyValue};
pub use info::{ApplicationInfo, ContentInfo, ContentType};
pub use object::{ObjectReference, SequenceObject};
pub use write::write;

use crate::encoding::{self, EncodingError};
use crate::problem::{Place, Problem};
use crate::reference::{Reference, ReferenceKind, ReferenceUse, is_package_id};
use crate::sequence::{ParseError, TaskSequence};
use crate::xml::{self, XmlError};
use archive::Archive;

/// The folder that holds one folder a sequence.
const FOLDER: &str = "SMS_TaskSequencePackage";

/// An exported file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Export {
    /// The sequences in the order of the file.
    pub sequences: Vec<ExportedSequence>,
    /// The authoring scope of the site, such as `ScopeId_…`; empty when the file does not say.
    pub scope: String,
    /// The administrator's comment, empty when there is none.
    pub comment: String,
}

/// One exported sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedSequence {
    /// The properties of the sequence package, without those of the system.
    pub object: SequenceObject,
    /// The sequence.
    pub sequence: TaskSequence,
    /// What the file says about referenced packages and images.
    pub contents: Vec<ContentInfo>,
    /// What the file says about referenced applications.
    pub applications: Vec<ApplicationInfo>,
    /// Oddities that reading the sequence found.
    pub problems: Vec<Problem>,
}

/// A reason why a file is not taken as an export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The bytes are not a zip file, or a damaged one.
    #[error("the file is no readable zip file")]
    Archive(#[source] zip::result::ZipError),
    /// The file has more entries than [`MAX_ENTRIES`].
    #[error("the file has `{count}` entries, more than the limit of `{MAX_ENTRIES}`")]
    TooManyEntries {
        /// How many it has.
        count: usize,
    },
    /// Two entries have the same name.
    #[error("the file has two entries of the same name")]
    DuplicateNames,
    /// An entry's name leads out of the file.
    #[error("entry `{name}` has an unsafe name")]
    UnsafeName {
        /// The name.
        name: String,
    },
    /// An entry is larger than [`MAX_ENTRY_BYTES`].
    #[error("entry `{name}` is larger than the limit of `{MAX_ENTRY_BYTES}` bytes")]
    EntryTooLarge {
        /// Its name.
        name: String,
    },
    /// The entries together are larger than the limit.
    #[error("the entries of the file are together larger than `{max}` bytes")]
    TooLarge {
        /// The limit in bytes.
        max: u64,
    },
    /// An entry cannot be unpacked, or its checksum is wrong.
    #[error("entry `{name}` cannot be read")]
    Entry {
        /// Its name.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// An entry is not text.
    #[error("entry `{name}` is not text")]
    Encoding {
        /// Its name.
        name: String,
        /// Why.
        source: EncodingError,
    },
    /// An entry is not XML.
    #[error("entry `{name}` is not XML")]
    Xml {
        /// Its name.
        name: String,
        /// Why.
        source: XmlError,
    },
    /// An object is not a sequence package, or lacks what one must have.
    #[error("entry `{name}` is no task sequence package: {message}")]
    Object {
        /// The name of the entry.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// The sequence inside an object cannot be read.
    #[error("the task sequence in `{name}` cannot be read")]
    Sequence {
        /// The name of the entry.
        name: String,
        /// Why.
        source: ParseError,
    },
    /// The file holds no sequence.
    #[error("the file holds no task sequence")]
    NoSequence,
    /// A sequence cannot be written under its id.
    #[error("`{id}` is no package id")]
    BadId {
        /// The id.
        id: String,
    },
}

/// Reads an exported file from its bytes.
///
/// `Err` for a file that is damaged, hostile (unsafe names, too many or too large entries) or no export.
pub fn read(bytes: &[u8]) -> Result<Export, ExportError> {
    let mut archive = Archive::open(bytes)?;
    let mut export = Export::default();
    for name in archive.names() {
        let mut parts = name.split('/');
        let is_object = parts.next().is_some_and(|part| part.eq_ignore_ascii_case(FOLDER))
            && parts.next().is_some_and(|part| !part.is_empty())
            && parts.next().is_some_and(|part| part.eq_ignore_ascii_case("object.xml"))
            && parts.next().is_none();
        if is_object {
            export.sequences.push(sequence(&mut archive, &name)?);
        }
    }
    if export.sequences.is_empty() {
        return Err(ExportError::NoSequence);
    }
    if let Some(text) = text(&mut archive, "Manifest.xml")? {
        export.scope = info::scope(&document("Manifest.xml", &text)?);
    }
    let properties = archive.names().into_iter().find(|name| name.ends_with(".psmdcp"));
    if let Some(name) = properties
        && let Some(text) = text(&mut archive, &name)?
    {
        export.comment = info::comment(&document(&name, &text)?);
    }
    Ok(export)
}

fn sequence(archive: &mut Archive<'_>, name: &str) -> Result<ExportedSequence, ExportError> {
    let no_object =
        |message: &str| ExportError::Object { name: name.to_owned(), message: message.to_owned() };
    let text_of_object = text(archive, name)?.ok_or(ExportError::NoSequence)?;
    let (object, inner) =
        SequenceObject::of(&document(name, &text_of_object)?).map_err(no_object)?;
    let inner = inner.ok_or_else(|| no_object("it has no property `Sequence`"))?;
    if !is_package_id(object.id()) {
        return Err(ExportError::BadId { id: object.id().to_owned() });
    }
    let (sequence, problems) = TaskSequence::parse(inner.trim())
        .map_err(|source| ExportError::Sequence { name: name.to_owned(), source })?;
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut exported = ExportedSequence {
        object,
        sequence,
        contents: Vec::new(),
        applications: Vec::new(),
        problems,
    };
    let side = format!("{folder}/ReferencesInfo.xml");
    if let Some(text) = text(archive, &side)? {
        exported.contents = info::contents(&side, &document(&side, &text)?)?;
    }
    let side = format!("{folder}/AppReferencesInfo.xml");
    if let Some(text) = text(archive, &side)? {
        exported.applications = info::applications(&side, &document(&side, &text)?)?;
    }
    Ok(exported)
}

fn text(archive: &mut Archive<'_>, name: &str) -> Result<Option<String>, ExportError> {
    let Some(bytes) = archive.read(name)? else { return Ok(None) };
    let text = encoding::decode(&bytes);
    text.map(Some).map_err(|source| ExportError::Encoding { name: name.to_owned(), source })
}

fn document(name: &str, text: &str) -> Result<xml::Document, ExportError> {
    xml::parse(text).map_err(|source| ExportError::Xml { name: name.to_owned(), source })
}

impl ExportedSequence {
    /// Makes an export of a sequence with the properties that an import needs.
    pub fn new(id: &str, name: &str, boot_image: Option<&str>, sequence: TaskSequence) -> Self {
        let object = SequenceObject::new(id, name, boot_image, &sequence);
        Self {
            object,
            sequence,
            contents: Vec::new(),
            applications: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Lists what the sequence references, the boot image last, with the kinds that the file knows.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = self.sequence.references();
        for reference in &mut references {
            let info = self.contents.iter().find(|c| c.id.eq_ignore_ascii_case(&reference.id));
            match info.map(|info| info.content_type) {
                Some(ContentType::TaskSequence) => reference.kind = ReferenceKind::TaskSequence,
                Some(ContentType::BootImage) => reference.kind = ReferenceKind::BootImage,
                _ => {}
            }
        }
        if let Some(id) = self.object.boot_image() {
            let source = "BootImageID";
            let place = Place::document(source);
            let used = ReferenceUse { place, source, program: None, enabled: true };
            references.push(Reference {
                id: id.to_owned(),
                kind: ReferenceKind::BootImage,
                program: None,
                enabled: true,
                uses: vec![used],
            });
        }
        references
    }
}
