//! A small XML tree that loses nothing a canonical form can see.
//!
//! Task sequences are edited by hand and by tools that write elements and attributes of their own.
//! The tree keeps every element, attribute, comment and processing instruction in its order, so that
//! an unchanged document is written back with the same canonical form (Canonical XML 1.0).

mod canonical;
mod read;
mod write;

use std::borrow::Cow;

pub use canonical::canonical;
pub use read::{MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_NAMESPACES, MAX_NODES, XmlError, parse};
pub use write::{element_to_xml, to_xml};

/// An XML document: its root element and what stands before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Whether the text began with an XML declaration.
    pub declaration: bool,
    /// Comments and processing instructions before the root element.
    pub prolog: Vec<Node>,
    /// The root element.
    pub root: Element,
    /// Comments and processing instructions after the root element.
    pub epilog: Vec<Node>,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An element with its attributes and children.
    Element(Element),
    /// Character data with entities resolved; CDATA sections are text too.
    Text(String),
    /// A comment, without its delimiters.
    Comment(String),
    /// A processing instruction.
    Instruction {
        /// The target: the name after `<?`.
        target: String,
        /// The rest, empty when there is none.
        data: String,
    },
}

/// An element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// The name as written, with its prefix.
    pub name: String,
    /// The attributes in document order; namespace declarations come first.
    pub attributes: Vec<Attribute>,
    /// The children in document order.
    pub children: Vec<Node>,
}

/// An attribute with its normalised value (XML 1.0, 3.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The name as written, with its prefix.
    pub name: String,
    /// The value with entities resolved.
    pub value: String,
}

impl Element {
    /// Makes an element without attributes and children.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds an attribute at the end and returns the element.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes.push(Attribute { name: name.to_owned(), value: value.to_owned() });
        self
    }

    /// Adds a text child at the end and returns the element; empty text adds nothing.
    pub fn with_text(mut self, text: &str) -> Self {
        if !text.is_empty() {
            self.children.push(Node::Text(text.to_owned()));
        }
        self
    }

    /// Adds a child element at the end and returns the element.
    pub fn with_child(mut self, child: Element) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// Returns the value of an attribute, `None` when it is absent.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name).map(|a| a.value.as_str())
    }

    /// Walks the child elements in document order.
    pub fn elements(&self) -> impl DoubleEndedIterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// Walks the child elements of one name in document order.
    pub fn elements_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.name == name)
    }

    /// Returns the first child element of a name.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// Returns the text directly inside the element; borrowed when it is one piece.
    pub fn text(&self) -> Cow<'_, str> {
        let mut pieces = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let Some(first) = pieces.next() else { return Cow::Borrowed("") };
        match pieces.next() {
            None => Cow::Borrowed(first),
            Some(second) => {
                let mut joined = String::from(first);
                joined.push_str(second);
                joined.extend(pieces);
                Cow::Owned(joined)
            }
        }
    }

    /// Returns the text of the first child element of a name, `None` when there is no such child.
    pub fn child_text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.element(name).map(Element::text)
    }
}
