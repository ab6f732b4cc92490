//! The variables of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::Value;
use crate::lint::is_secret_name;

/// The longest name of a variable in characters.
pub const NAME_MAX: usize = 256;
/// The longest value that can be set in characters; defaults of steps may be longer, and are.
pub const VALUE_MAX: usize = 4_000;
/// The most that all variables hold together, counted as the bytes of names and values in UTF-8.
pub const ENVIRONMENT_MAX: usize = 32 << 20;
/// The longest text that an expansion makes in bytes: as much as all variables may hold.
const EXPANDED_MAX: usize = ENVIRONMENT_MAX;

/// The variables of a run: names have no case, and the empty value is no value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// By name in upper case.
    variables: BTreeMap<String, Entry>,
    bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    name: String,
    value: Value,
}

/// A variable as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assigned {
    /// The name in the case of its last writer.
    pub name: String,
    /// The value.
    pub value: Value,
}

impl Assigned {
    /// Makes a variable.
    pub fn new(name: &str, value: Value) -> Self {
        Self { name: name.to_owned(), value }
    }
}

/// Where the first variables of a run come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Media: their own variables take the place of those of collection and device.
    Media(Vec<Assigned>),
    /// A site: a device's variable overrides that of its collection.
    Site {
        /// The variables of the collection.
        collection: Vec<Assigned>,
        /// The variables of the device.
        device: Vec<Assigned>,
    },
}

/// A reason why a variable is not set, or a text not expanded. No message holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// The name is not one of letters, digits, `_` and `-` that begins with a letter.
    #[error("`{name}` is no variable name")]
    Name {
        /// The name.
        name: String,
    },
    /// The name has more than [`NAME_MAX`] characters.
    #[error("the variable name that begins with `{begin}` has more than {NAME_MAX} characters")]
    NameTooLong {
        /// Its first characters.
        begin: String,
    },
    /// The name begins with `_`: only the engine sets it.
    #[error("the variable `{name}` is read-only")]
    ReadOnly {
        /// The name.
        name: String,
    },
    /// The value has more than [`VALUE_MAX`] characters.
    #[error("the value of `{name}` has more than {VALUE_MAX} characters")]
    ValueTooLong {
        /// The name of the variable.
        name: String,
    },
    /// All variables together would exceed [`ENVIRONMENT_MAX`].
    #[error("with `{name}` the variables would take more than {ENVIRONMENT_MAX} bytes")]
    Full {
        /// The name of the variable.
        name: String,
    },
    /// A text would become too long by the values that are put into it.
    #[error("a text with variables would take more than {EXPANDED_MAX} bytes")]
    ExpandedTooLong,
}

impl Environment {
    /// Makes the variables that a run begins with, in the order that they are given in.
    ///
    /// Each value is expanded once, with those that were set before it. `Err` as for [`Self::set`].
    pub fn begin(engine: &[Assigned], origin: &Origin) -> Result<Self, VariableError> {
        let mut environment = Self::default();
        for Assigned { name, value } in engine {
            environment.set_by_engine(name, value.clone())?;
        }
        let lists: [&[Assigned]; 2] = match origin {
            Origin::Media(variables) => [variables, &[]],
            Origin::Site { collection, device } => [collection, device],
        };
        for Assigned { name, value } in lists.into_iter().flatten() {
            let value = environment.expand(value)?;
            environment.set(name, value)?;
        }
        Ok(environment)
    }

