//! Reading an element strictly.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use tasksequence::xml::{Element, Node};

use super::DocumentError;

/// An element, and which of its attributes have been asked for.
pub(super) struct Reader<'e> {
    element: &'e Element,
    line: u32,
    known: RefCell<Vec<&'static str>>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(element: &'e Element, line: u32) -> Self {
        Self { element, line, known: RefCell::default() }
    }

    pub(super) fn name(&self) -> &'e str {
        &self.element.name
    }

    /// An error about this element.
    pub(super) fn unexpected(&self, problem: impl fmt::Display) -> DocumentError {
        let problem = format!("{problem} in `<{}>`", self.element.name.escape_debug());
        DocumentError::Unexpected { line: self.line, problem }
    }

    pub(super) fn optional(&self, name: &'static str) -> Option<&'e str> {
        self.known.borrow_mut().push(name);
        self.element.attribute(name)
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&'e str, DocumentError> {
        let missing = || self.unexpected(format_args!("the attribute `{name}` is missing"));
        self.optional(name).ok_or_else(missing)
    }

    /// An attribute that is there and may be parsed.
    pub(super) fn parsed<T>(&self, name: &'static str) -> Result<T, DocumentError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.parse(self.required(name)?)
    }

    /// An attribute that may be absent, or empty, which is the same.
    pub(super) fn parsed_unless_empty<T>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, DocumentError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let text = self.optional(name).filter(|text| !text.is_empty());
        text.map(|text| self.parse(text)).transpose()
    }

    /// A text of this element, read.
    pub(super) fn parse<T>(&self, text: &str) -> Result<T, DocumentError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        text.parse().map_err(|error: T::Err| self.unexpected(error))
    }

    /// The elements in this one, between which is nothing but white space.
    pub(super) fn elements(&self) -> Result<Vec<Reader<'e>>, DocumentError> {
        let mut elements = Vec::new();
        for node in &self.element.children {
            match node {
                Node::Element(element) => elements.push(Reader::new(element, self.line)),
                Node::Text(text) if text.trim().is_empty() => {}
                _ => return Err(self.unexpected("something that is no element stands")),
            }
        }
        Ok(elements)
    }

    /// The text in this element, in which is nothing else.
    pub(super) fn text(&self) -> Result<Cow<'e, str>, DocumentError> {
        match self.element.children.iter().all(|node| matches!(node, Node::Text(_))) {
            true => Ok(self.element.text()),
            false => Err(self.unexpected("something that is no text stands")),
        }
    }

    /// Fails if anything is in this element.
    pub(super) fn empty(&self) -> Result<(), DocumentError> {
        match self.element.children.is_empty() {
            true => Ok(()),
            false => Err(self.unexpected("something stands")),
        }
    }

    /// Fails if there is an attribute that nobody asked for.
    pub(super) fn finish(&self) -> Result<(), DocumentError> {
        let known = self.known.borrow();
        let is_known = |name: &str| known.contains(&name);
        match self.element.attributes.iter().find(|attribute| !is_known(&attribute.name)) {
            None => Ok(()),
            Some(other) => {
                let name = other.name.escape_debug();
                Err(self.unexpected(format_args!("the attribute `{name}` is not known")))
            }
        }
    }

    /// An error about an element that has no place here.
    pub(super) fn unknown(&self) -> DocumentError {
        let problem = format!("the element `<{}>` is not known there", self.name().escape_debug());
        DocumentError::Unexpected { line: self.line, problem }
    }
}
