//! The rules of a Set Dynamic Variables step: escaped XML inside a variable.

use crate::condition::Condition;
use crate::step::Step;
use crate::xml::{self, Document, Element, XmlError};

/// The variable that holds the rules.
const RULES_VARIABLE: &str = "OSDSetDynamicVariablesRules";

/// A rule: when its condition holds, its variables are set; a later rule overwrites an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicRule {
    /// The condition; one without operands always holds.
    pub condition: Condition,
    /// What is set, in document order.
    pub variables: Vec<RuleVariable>,
}

/// A variable that a rule sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVariable {
    /// The name of the variable.
    pub name: String,
    /// Whether the value is a secret; exports leave such values empty.
    pub secret: bool,
    /// The value as written.
    pub value: String,
}

impl Step<'_> {
    /// Reads the step's dynamic rules; `None` when it has none, `Err` when they are no XML.
    pub fn dynamic_rules(&self) -> Option<Result<Vec<DynamicRule>, XmlError>> {
        Some(self.rules_document()?.map(|document| rules_of(&document.root)))
    }

    /// Reads the XML of the step's dynamic rules.
    pub(crate) fn rules_document(&self) -> Option<Result<Document, XmlError>> {
        let variables = self.variables();
        let text = variables.get(RULES_VARIABLE)?;
        (!text.trim().is_empty()).then(|| xml::parse(text.trim()))
    }
}

fn rules_of(root: &Element) -> Vec<DynamicRule> {
    root.elements_named("Rule").map(rule_of).collect()
}

fn rule_of(rule: &Element) -> DynamicRule {
    let lists = rule.elements_named("Variables");
    let variables = lists.flat_map(|list| list.elements().filter(|e| e.name == "Variable"));
    DynamicRule {
        condition: Condition::of_item(rule),
        variables: variables
            .map(|variable| RuleVariable {
                name: variable.attribute("Name").unwrap_or_default().trim().to_owned(),
                secret: variable
                    .attribute("IsSecret")
                    .is_some_and(|secret| secret.eq_ignore_ascii_case("true")),
                value: variable.text().into_owned(),
            })
            .collect(),
    }
}
