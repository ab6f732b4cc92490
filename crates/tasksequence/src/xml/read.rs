//! Reading text into the tree, with limits against hostile input.

use super::{Attribute, Document, Element, Node};

/// The largest document in bytes: the drivers of a large deployment share fill half of it.
pub const MAX_BYTES: usize = 64 << 20;
/// The deepest nesting of elements: real sequences reach 12, and everything that walks the tree recurses.
pub const MAX_DEPTH: usize = 256;
/// The most attributes of one element: real steps have 12, and the check for duplicates is quadratic.
pub const MAX_ATTRIBUTES: usize = 256;
/// The most namespace declarations of one document: real files have two, and scopes multiply them.
pub const MAX_NAMESPACES: usize = 64;
/// The most nodes of one document: ten thousand drivers need a third of it, and a node takes some hundred bytes.
pub const MAX_NODES: u32 = 4_000_000;

/// A reason why text is not taken as XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// The text is larger than [`MAX_BYTES`].
    #[error("document of `{size}` bytes is larger than the limit of `{MAX_BYTES}`")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Elements nest deeper than [`MAX_DEPTH`].
    #[error("elements nest deeper than `{MAX_DEPTH}` levels at line {line}")]
    TooDeep {
        /// The line of the first element that is too deep, from 1.
        line: u32,
    },
    /// An element has more attributes than [`MAX_ATTRIBUTES`].
    #[error("element with more than `{MAX_ATTRIBUTES}` attributes at line {line}")]
    TooManyAttributes {
        /// The line of the element, from 1.
        line: u32,
    },
    /// The document declares more namespaces than [`MAX_NAMESPACES`].
    #[error("document declares more than `{MAX_NAMESPACES}` namespaces")]
    TooManyNamespaces,
    /// The document has more nodes than [`MAX_NODES`].
    #[error("document has more than `{MAX_NODES}` nodes")]
    TooManyNodes,
    /// The document has a document type declaration: no sequence needs one, and entities can explode.
    #[error("document type declaration at line {line} is refused")]
    Doctype {
        /// The line of the declaration, from 1.
        line: u32,
    },
    /// The text is not well-formed.
    #[error("not well-formed XML: {message}")]
    Syntax {
        /// What is wrong, with line and column.
        message: String,
    },
}

/// Reads a document; a leading byte-order mark is skipped.
///
/// `Err` for text that is not well-formed, holds a document type declaration or exceeds a limit.
pub fn parse(text: &str) -> Result<Document, XmlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_BYTES {
        return Err(XmlError::TooLarge { size: text.len() });
    }
    check_tags(text)?;
    let options = roxmltree::ParsingOptions { nodes_limit: MAX_NODES, ..Default::default() };
    let tree =
        roxmltree::Document::parse_with_options(text, options).map_err(|error| match error {
            roxmltree::Error::NodesLimitReached => XmlError::TooManyNodes,
            roxmltree::Error::DtdDetected => XmlError::Doctype { line: 1 },
            other => XmlError::Syntax { message: other.to_string() },
        })?;
    let mut document = Document {
        declaration: has_declaration(text),
        prolog: Vec::new(),
        root: Element::default(),
        epilog: Vec::new(),
    };
    let root_id = tree.root_element().id();
    let mut after_root = false;
    for node in tree.root().children() {
        if document.declaration && node.range().start == 0 {
            continue;
        }
        if node.id() == root_id {
            document.root = element(node, 1)?;
            after_root = true;
        } else if let Some(kept) = other_node(node)? {
            if after_root { &mut document.epilog } else { &mut document.prolog }.push(kept);
        }
    }
    Ok(document)
}

