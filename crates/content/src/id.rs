use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a catalog object or of its content: `P0100020`, `APP00001`, `Content_<guid>`.
///
/// 1 to 64 letters, digits, `_`, `-` and `.`, not beginning or ending with a dot: it is a file
/// name on every file system. Compared by its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentId(Box<str>);

/// A text that is no [`ContentId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentIdError(pub String);

impl fmt::Display for ContentIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no id: 1 to 64 letters, digits, `_`, `-` and `.`", self.0.escape_debug())
    }
}

impl std::error::Error for ContentIdError {}

impl FromStr for ContentId {
    type Err = ContentIdError;

    fn from_str(text: &str) -> Result<Self, ContentIdError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let fits = (1..=64).contains(&text.len()) && text.chars().all(plain);
        if !fits || text.starts_with('.') || text.ends_with('.') {
            return Err(ContentIdError(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ContentId {
    type Error = ContentIdError;
    fn try_from(text: String) -> Result<Self, ContentIdError> {
        text.parse()
    }
}

impl From<ContentId> for String {
    fn from(id: ContentId) -> String {
        id.0.into()
    }
}

impl ContentId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