    /// Returns the value of a variable, `None` when it is not set.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.variables.get(&key(name)).map(|entry| &entry.value)
    }

    /// Returns the text of a variable, empty when it is not set.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", Value::text)
    }

    /// Lists all variables in the order of their names in upper case.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.variables.values().map(|entry| (entry.name.as_str(), &entry.value))
    }

    /// Sets a variable for a sequence, a step or a script; an empty value deletes it.
    ///
    /// The value is taken as it is. `Err` for an impossible or read-only name, a value of more than
    /// [`VALUE_MAX`] characters, and when there is no room.
    pub fn set(&mut self, name: &str, value: Value) -> Result<(), VariableError> {
        let name = name.trim();
        if name.starts_with('_') {
            return Err(VariableError::ReadOnly { name: shown(name) });
        }
        self.set_by_engine(name, value)
    }

    /// Sets a variable for the engine, which may set read-only ones; an empty value deletes it.
    pub fn set_by_engine(&mut self, name: &str, value: Value) -> Result<(), VariableError> {
        let name = name.trim();
        check_name(name)?;
        if value.text().chars().nth(VALUE_MAX).is_some() {
            return Err(VariableError::ValueTooLong { name: name.to_owned() });
        }
        let entry = Entry { name: name.to_owned(), value };
        let before = self.variables.get(&key(name)).map_or(0, Entry::bytes);
        if !entry.value.text().is_empty() && self.bytes - before + entry.bytes() > ENVIRONMENT_MAX {
            return Err(VariableError::Full { name: name.to_owned() });
        }
        self.put(entry);
        Ok(())
    }

    /// Sets one of the few variables that a run keeps itself: there is always room, and long text is cut.
    pub(super) fn set_own(&mut self, name: &str, text: &str) {
        let end = text.char_indices().nth(VALUE_MAX).map_or(text.len(), |(at, _)| at);
        self.put(Entry { name: name.to_owned(), value: Value::plain(&text[..end]) });
    }

    /// Sets a variable that was written down, for which there was room then.
    pub(super) fn restore(&mut self, name: &str, value: Value) -> Result<(), VariableError> {
        check_name(name)?;
        if value.text().chars().nth(VALUE_MAX).is_some() {
            return Err(VariableError::ValueTooLong { name: name.to_owned() });
        }
        self.put(Entry { name: name.to_owned(), value });
        Ok(())
    }

    fn put(&mut self, mut entry: Entry) {
        if is_secret_name(&entry.name) {
            entry.value = Value::secret(entry.value.text());
        }
        let key = key(&entry.name);
        let before = self.variables.get(&key).map_or(0, Entry::bytes);
        self.bytes -= before;
        if entry.value.text().is_empty() {
            self.variables.remove(&key);
        } else {
            self.bytes += entry.bytes();
            self.variables.insert(key, entry);
        }
    }

    /// Puts the values of variables into a text in place of `%NAME%`.
    ///
    /// Unknown names stay as they are, and what was put in is not looked at again. The result is a
    /// secret when the text or a value in it is one.
    pub fn expand(&self, text: &Value) -> Result<Value, VariableError> {
        self.expand_with(text, |_| None)
    }

    /// Does what [`Self::expand`] does, with `first` asked before the variables.
    pub(super) fn expand_with<'a>(
        &'a self,
        text: &Value,
        first: impl Fn(&str) -> Option<&'a Value>,
    ) -> Result<Value, VariableError> {
        let mut secret = text.is_secret();
        let mut expanded = String::with_capacity(text.text().len());
        let mut rest = text.text();
        while let Some(open) = rest.find('%') {
            expanded.push_str(&rest[..open]);
            rest = &rest[open..];
            let named = name_after(rest);
            match named.and_then(|name| Some((name, first(name).or_else(|| self.get(name))?))) {
                Some((name, value)) => {
                    secret |= value.is_secret();
                    expanded.push_str(value.text());
                    rest = &rest[name.len() + 2..];
                }
                None => {
                    expanded.push('%');
                    rest = &rest[1..];
                }
            }
            if expanded.len() > EXPANDED_MAX {
                return Err(VariableError::ExpandedTooLong);
            }
        }
        expanded.push_str(rest);
        Ok(Value::new(expanded, secret))
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.name.len() + self.value.text().len()
    }
}

fn key(name: &str) -> String {
    name.trim().to_uppercase()
}

fn check_name(name: &str) -> Result<(), VariableError> {
    if name.chars().nth(NAME_MAX).is_some() {
        return Err(VariableError::NameTooLong { begin: shown(name) });
    }
    if is_name(name) { Ok(()) } else { Err(VariableError::Name { name: shown(name) }) }
}

/// A name from a damaged file can be anything.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

/// Whether a text is a variable's name, read-only ones included.
pub(super) fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_alphabetic() || c == '_';
    text.starts_with(first) && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// The name between the percent sign that a text begins with and the next one.
fn name_after(text: &str) -> Option<&str> {
    // A name that is longer is none, so a search to the end of a long text would be in vain.
    let end = text.char_indices().skip(1).take(NAME_MAX + 1).find(|(_, c)| *c == '%')?.0;
    let name = &text[1..end];
    is_name(name).then_some(name)
}
