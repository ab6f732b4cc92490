//! Writing what both documents have.

use super::VERSION;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// The declaration and the start tag of a root. `protection` is for people who look at the file:
/// whoever can read it has the password, if there is one.
pub(super) fn root(name: &str, protected: bool) -> String {
    let protection = protection(protected);
    format!("{DECLARATION}<{name} version=\"{VERSION}\" protection=\"{protection}\">\n")
}

/// The value of the attribute `protection`.
pub(super) fn protection(protected: bool) -> &'static str {
    if protected { "password" } else { "none" }
}

/// Writes an attribute with a blank before it.
pub(super) fn attribute(text: &mut String, name: &str, value: &str) {
    *text += &format!(" {name}=\"{}\"", escape(value));
}

/// Writes an attribute, if there is a value.
pub(super) fn optional(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        attribute(text, name, value);
    }
}

/// Escapes text for an XML attribute or element; line ends as references, so that no reader
/// normalises them away (XML 1.0, 2.11 and 3.3.3).
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\t' => escaped += "&#9;",
            '\n' => escaped += "&#10;",
            '\r' => escaped += "&#13;",
            c => escaped.push(c),
        }
    }
    escaped
}
