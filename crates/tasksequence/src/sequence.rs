//! A task sequence: the document and the typed views on it.

use crate::parse_problems;
use crate::problem::Problem;
use crate::step::Item;
use crate::variables::Variables;
use crate::walk::{self, Placed};
use crate::xml::{self, Document, Element, XmlError};

/// The most groups and steps of a sequence: many times the largest real one, and what is found is told by paths
/// whose length grows with the depth.
pub const MAX_ITEMS: usize = 10_000;

/// A task sequence of Configuration Manager or of MDT.
///
/// It keeps the whole document; groups, steps, conditions and variables are views on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSequence {
    document: Document,
    dialect: Dialect,
}

/// Which product's sequence it is; the same step type can mean different things in the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Configuration Manager, schema version 3.10.
    ConfigMgr,
    /// The Microsoft Deployment Toolkit, schema version 3.00.
    Mdt,
}

/// A reason why a document is not taken as a task sequence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not XML, or exceeds a limit.
    #[error("the document cannot be read")]
    Xml(#[from] XmlError),
    /// The root element is another one.
    #[error("the root element is `{root}`, not `sequence`")]
    NotASequence {
        /// The name of the root element.
        root: String,
    },
    /// The sequence has more groups and steps than [`MAX_ITEMS`].
    #[error("the sequence has more than `{MAX_ITEMS}` groups and steps")]
    TooManyItems,
}

/// An entry of the document's own `referenceList`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedReference {
    /// The id of a package or application.
    pub id: String,
    /// Whether it stands in an `application` attribute rather than in `package`.
    pub is_application: bool,
    /// The program; `*` means any.
    pub program: Option<String>,
}

impl TaskSequence {
    /// Reads a sequence from XML text; a leading byte-order mark is skipped.
    ///
    /// Oddities that do not stop the work come back as problems. `Err` for text that is not
    /// well-formed, exceeds a limit, holds a document type declaration or has another root element.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), ParseError> {
        let sequence = Self::from_document(xml::parse(text)?)?;
        let problems = parse_problems::find(&sequence);
        Ok((sequence, problems))
    }

    /// Takes an XML tree as a sequence; `Err` when it is none or too large.
    pub fn from_document(document: Document) -> Result<Self, ParseError> {
        if document.root.name != "sequence" {
            return Err(ParseError::NotASequence { root: document.root.name });
        }
        if count_items(&document.root) > MAX_ITEMS {
            return Err(ParseError::TooManyItems);
        }
        let dialect = Dialect::of(&document.root);
        Ok(Self { document, dialect })
    }

    /// Writes the sequence as XML text with the same canonical form as the document that was read.
    pub fn to_xml(&self) -> String {
        xml::to_xml(&self.document)
    }

    /// Returns the XML tree behind the sequence.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Returns which product's sequence it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns the schema version, `3.00` when the document names none.
    pub fn version(&self) -> &str {
        self.document.root.attribute("version").unwrap_or("3.00")
    }

    /// Returns the name; only MDT writes it into the document.
    pub fn name(&self) -> Option<&str> {
        self.document.root.attribute("name")
    }

    /// Returns the description; only MDT writes it into the document.
    pub fn description(&self) -> Option<&str> {
        self.document.root.attribute("description")
    }

    /// Walks the items directly below the root.
    pub fn items(&self) -> impl Iterator<Item = Item<'_>> {
        self.document.root.elements().filter_map(Item::of)
    }

    /// Lists all groups, steps and child sequences in document order.
    pub fn walk(&self) -> Vec<Placed<'_>> {
        walk::walk(&self.document.root)
    }

    /// Returns the sequence-wide variables, wherever their lists stand below the root.
    pub fn global_variables(&self) -> Variables<'_> {
        Variables::of(self.document.root.elements_named("globalVarList"))
    }

    /// Returns the document's own list of references, `None` when it has no such list.
    pub fn reference_list(&self) -> Option<Vec<ListedReference>> {
        let list = self.document.root.element("referenceList")?;
        let references = list.elements_named("reference").filter_map(|reference| {
            let application = reference.attribute("application");
            let id = application.or_else(|| reference.attribute("package"))?;
            Some(ListedReference {
                id: id.trim().to_owned(),
                is_application: application.is_some(),
                program: reference.attribute("program").map(str::to_owned),
            })
        });
        Some(references.collect())
    }
}

fn count_items(parent: &Element) -> usize {
    let items = parent.elements().filter_map(Item::of);
    items.map(|item| 1 + count_items(item.element())).sum()
}

impl Dialect {
    /// Returns `configmgr` or `mdt`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMgr => "configmgr",
            Self::Mdt => "mdt",
        }
    }

    /// Old versions of Configuration Manager wrote 3.00 as well, but only MDT names the sequence in the root,
    /// and only Configuration Manager lists references.
    fn of(root: &Element) -> Self {
        match root.attribute("version") {
            Some("3.10") => Self::ConfigMgr,
            _ if root.attribute("name").is_some() => Self::Mdt,
            _ if root.element("referenceList").is_some() => Self::ConfigMgr,
            Some("3.00") | None => Self::Mdt,
            Some(_) => Self::ConfigMgr,
        }
    }
}
