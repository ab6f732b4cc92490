//! Text that may be a secret.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The value of a variable, or text that values were put into.
///
/// It has no `Display`, and `Debug` shows no secret: who wants the text has to ask for it.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    text: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    secret: bool,
}

impl Value {
    /// Makes a value that may be shown.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), secret: false }
    }

    /// Makes a value that no log may show.
    pub fn secret(text: impl Into<String>) -> Self {
        Self { text: text.into(), secret: true }
    }

    pub(super) fn new(text: String, secret: bool) -> Self {
        Self { text, secret }
    }

    /// Returns the text, for those who run the step.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether no log may show the text, because it is a secret or holds one.
    pub fn is_secret(&self) -> bool {
        self.secret
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { f.write_str("<secret>") } else { self.text.fmt(f) }
    }
}
