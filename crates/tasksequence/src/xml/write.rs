//! Writing the tree as XML text.

use super::{Document, Element, Node};

/// Writes a document as XML text; reading it again gives the same tree.
///
/// Elements without children are written `<name/>`; no white space is added inside the root.
pub fn to_xml(document: &Document) -> String {
    let mut out = String::new();
    if document.declaration {
        out.push_str("<?xml version=\"1.0\"?>\n");
    }
    for node in &document.prolog {
        write_node(node, &mut out);
        out.push('\n');
    }
    write_element(&document.root, &mut out);
    for node in &document.epilog {
        out.push('\n');
        write_node(node, &mut out);
    }
    out
}

/// Writes one element as XML text.
pub fn element_to_xml(element: &Element) -> String {
    let mut out = String::new();
    write_element(element, &mut out);
    out
}

fn write_node(node: &Node, out: &mut String) {
    match node {
        Node::Element(element) => write_element(element, out),
        Node::Text(text) => escape_text(text, out),
        Node::Comment(text) => {
            out.push_str("<!--");
            out.push_str(text);
            out.push_str("-->");
        }
        Node::Instruction { target, data } => write_instruction(target, data, out),
    }
}

pub(super) fn write_instruction(target: &str, data: &str, out: &mut String) {
    out.push_str("<?");
    out.push_str(target);
    if !data.is_empty() {
        out.push(' ');
        out.push_str(data);
    }
    out.push_str("?>");
}

fn write_element(element: &Element, out: &mut String) {
    out.push('<');
    out.push_str(&element.name);
    for attribute in &element.attributes {
        out.push(' ');
        out.push_str(&attribute.name);
        out.push_str("=\"");
        escape_attribute(&attribute.value, out);
        out.push('"');
    }
    if element.children.is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for child in &element.children {
        write_node(child, out);
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

/// Escapes character data as Canonical XML 1.0, section 2.3, does: a bare carriage return would be lost on reading.
pub(super) fn escape_text(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            _ => out.push(c),
        }
    }
}

/// Escapes an attribute value: white space other than blanks would be normalised away on reading.
fn escape_attribute(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '>' => out.push_str("&gt;"),
            _ => escape_canonical_attribute(c, out),
        }
    }
}

/// Escapes one character of an attribute value as Canonical XML 1.0, section 2.3, does.
pub(super) fn escape_canonical_attribute(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '"' => out.push_str("&quot;"),
        '\t' => out.push_str("&#x9;"),
        '\n' => out.push_str("&#xA;"),
        '\r' => out.push_str("&#xD;"),
        _ => out.push(c),
    }
}
