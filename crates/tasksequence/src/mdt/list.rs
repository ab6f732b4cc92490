//! What all lists of a share have in common.

use super::Guid;
use crate::xml::{self, Element, XmlError};

/// A reason why a document of a share is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MdtError {
    /// The text is not XML, or exceeds a limit.
    #[error("the document cannot be read")]
    Xml(#[from] XmlError),
    /// The document is another one.
    #[error("the root element is `{found}`, not `{expected}`")]
    WrongRoot {
        /// The name that was expected.
        expected: &'static str,
        /// The name that was found.
        found: String,
    },
    /// An entry has no GUID, so that nothing can refer to it.
    #[error("entry `{name}` has no GUID")]
    NoGuid {
        /// The name of the entry, empty when it has none either.
        name: String,
    },
    /// The definition inside a selection profile cannot be read.
    #[error("the definition of selection profile `{name}` cannot be read")]
    Definition {
        /// The name of the profile.
        name: String,
        /// Why.
        source: XmlError,
    },
}

/// What every entry of a list has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The identity of the entry.
    pub guid: Guid,
    /// The name.
    pub name: String,
    /// Whether it may be used: everything but `enable="False"` means yes.
    pub enabled: bool,
    /// Whether the wizard hides it: only `hide="True"` means yes.
    pub hidden: bool,
}

/// Reads the entries of a list document; dates and the names of people who changed entries are not read.
pub(super) fn entries<T>(
    text: &str,
    root: &'static str,
    child: &str,
    make: impl Fn(Entry, Fields<'_>) -> Result<T, MdtError>,
) -> Result<Vec<T>, MdtError> {
    let document = xml::parse(text)?;
    if document.root.name != root {
        return Err(MdtError::WrongRoot { expected: root, found: document.root.name });
    }
    let elements = document.root.elements().filter(|element| element.name == child);
    elements.map(|element| make(entry(element)?, Fields { element })).collect()
}

fn entry(element: &Element) -> Result<Entry, MdtError> {
    let name = element.child_text("Name").unwrap_or_default().into_owned();
    let is = |attribute: &str, word: &str| {
        element.attribute(attribute).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
    };
    let Some(guid) = element.attribute("guid").and_then(Guid::parse) else {
        return Err(MdtError::NoGuid { name });
    };
    Ok(Entry { guid, name, enabled: !is("enable", "false"), hidden: is("hide", "true") })
}

/// The child elements of an entry.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    element: &'a Element,
}

impl Fields<'_> {
    /// The text of a field, empty when it is absent.
    pub(super) fn text(self, name: &str) -> String {
        self.element.child_text(name).unwrap_or_default().into_owned()
    }

    /// A number, `None` when it is absent or none.
    pub(super) fn number<N: std::str::FromStr>(self, name: &str) -> Option<N> {
        self.element.child_text(name)?.trim().parse().ok()
    }

    /// A truth value, `None` when it is absent or none.
    pub(super) fn flag(self, name: &str) -> Option<bool> {
        let text = self.element.child_text(name)?;
        if text.trim().is_empty() { None } else { crate::step::boolean(&text) }
    }

    /// The texts of a repeated field, empty ones left out.
    pub(super) fn texts(self, name: &str) -> Vec<String> {
        let texts = self.element.elements_named(name).map(|element| element.text().into_owned());
        texts.filter(|text| !text.trim().is_empty()).collect()
    }

    /// The GUIDs of a repeated field; anything else is left out.
    pub(super) fn guids(self, name: &str) -> Vec<Guid> {
        self.element.elements_named(name).filter_map(|e| Guid::parse(&e.text())).collect()
    }
}
