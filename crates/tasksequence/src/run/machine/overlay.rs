//! The variables that exist only while their step runs.

use std::collections::HashMap;

use crate::run::environment::{ENVIRONMENT_MAX, Environment, VariableError};
use crate::run::policy::StepEntry;
use crate::run::value::Value;

/// The variables of a step while it runs. A value that was set before the step wins over the step's own.
pub(super) struct Overlay<'a> {
    environment: &'a Environment,
    pub variables: Vec<(String, Value)>,
    by_name: HashMap<String, usize>,
}

impl<'a> Overlay<'a> {
    /// Expands the defaults in document order, each with those before it.
    pub(super) fn of(
        step: &StepEntry,
        environment: &'a Environment,
    ) -> Result<Self, VariableError> {
        let mut overlay = Self { environment, variables: Vec::new(), by_name: HashMap::new() };
        let mut bytes = 0;
        for (name, default) in &step.variables {
            let value = match environment.get(name) {
                Some(earlier) => earlier.clone(),
                None => overlay.expand(default)?,
            };
            bytes += name.len() + value.text().len();
            if bytes > ENVIRONMENT_MAX {
                return Err(VariableError::Full { name: name.clone() });
            }
            overlay.by_name.insert(name.to_uppercase(), overlay.variables.len());
            overlay.variables.push((name.clone(), value));
        }
        Ok(overlay)
    }

    /// Expands a text; an empty variable of the step is replaced by nothing.
    pub(super) fn expand(&self, text: &Value) -> Result<Value, VariableError> {
        self.environment.expand_with(text, |name| {
            self.by_name.get(&name.to_uppercase()).map(|at| &self.variables[*at].1)
        })
    }

    /// The value of a variable of the step or of the run, empty without one.
    pub(super) fn text(&self, name: &str) -> &str {
        match self.by_name.get(&name.to_uppercase()) {
            Some(at) => self.variables[*at].1.text(),
            None => self.environment.text(name),
        }
    }

    /// The first of several variables that is not empty.
    pub(super) fn first(&self, names: &[&str]) -> Option<&Value> {
        let mut found = names.iter().filter_map(|name| {
            let own = self.by_name.get(&name.to_uppercase()).map(|at| &self.variables[*at].1);
            own.or_else(|| self.environment.get(name))
        });
        found.find(|value| !value.text().trim().is_empty())
    }
}
