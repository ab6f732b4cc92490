//! GUIDs in braces.

use std::fmt;

use crate::reference::is_guid;

/// A GUID in braces, in upper case so that equal ones compare equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(String);

impl Guid {
    /// Reads a GUID in braces, in any case; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        is_guid(text).then(|| Self(text.to_ascii_uppercase()))
    }

    /// Returns the GUID as text, in braces and upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether all digits are zero: the group of what stands in no folder.
    pub fn is_zero(&self) -> bool {
        self.digits().all(|digit| digit == '0')
    }

    /// Returns whether all digits are F: the group of what is hidden.
    pub fn is_hidden_group(&self) -> bool {
        self.digits().all(|digit| digit == 'F')
    }

    fn digits(&self) -> impl Iterator<Item = char> {
        self.0.chars().filter(char::is_ascii_hexdigit)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
