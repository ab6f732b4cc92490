use std::collections::HashSet;

use super::element::Reader;
use super::split::{element, split};
use super::write::{escape, root};
use super::{DocumentError, objects};
use crate::{CatalogObject, ContentId};

/// The document `SMS/data/policy.xml`: the task sequences, and what their steps install.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDocument {
    /// The task sequence to run and those that it runs, the first one first.
    pub sequences: Vec<PolicySequence>,
    /// The packages and applications, as [`CatalogObject::for_target`] gives them. Objects of
    /// other kinds are not written: of them a target needs the files alone.
    pub objects: Vec<CatalogObject>,
}

/// A task sequence of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySequence {
    /// Its id.
    pub id: ContentId,
    /// Its name.
    pub name: String,
    /// The boot image that the media start.
    pub boot_image: Option<ContentId>,
    /// Its document: the element `sequence` as it is written, without an XML declaration. It is
    /// XML, and not known to be a task sequence.
    pub document: String,
}

impl PolicyDocument {
    /// Writes the document; `protected` says whether a password will protect it.
    pub fn to_xml(&self, protected: bool) -> String {
        let mut text = root("policy", protected);
        for sequence in &self.sequences {
            let boot_image = sequence.boot_image.as_ref().map_or("", ContentId::as_str);
            text += &format!(
                "<taskSequence id=\"{}\" name=\"{}\" bootImage=\"{boot_image}\">{}</taskSequence>\n",
                sequence.id,
                escape(&sequence.name),
                sequence.document,
            );
        }
        self.objects.iter().for_each(|object| objects::write(&mut text, object));
        text + "</policy>\n"
    }

    /// Reads the document.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let mut document = Self::default();
        let (mut sequences, mut objects) = (HashSet::new(), HashSet::new());
        for piece in split(text, "policy")? {
            let (tags, inner) = piece.around()?;
            let tags = Reader::new(&tags, piece.line);
            let is_new = match tags.name() {
                "taskSequence" => {
                    let sequence = sequence(&tags, inner, piece.line)?;
                    let is_new = sequences.insert(sequence.id.clone());
                    document.sequences.push(sequence);
                    is_new
                }
                "package" | "application" => {
                    let object = objects::read(&Reader::new(&piece.element()?, piece.line))?;
                    let is_new = objects.insert(object.id.clone());
                    document.objects.push(object);
                    is_new
                }
                _ => return Err(tags.unknown()),
            };
            if !is_new {
                return Err(tags.unexpected("an id that is there already stands"));
            }
        }
        Ok(document)
    }
}

fn sequence(tags: &Reader, inner: &str, line: u32) -> Result<PolicySequence, DocumentError> {
    let id = tags.parsed("id")?;
    let name = tags.required("name")?.to_owned();
    let boot_image = tags.parsed_unless_empty("bootImage")?;
    tags.finish()?;
    if inner.starts_with('\u{feff}') || inner.starts_with("<?xml") {
        return Err(tags.unexpected("the beginning of another document stands"));
    }
    if element(inner, line)?.name != "sequence" {
        return Err(tags.unexpected("no `<sequence>` stands"));
    }
    Ok(PolicySequence { id, name, boot_image, document: inner.to_owned() })
}
