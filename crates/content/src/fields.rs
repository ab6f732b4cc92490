//! Reads TOML by hand, so that every problem of a file is found at once, each with its line.

use std::cell::RefCell;
use std::ops::Range;

use jiff::Timestamp;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{ContentId, Place, Problem, ProblemClass};

/// The text of a TOML file and what was found wrong in it so far.
pub(crate) struct TomlText<'t> {
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

/// A table of the file; it notes which keys it was asked for, and thereby which keys are known.
pub(crate) struct Fields<'t> {
    file: &'t TomlText<'t>,
    table: &'t DeTable<'t>,
    path: String,
    span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
    secret: bool,
}

/// A value of a table, with the dotted path of its key for messages.
pub(crate) struct Field<'t> {
    file: &'t TomlText<'t>,
    path: String,
    value: &'t Spanned<DeValue<'t>>,
    secret: bool,
}

impl<'t> TomlText<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, problems: RefCell::default() }
    }

    /// Parses the text; what the syntax errors leave of it is still there to be checked.
    pub(crate) fn parse(&self) -> Spanned<DeTable<'t>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = line_at(self.text, span.start);
            let message = error.message().to_owned();
            let text = shown_line(line.1, in_secret_table(self.text, span.start));
            self.push("toml-syntax", line.0, text, message, "correct the TOML syntax of this line");
        }
        table
    }

    pub(crate) fn root(&'t self, table: &'t Spanned<DeTable<'t>>) -> Fields<'t> {
        Fields {
            file: self,
            table: table.get_ref(),
            path: String::new(),
            span: 0..0,
            known: RefCell::default(),
            secret: false,
        }
    }

    /// The problems, sorted by line; those of the syntax alone where there are any, since what
    /// seems to be missing or unknown may only be hidden by them.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let hides_others = self.has_syntax_errors();
        let mut problems = self.problems.into_inner();
        problems.retain(|problem| !hides_others || problem.rule == "toml-syntax");
        problems.sort_by_key(|problem| problem.place.line);
        problems
    }

    /// Whether the text is not TOML, so that what was read may not be what was meant.
    pub(crate) fn has_syntax_errors(&self) -> bool {
        self.problems.borrow().iter().any(|problem| problem.rule == "toml-syntax")
    }

    fn push(
        &self,
        rule: &'static str,
        line: u32,
        text: String,
        message: String,
        remedy: impl Into<String>,
    ) {
        let place = Place { line: Some(line), text: Some(text), ..Place::default() };
        let problem = Problem::error(rule, ProblemClass::Definition, message).at(place);
        self.problems.borrow_mut().push(problem.remedy(remedy));
    }
}

