//! Lists of variables: `defaultVarList` of a step and `globalVarList` of a sequence.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::xml::Element;

/// A variable of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable<'a> {
    /// The name of the task sequence variable, case-insensitive.
    pub name: &'a str,
    /// The property of the vendor's WMI class, `None` when the document does not say.
    pub property: Option<&'a str>,
    /// Whether the value only repeats what the action text holds.
    pub hidden: bool,
    /// The value as written.
    pub value: Cow<'a, str>,
}

/// The variables of one or more lists in document order, repetitions included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Variables<'a> {
    all: Vec<Variable<'a>>,
}

impl<'a> Variables<'a> {
    /// Reads the `variable` children of list elements.
    pub(crate) fn of(lists: impl Iterator<Item = &'a Element>) -> Self {
        let all = lists
            .flat_map(|list| list.elements().filter(|element| element.name == "variable"))
            .map(|element| Variable {
                name: element.attribute("name").unwrap_or_default().trim(),
                property: element.attribute("property"),
                hidden: element.attribute("hidden").is_some_and(|v| v.eq_ignore_ascii_case("true")),
                value: element.text(),
            })
            .collect();
        Self { all }
    }

    /// Returns the value of a variable, `None` when it is absent; of a repeated one the last counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.all.iter().rev().find(|v| v.name.eq_ignore_ascii_case(name));
        found.map(|variable| variable.value.as_ref())
    }

    /// Walks all variables in document order, repetitions included.
    pub fn iter(&self) -> impl Iterator<Item = &Variable<'a>> {
        self.all.iter()
    }

    /// Returns whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the names that stand more than once with different values, each once.
    pub fn conflicting(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        let mut reported = HashSet::new();
        let mut last = HashMap::new();
        for variable in &self.all {
            let key = variable.name.to_ascii_lowercase();
            if let Some(earlier) = last.insert(key.clone(), &variable.value)
                && earlier != &variable.value
                && reported.insert(key)
            {
                names.push(variable.name);
            }
        }
        names
    }
}
