//! Canonical XML 1.0 with comments: the form in which two documents are compared.

use super::write::{escape_canonical_attribute, escape_text, write_instruction};
use super::{Attribute, Document, Element, Node};

/// Returns the canonical form (Canonical XML 1.0, with comments) of a document.
///
/// Two documents say the same exactly when their canonical forms are equal.
pub fn canonical(document: &Document) -> String {
    let mut out = String::new();
    for node in &document.prolog {
        write_node(node, &mut Scope::default(), &mut out);
        out.push('\n');
    }
    write_element(&document.root, &mut Scope::default(), &mut out);
    for node in &document.epilog {
        out.push('\n');
        write_node(node, &mut Scope::default(), &mut out);
    }
    out
}

/// The namespace declarations in force, innermost last.
#[derive(Default)]
struct Scope {
    bindings: Vec<(String, String)>,
}

impl Scope {
    fn uri(&self, prefix: &str) -> &str {
        let found = self.bindings.iter().rev().find(|(name, _)| name == prefix);
        found.map_or("", |(_, uri)| uri)
    }
}

fn write_node(node: &Node, scope: &mut Scope, out: &mut String) {
    match node {
        Node::Element(element) => write_element(element, scope, out),
        Node::Text(text) => escape_text(text, out),
        Node::Comment(text) => {
            out.push_str("<!--");
            out.push_str(text);
            out.push_str("-->");
        }
        Node::Instruction { target, data } => write_instruction(target, data, out),
    }
}

fn write_element(element: &Element, scope: &mut Scope, out: &mut String) {
    let outer = scope.bindings.len();
    let mut declared: Vec<(String, String)> = Vec::new();
    for attribute in &element.attributes {
        if let Some(prefix) = declared_prefix(&attribute.name)
            && scope.uri(prefix) != attribute.value
        {
            declared.push((prefix.to_owned(), attribute.value.clone()));
        }
    }
    declared.sort();
    scope.bindings.extend(declared.iter().cloned());

    out.push('<');
    out.push_str(&element.name);
    for (prefix, uri) in &declared {
        out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        out.push_str(prefix);
        write_value(uri, out);
    }
    for attribute in sorted_attributes(element, scope) {
        out.push(' ');
        out.push_str(&attribute.name);
        write_value(&attribute.value, out);
    }
    out.push('>');
    for child in &element.children {
        write_node(child, scope, out);
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
    scope.bindings.truncate(outer);
}

/// Attributes in order of namespace, then local name; those without a prefix have no namespace and come first.
fn sorted_attributes<'a>(element: &'a Element, scope: &Scope) -> Vec<&'a Attribute> {
    let mut attributes: Vec<&Attribute> =
        element.attributes.iter().filter(|a| declared_prefix(&a.name).is_none()).collect();
    attributes.sort_by(|a, b| {
        let (a_prefix, a_local) = split(&a.name);
        let (b_prefix, b_local) = split(&b.name);
        (namespace(a_prefix, scope), a_local).cmp(&(namespace(b_prefix, scope), b_local))
    });
    attributes
}

fn namespace<'a>(prefix: &str, scope: &'a Scope) -> &'a str {
    match prefix {
        "" => "",
        "xml" => "http://www.w3.org/XML/1998/namespace",
        _ => scope.uri(prefix),
    }
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

fn declared_prefix(name: &str) -> Option<&str> {
    match name {
        "xmlns" => Some(""),
        _ => name.strip_prefix("xmlns:"),
    }
}

fn write_value(value: &str, out: &mut String) {
    out.push_str("=\"");
    value.chars().for_each(|c| escape_canonical_attribute(c, out));
    out.push('"');
}