impl<'t> Fields<'t> {
    /// Hides the values of this table from messages.
    pub(crate) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    fn key_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Makes keys known that are not read.
    pub(crate) fn knows(&self, keys: &[&'static str]) {
        let mut known = self.known.borrow_mut();
        for key in keys {
            if !known.contains(key) {
                known.push(key);
            }
        }
    }

    pub(crate) fn get(&self, key: &'static str) -> Option<Field<'t>> {
        self.knows(&[key]);
        let (_, value) = self.table.iter().find(|(known, _)| known.get_ref() == key)?;
        Some(Field { file: self.file, path: self.key_path(key), value, secret: self.secret })
    }

    /// A value, without making its key known.
    pub(crate) fn peek(&self, key: &str) -> Option<Field<'t>> {
        self.entries().find(|(known, _)| *known == key).map(|(_, field)| field)
    }

    /// Every entry, whatever its key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'t str, Field<'t>)> {
        self.table.iter().map(|(key, value)| {
            let path = self.key_path(key.get_ref());
            let field = Field { file: self.file, path, value, secret: self.secret };
            (key.get_ref().as_ref(), field)
        })
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<&'t str> {
        self.get(key)?.text()
    }

    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        self.get(key)?.boolean()
    }

    pub(crate) fn number(&self, key: &'static str) -> Option<u32> {
        let field = self.get(key)?;
        let number = field.integer()?;
        let fits = u32::try_from(number).ok();
        if fits.is_none() {
            field.wrong("value", format!("`{number}` is not from 0 to {}", u32::MAX), "");
        }
        fits
    }

    pub(crate) fn id(&self, key: &'static str) -> Option<ContentId> {
        self.get(key)?.id()
    }

    pub(crate) fn ids(&self, key: &'static str) -> Vec<ContentId> {
        let Some(field) = self.get(key) else { return Vec::new() };
        field.items().into_iter().filter_map(|item| item.id()).collect()
    }

    pub(crate) fn texts(&self, key: &'static str) -> Vec<&'t str> {
        let Some(field) = self.get(key) else { return Vec::new() };
        field.items().into_iter().filter_map(|item| item.text()).collect()
    }

    pub(crate) fn table(&self, key: &'static str) -> Option<Fields<'t>> {
        self.get(key)?.table()
    }

    pub(crate) fn tables(&self, key: &'static str) -> Vec<Fields<'t>> {
        let Some(field) = self.get(key) else { return Vec::new() };
        field.items().into_iter().filter_map(|item| item.table()).collect()
    }

    /// Reports that a key is not there.
    pub(crate) fn missing(&self, key: &str, remedy: &str) {
        let (line, text) = line_at(self.file.text, self.span.start);
        let text = shown_line(text, self.secret);
        let message = format!("`{}` is missing", self.key_path(key));
        self.file.push("missing-key", line, text, message, remedy);
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
        let known = self.known.borrow();
        for (key, value) in self.table.iter() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let path = self.key_path(name);
            let (line, text) = line_at(self.file.text, key.span().start);
            let hides = self.secret || in_secret_table(self.file.text, key.span().start);
            let text = shown_line(text, hides && !value.get_ref().is_table());
            let remedy = match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.file.push("unknown-key", line, text, format!("`{path}` is not known"), remedy);
        }
    }
}

impl<'t> Field<'t> {
    /// Reports that the value is wrong.
    pub(crate) fn wrong(
        &self,
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.report(rule, crate::Severity::Error, message, remedy);
    }

    /// Reports something about the value.
    pub(crate) fn report(
        &self,
        rule: &'static str,
        severity: crate::Severity,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (line, text) = line_at(self.file.text, self.value.span().start);
        let message = format!("`{}`: {}", self.path, message.into());
        self.file.push(rule, line, shown_line(text, self.secret), message, remedy);
        if let Some(problem) = self.file.problems.borrow_mut().last_mut() {
            problem.severity = severity;
        }
    }

    /// Reports a text that the documents on the media cannot hold: XML 1.0 has no control characters
    /// but tabs and line ends (production 2, Char).
    pub(crate) fn fits_xml(&self, rule: &'static str, text: &str) {
        let forbidden = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        if let Some(c) = text.chars().find(|c| forbidden(*c)) {
            let code = u32::from(c);
            let message = format!("holds the character U+{code:04X}, which XML cannot hold");
            self.wrong(rule, message, "remove it");
        }
    }

    fn mistyped<T>(&self, wanted: &str) -> Option<T> {
        let found = self.value.get_ref().type_str();
        self.wrong("wrong-type", format!("wants {wanted}, not {found}"), "");
        None
    }

    pub(crate) fn text(&self) -> Option<&'t str> {
        self.value.get_ref().as_str().or_else(|| self.mistyped("a text in quotes"))
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        self.value.get_ref().as_bool().or_else(|| self.mistyped("true or false"))
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.value.get_ref().is_integer()
    }

    pub(crate) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        let Some(integer) = self.value.get_ref().as_integer() else {
            return self.mistyped("a whole number");
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if number.is_none() {
            self.wrong("value", "is too large a number", "");
        }
        number
    }

    pub(crate) fn id(&self) -> Option<ContentId> {
        match self.text()?.parse() {
            Ok(id) => Some(id),
            Err(error) => {
                self.wrong("value", error.to_string(), "");
                None
            }
        }
    }

    /// A moment with its offset, as a TOML date or as the same text in quotes.
    pub(crate) fn moment(&self) -> Option<Timestamp> {
        let value = self.value.get_ref();
        let text = match value.as_datetime() {
            Some(moment) => moment.to_string(),
            None if value.is_str() => value.as_str()?.to_owned(),
            None => return self.mistyped("a date such as 2026-11-01T00:00:00Z"),
        };
        let moment = text.parse::<Timestamp>().ok();
        if moment.is_none() {
            let remedy = "write date, time and offset: 2026-11-01T00:00:00Z";
            self.wrong("value", format!("`{text}` is no moment with an offset from UTC"), remedy);
        }
        moment
    }

    pub(crate) fn items(&self) -> Vec<Field<'t>> {
        let Some(array) = self.value.get_ref().as_array() else {
            return self.mistyped("a list").unwrap_or_default();
        };
        let item = |(index, value)| Field {
            file: self.file,
            path: format!("{}[{index}]", self.path),
            value,
            secret: self.secret,
        };
        array.iter().enumerate().map(item).collect()
    }

    pub(crate) fn table(&self) -> Option<Fields<'t>> {
        self.as_table().or_else(|| self.mistyped("a table"))
    }

    /// The table that this is, if it is one.
    pub(crate) fn as_table(&self) -> Option<Fields<'t>> {
        let table = self.value.get_ref().as_table()?;
        Some(Fields {
            file: self.file,
            table,
            path: self.path.clone(),
            span: self.value.span(),
            known: RefCell::default(),
            secret: self.secret,
        })
    }
}

