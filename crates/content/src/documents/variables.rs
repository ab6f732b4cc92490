use std::collections::HashSet;
use std::fmt;

use super::DocumentError;
use super::element::Reader;
use super::split::split;
use super::write::{escape, root};
use crate::ContentId;

/// The document `SMS/data/variables.dat`: the media variables and the prestart command.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct VariablesDocument {
    /// The names, which are different without regard to case, and values of the media variables.
    pub variables: Vec<(String, String)>,
    /// What runs before a task sequence is chosen.
    pub prestart: Option<PrestartCommand>,
}

/// A command that runs before a task sequence is chosen.
#[derive(Clone, PartialEq, Eq)]
pub struct PrestartCommand {
    /// The command line.
    pub command: String,
    /// The package with its files.
    pub package: Option<ContentId>,
}

/// Values may be secrets.
impl fmt::Debug for VariablesDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.variables.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("VariablesDocument")
            .field("variables", &names)
            .field("prestart", &self.prestart)
            .finish()
    }
}

/// The command may hold a secret.
impl fmt::Debug for PrestartCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrestartCommand({:?})", self.package)
    }
}

impl VariablesDocument {
    /// Writes the document; `protected` says whether a password will protect it.
    pub fn to_xml(&self, protected: bool) -> String {
        let mut text = root("variables", protected);
        for (name, value) in &self.variables {
            text += &format!("  <var name=\"{}\">{}</var>\n", escape(name), escape(value));
        }
        if let Some(prestart) = &self.prestart {
            let package = prestart.package.as_ref().map_or("", ContentId::as_str);
            let command = escape(&prestart.command);
            text += &format!("  <prestart package=\"{package}\">{command}</prestart>\n");
        }
        text + "</variables>\n"
    }

    /// Reads the document.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let mut document = Self::default();
        let mut names = HashSet::new();
        for piece in split(text, "variables")? {
            let element = piece.element()?;
            let reader = Reader::new(&element, piece.line);
            match reader.name() {
                "var" => {
                    let name = reader.required("name")?.to_owned();
                    if !names.insert(name.to_ascii_lowercase()) {
                        let name = name.escape_debug();
                        return Err(reader.unexpected(format_args!("`{name}` is there twice")));
                    }
                    document.variables.push((name, reader.text()?.into_owned()));
                }
                "prestart" if document.prestart.is_none() => {
                    let package = reader.parsed_unless_empty("package")?;
                    let command = reader.text()?.into_owned();
                    document.prestart = Some(PrestartCommand { command, package });
                }
                "prestart" => return Err(reader.unexpected("a second command stands")),
                _ => return Err(reader.unknown()),
            }
            reader.finish()?;
        }
        Ok(document)
    }
}