fn element(node: roxmltree::Node<'_, '_>, depth: usize) -> Result<Element, XmlError> {
    if depth > MAX_DEPTH {
        let line = node.document().text_pos_at(node.range().start).row;
        return Err(XmlError::TooDeep { line });
    }
    let source = node.document().input_text();
    let start = node.range().start + 1;
    let name = source[start..]
        .split(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')
        .next()
        .unwrap_or_default();
    let mut attributes = declarations(node);
    attributes.extend(node.attributes().map(|attribute| Attribute {
        name: source[attribute.range_qname()].to_owned(),
        value: attribute.value().to_owned(),
    }));
    let mut children = Vec::new();
    for child in node.children() {
        if child.is_element() {
            children.push(Node::Element(element(child, depth + 1)?));
        } else if let Some(kept) = other_node(child)? {
            children.push(kept);
        }
    }
    Ok(Element { name: name.to_owned(), attributes, children })
}

/// The namespace declarations that differ from the parent's: the others are superfluous in canonical XML.
fn declarations(node: roxmltree::Node<'_, '_>) -> Vec<Attribute> {
    let parent = node.parent_element();
    let mut found: Vec<Attribute> = Vec::new();
    for namespace in node.namespaces() {
        let inherited = parent.is_some_and(|parent| {
            parent.lookup_namespace_uri(namespace.name()) == Some(namespace.uri())
        });
        let name = match namespace.name() {
            None => "xmlns".to_owned(),
            Some("xml") => continue,
            Some(prefix) => format!("xmlns:{prefix}"),
        };
        let repeated = found.iter().any(|attribute| attribute.name == name);
        let undeclares_nothing = namespace.name().is_none()
            && namespace.uri().is_empty()
            && parent.is_none_or(|parent| parent.default_namespace().is_none());
        if !inherited && !repeated && !undeclares_nothing {
            found.push(Attribute { name, value: namespace.uri().to_owned() });
        }
    }
    found
}

/// Whether the text begins with an XML declaration, whatever white space follows its name; the
/// parser knows it by a blank alone and takes it for an instruction otherwise.
fn has_declaration(text: &str) -> bool {
    let name = text.strip_prefix("<?xml");
    name.is_some_and(|rest| rest.starts_with([' ', '\t', '\r', '\n']))
}

fn other_node(node: roxmltree::Node<'_, '_>) -> Result<Option<Node>, XmlError> {
    if let Some(instruction) = node.pi() {
        let target = instruction.target;
        if target.eq_ignore_ascii_case("xml") {
            let at = node.document().text_pos_at(node.range().start);
            let message = format!("reserved name `{target}` of an instruction at {at}");
            return Err(XmlError::Syntax { message });
        }
        let data = with_line_feeds(instruction.value.unwrap_or_default());
        return Ok(Some(Node::Instruction { target: target.to_owned(), data }));
    }
    let Some(text) = node.text() else { return Ok(None) };
    Ok(if node.is_comment() {
        Some(Node::Comment(with_line_feeds(text)))
    } else if node.is_text() && !text.is_empty() {
        Some(Node::Text(text.to_owned()))
    } else {
        None
    })
}

/// Line ends as XML 1.0, 2.11, wants them; the parser does this for text but not for comments.
fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Counts attributes and namespaces before the parser sees them, because its own checks of both are quadratic.
fn check_tags(text: &str) -> Result<(), XmlError> {
    let mut namespaces = 0;
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        rest = &rest[open..];
        let line = || line_of(text, text.len() - rest.len());
        let end = if rest.starts_with("<!--") {
            after(rest, 4, "-->")
        } else if rest.starts_with("<![CDATA[") {
            after(rest, 9, "]]>")
        } else if rest.starts_with("<?") {
            after(rest, 2, "?>")
        } else if rest.starts_with("<!") {
            return Err(XmlError::Doctype { line: line() });
        } else {
            let tag = Tag::scan(rest);
            if tag.attributes > MAX_ATTRIBUTES {
                return Err(XmlError::TooManyAttributes { line: line() });
            }
            namespaces += tag.namespaces;
            tag.end
        };
        if namespaces > MAX_NAMESPACES {
            return Err(XmlError::TooManyNamespaces);
        }
        let Some(end) = end else { return Ok(()) };
        rest = &rest[end..];
    }
    Ok(())
}

fn after(text: &str, from: usize, delimiter: &str) -> Option<usize> {
    text[from..].find(delimiter).map(|at| from + at + delimiter.len())
}

fn line_of(text: &str, offset: usize) -> u32 {
    let lines = text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count();
    u32::try_from(lines + 1).unwrap_or(u32::MAX)
}

struct Tag {
    attributes: usize,
    namespaces: usize,
    /// The offset after the closing `>`, `None` when the tag never ends.
    end: Option<usize>,
}

impl Tag {
    fn scan(text: &str) -> Self {
        let mut tag = Self { attributes: 0, namespaces: 0, end: None };
        let mut quote = None;
        let mut word = 1;
        for (at, byte) in text.bytes().enumerate().skip(1) {
            match (quote, byte) {
                (Some(open), _) if open == byte => {
                    quote = None;
                    word = at + 1;
                }
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    tag.attributes += 1;
                    tag.namespaces +=
                        usize::from(text.as_bytes()[word.min(at)..at].starts_with(b"xmlns"));
                }
                (None, b'>') => {
                    tag.end = Some(at + 1);
                    break;
                }
                (None, b' ' | b'\t' | b'\r' | b'\n') => {
                    // A blank may stand between the name and its `=`; only a new word moves the start.
                    if text.as_bytes().get(at + 1).is_some_and(|&next| !is_blank_or_equals(next)) {
                        word = at + 1;
                    }
                }
                (None, _) => {}
            }
        }
        tag
    }
}

fn is_blank_or_equals(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'=')
}
