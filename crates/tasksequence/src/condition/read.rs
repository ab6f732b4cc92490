//! Reading condition elements.

use super::{Expression, Operand, OperatingSystem, Operator};
use crate::xml::Element;

/// Something odd in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConditionNote {
    /// An operator without operands, which counts as absent.
    EmptyOperator,
    /// An element or a type of expression that is not known.
    Unknown(String),
    /// An operator that is not known.
    UnknownOperator(String),
    /// An operating-system group without a system.
    EmptySystems,
}

/// Lists what is odd in the conditions of a group, step or rule.
pub(crate) fn read_notes(item: &Element) -> Vec<ConditionNote> {
    let mut notes = Vec::new();
    for condition in item.elements_named("condition") {
        operands(condition, &mut notes);
    }
    notes
}

pub(super) fn operands(parent: &Element, notes: &mut Vec<ConditionNote>) -> Vec<Operand> {
    parent.elements().filter_map(|element| operand(element, notes)).collect()
}

fn operand(element: &Element, notes: &mut Vec<ConditionNote>) -> Option<Operand> {
    match element.name.as_str() {
        "expression" => {
            let expression = Expression::of(element);
            if let Expression::Unknown { type_name, .. } = &expression {
                notes.push(ConditionNote::Unknown(type_name.clone()));
            }
            Some(Operand::Expression(expression))
        }
        "operator" => {
            let operator = operator_of(element, notes);
            let operands = operands(element, notes);
            if operands.is_empty() {
                notes.push(ConditionNote::EmptyOperator);
                return None;
            }
            Some(Operand::Operator { operator, operands })
        }
        "osConditionGroup" => {
            let operator = operator_of(element, notes);
            let systems: Vec<OperatingSystem> = element
                .elements_named("osExpressionGroup")
                .map(|system| operating_system(system, notes))
                .collect();
            if systems.is_empty() {
                notes.push(ConditionNote::EmptySystems);
            }
            Some(Operand::OperatingSystems { operator, systems })
        }
        other => {
            notes.push(ConditionNote::Unknown(other.to_owned()));
            Some(Operand::Unknown { element: other.to_owned() })
        }
    }
}

fn operator_of(element: &Element, notes: &mut Vec<ConditionNote>) -> Operator {
    let operator = Operator::parse(element.attribute("type"));
    if let Operator::Unknown(word) = &operator {
        notes.push(ConditionNote::UnknownOperator(word.clone()));
    }
    operator
}

fn operating_system(element: &Element, notes: &mut Vec<ConditionNote>) -> OperatingSystem {
    let name = element.attribute("Name").or_else(|| element.attribute("name"));
    let attributes = element.attributes.iter();
    let attributes = attributes.map(|a| (a.name.clone(), a.value.clone()));
    let variables = element.elements_named("variable").map(|variable| {
        let key = variable.attribute("name").unwrap_or_default();
        (key.to_owned(), variable.text().into_owned())
    });
    let keys = attributes.chain(variables).filter(|(key, _)| key.ends_with("Key")).collect();
    let operands = element
        .elements()
        .filter(|child| child.name != "variable")
        .filter_map(|child| operand(child, notes))
        .collect();
    OperatingSystem { name: name.unwrap_or_default().to_owned(), keys, operands }
}
