//! Cutting a document into the elements below its root, each of which is read by itself.
//!
//! So every task sequence has the limits that it has in a file of its own, and its text is known
//! as it is written.

use tasksequence::xml::{self, Element, XmlError};

use super::element::Reader;
use super::write::protection;
use super::{DocumentError, MAX_BYTES, VERSION};

/// An element below the root.
pub(super) struct Piece<'t> {
    /// The line in which it begins, from 1.
    pub(super) line: u32,
    /// All of it.
    text: &'t str,
    /// How much of it is the start tag.
    start_tag: usize,
    /// Where the end tag begins; the same as `start_tag` for an element that has none.
    end_tag: usize,
}

impl<'t> Piece<'t> {
    /// The element with everything in it.
    pub(super) fn element(&self) -> Result<Element, DocumentError> {
        element(self.text, self.line)
    }

    /// The element without what is in it, and the text of that.
    pub(super) fn around(&self) -> Result<(Element, &'t str), DocumentError> {
        let inner = &self.text[self.start_tag..self.end_tag];
        let tags = format!("{}{}", &self.text[..self.start_tag], &self.text[self.end_tag..]);
        Ok((element(&tags, self.line)?, inner))
    }
}

/// Reads the text of one element; the line is that of its beginning.
pub(super) fn element(text: &str, line: u32) -> Result<Element, DocumentError> {
    let document = xml::parse(text).map_err(|source| DocumentError::Xml { line, source })?;
    Ok(document.root)
}

/// The elements below the root, which has this name and the attributes of both documents.
pub(super) fn split<'t>(text: &'t str, root: &str) -> Result<Vec<Piece<'t>>, DocumentError> {
    if text.len() > MAX_BYTES {
        return Err(DocumentError::TooLarge { size: text.len() });
    }
    let mut cursor = Cursor::new(text);
    cursor.declaration();
    cursor.blanks();
    let line = cursor.line;
    let start = cursor.tag()?;
    let found = empty_element(start, line)?;
    if found.name != root {
        let problem = format!("the document is a `<{}>` and no `<{root}>`", found.name);
        return Err(DocumentError::Unexpected { line, problem });
    }
    check_root(&found, line)?;
    let mut children = Vec::new();
    if !start.ends_with("/>") {
        cursor.blanks();
        while !cursor.rest.starts_with("</") {
            children.push(cursor.piece()?);
            cursor.blanks();
        }
        let line = cursor.line;
        let end = cursor.tag()?;
        if end[2..end.len() - 1].trim_end() != root {
            return Err(syntax(line, "the end of another element than the root"));
        }
    }
    cursor.blanks();
    if !cursor.rest.is_empty() {
        let problem = format!("something stands behind the end of `<{root}>`");
        return Err(DocumentError::Unexpected { line: cursor.line, problem });
    }
    Ok(children)
}

fn check_root(root: &Element, line: u32) -> Result<(), DocumentError> {
    let root = Reader::new(root, line);
    let version = root.required("version")?;
    if version != VERSION {
        let version = version.chars().take(20).collect();
        return Err(DocumentError::Version { line, version });
    }
    if ![true, false].map(protection).contains(&root.required("protection")?) {
        return Err(root.unexpected("`protection` is neither `password` nor `none`"));
    }
    root.finish()
}

/// The element that a start tag begins, without what is in it.
fn empty_element(tag: &str, line: u32) -> Result<Element, DocumentError> {
    let open = tag.strip_suffix("/>").or_else(|| tag.strip_suffix('>')).unwrap_or(tag);
    element(&format!("{open}/>"), line)
}

fn syntax(line: u32, message: &str) -> DocumentError {
    DocumentError::Xml { line, source: XmlError::Syntax { message: message.to_owned() } }
}

/// What is still to be cut, and the line that it begins in.
struct Cursor<'t> {
    rest: &'t str,
    line: u32,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 }
    }

    fn take(&mut self, len: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(len);
        let lines = taken.bytes().filter(|&byte| byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.rest = rest;
        taken
    }

    fn blanks(&mut self) {
        let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        self.take(self.rest.len() - self.rest.trim_start_matches(blank).len());
    }

    fn declaration(&mut self) {
        if let Some(end) = self.rest.find("?>").filter(|_| self.rest.starts_with("<?xml ")) {
            self.take(end + 2);
        }
    }

    /// Takes a tag.
    fn tag(&mut self) -> Result<&'t str, DocumentError> {
        if !self.rest.starts_with('<') {
            return Err(syntax(
                self.line,
                "text where an element should be, or the end of the text",
            ));
        }
        if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
            return Err(syntax(self.line, "a comment, an instruction or a document type"));
        }
        let len = tag_len(self.rest).ok_or_else(|| syntax(self.line, "a tag has no end"))?;
        Ok(self.take(len))
    }

    /// Takes an element, whose tags need not match yet.
    fn piece(&mut self) -> Result<Piece<'t>, DocumentError> {
        let (line, text) = (self.line, self.rest);
        let tag = self.tag()?;
        let start_tag = tag.len();
        if tag.ends_with("/>") {
            return Ok(Piece { line, text: tag, start_tag, end_tag: start_tag });
        }
        let mut depth = 1_usize;
        let mut end_tag = start_tag;
        while depth > 0 {
            let next = self.rest.find('<').ok_or_else(|| syntax(line, "an element has no end"))?;
            self.take(next);
            end_tag = text.len() - self.rest.len();
            let len = markup_len(self.rest);
            let markup = self.take(len.ok_or_else(|| syntax(self.line, "a tag has no end"))?);
            match markup.as_bytes() {
                [b'<', b'/', ..] => depth -= 1,
                [b'<', b'!' | b'?', ..] | [.., b'/', b'>'] => {}
                _ => depth += 1,
            }
        }
        Ok(Piece { line, text: &text[..text.len() - self.rest.len()], start_tag, end_tag })
    }
}

/// The length of the tag, comment, CDATA section or instruction that a text begins with.
fn markup_len(text: &str) -> Option<usize> {
    let until = |from: usize, end: &str| Some(from + text[from..].find(end)? + end.len());
    if text.starts_with("<!--") {
        until(4, "-->")
    } else if text.starts_with("<![CDATA[") {
        until(9, "]]>")
    } else if text.starts_with("<?") {
        until(2, "?>")
    } else {
        tag_len(text)
    }
}

/// The length of the tag that a text begins with; a `>` in quotes does not end it.
fn tag_len(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            _ => {}
        }
    }
    None
}