/// The number of the line that holds byte `at`, and the line.
fn line_at(text: &str, at: usize) -> (u32, &str) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count();
    (line as u32 + 1, text.lines().nth(line).unwrap_or(""))
}

/// The line as messages show it: without what follows the first `=` where that could be secret.
fn shown_line(line: &str, secret: bool) -> String {
    const WORDS: [&str; 6] = ["pass", "secret", "pwd", "token", "key", "variables"];
    let lower = line.to_ascii_lowercase();
    if !secret && !WORDS.iter().any(|word| lower.contains(word)) {
        return line.trim_end().to_owned();
    }
    match line.split_once('=') {
        Some((key, _)) => format!("{}= …", key),
        // A line of a text of several lines, or one that is not TOML at all.
        None if line.trim_start().starts_with('[') => line.trim_end().to_owned(),
        None => "…".to_owned(),
    }
}

/// Whether the table that byte `at` lies in holds secrets or values of variables.
fn in_secret_table(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or(text);
    let header = before.lines().rev().find(|line| line.trim_start().starts_with('['));
    header.is_some_and(|line| line.contains("security") || line.contains("variables"))
}

/// The known key that is closest to `name`, if one is close.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name: String = name.chars().take(64).collect();
    let nearest = known.iter().min_by_key(|key| distance(&name, key))?;
    let limit = (nearest.len() / 3).max(1);
    (distance(&name, nearest) <= limit).then_some(nearest)
}

/// The Levenshtein distance of two words; `_` and `-` count as equal, and so do cases.
fn distance(a: &str, b: &str) -> usize {
    let plain = |text: &str| -> Vec<char> {
        text.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let (a, b) = (plain(a), plain(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_near_to_its_misspellings() {
        let known = ["task-sequence", "label", "type"];
        assert_eq!(nearest("task_sequence", &known), Some("task-sequence"));
        assert_eq!(nearest("tasksequence", &known), Some("task-sequence"));
        assert_eq!(nearest("lable", &known), None);
        assert_eq!(nearest("labl", &known), Some("label"));
        assert_eq!(nearest("publisher", &known), None);
    }
}
