//! Steps that their conditions keep from running on stand-alone media.

use crate::condition::{Comparison, Condition, Expression, Operand, Operator};
use crate::walk::Placed;

/// Returns whether the condition of the step, or of a group around it, is certainly false on stand-alone media.
pub(super) fn excludes(placed: &Placed<'_>) -> bool {
    holds(&placed.item.condition()) == Some(false)
        || placed.groups.iter().any(|group| holds(&group.condition()) == Some(false))
}

/// Whether a condition holds when nothing is known but the type of the medium; `None` when that is not enough.
fn holds(condition: &Condition) -> Option<bool> {
    all(&condition.operands)
}

fn operand(operand: &Operand) -> Option<bool> {
    match operand {
        Operand::Expression(expression) => test(expression),
        Operand::Operator { operator, operands } => match operator {
            Operator::And => all(operands),
            Operator::Or => any(operands),
            Operator::Not => any(operands).map(|holds| !holds),
            Operator::Unknown(_) => None,
        },
        Operand::OperatingSystems { .. } | Operand::Unknown { .. } => None,
    }
}

/// One false operand decides, whatever the unknown ones would be.
fn all(operands: &[Operand]) -> Option<bool> {
    combine(operands, false)
}

/// One true operand decides, whatever the unknown ones would be.
fn any(operands: &[Operand]) -> Option<bool> {
    combine(operands, true)
}

fn combine(operands: &[Operand], decisive: bool) -> Option<bool> {
    let outcomes: Vec<Option<bool>> = operands.iter().map(operand).collect();
    if outcomes.contains(&Some(decisive)) {
        Some(decisive)
    } else {
        (!outcomes.contains(&None)).then_some(!decisive)
    }
}

fn test(expression: &Expression) -> Option<bool> {
    let Expression::Variable { name, comparison, value } = expression else { return None };
    if !name.eq_ignore_ascii_case("_SMSTSMediaType") || value.contains('%') {
        return None;
    }
    let is_full = value.trim().eq_ignore_ascii_case("FullMedia");
    match comparison {
        Comparison::Exists => Some(true),
        Comparison::NotExists => Some(false),
        Comparison::Equals => Some(is_full),
        Comparison::NotEquals => Some(!is_full),
        _ => None,
    }
}
