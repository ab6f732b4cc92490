//! Whether a condition holds: yes, no, or nobody can say.

use std::fmt;

use super::environment::Environment;
use super::expression;
use super::facts::Facts;
use super::value::Value;
use crate::condition::{Condition, Expression, Operand, OperatingSystem, Operator};

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be said.
    Unknown,
}

/// A line of the account of why a condition holds or not.
///
/// It names variables and paths as the sequence writes them, and never their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// How deep the operand lies in the condition, from 0.
    pub depth: usize,
    /// What was asked.
    pub test: String,
    /// The answer.
    pub truth: Truth,
}

/// Whether a condition holds, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Whether it holds.
    pub truth: Truth,
    /// What was asked, operators before their operands; what decides nothing is not asked.
    pub trace: Vec<TraceLine>,
}

/// Evaluates a condition; one without operands holds.
pub fn evaluate(condition: &Condition, environment: &Environment, facts: &dyn Facts) -> Evaluation {
    let mut evaluator = Evaluator { environment, facts, trace: Vec::new() };
    let truth = evaluator.all(&condition.operands, 0);
    Evaluation { truth, trace: evaluator.trace }
}

pub(super) struct Evaluator<'a> {
    pub environment: &'a Environment,
    pub facts: &'a dyn Facts,
    trace: Vec<TraceLine>,
}

impl Evaluator<'_> {
    /// And: one that does not hold decides, then one that is unknown.
    fn all(&mut self, operands: &[Operand], depth: usize) -> Truth {
        let mut truth = Truth::True;
        for operand in operands {
            match self.operand(operand, depth) {
                Truth::False => return Truth::False,
                Truth::Unknown => truth = Truth::Unknown,
                Truth::True => {}
            }
        }
        truth
    }

    /// Or: one that holds decides, then one that is unknown.
    fn any(&mut self, operands: &[Operand], depth: usize) -> Truth {
        let mut truth = Truth::False;
        for operand in operands {
            match self.operand(operand, depth) {
                Truth::True => return Truth::True,
                Truth::Unknown => truth = Truth::Unknown,
                Truth::False => {}
            }
        }
        truth
    }

    fn operand(&mut self, operand: &Operand, depth: usize) -> Truth {
        match operand {
            Operand::Expression(expression) => self.expression(expression, depth),
            Operand::Operator { operator, operands } => {
                let at = self.open(depth, operator_words(operator));
                let truth = match operator {
                    Operator::And => self.all(operands, depth + 1),
                    Operator::Or => self.any(operands, depth + 1),
                    Operator::Not => self.any(operands, depth + 1).negated(),
                    Operator::Unknown(_) => Truth::Unknown,
                };
                self.close(at, truth)
            }
            Operand::OperatingSystems { operator, systems } => {
                let at = self.open(depth, "the operating system is one of".to_owned());
                let truth = self.systems(operator, systems, depth + 1);
                self.close(at, truth)
            }
            Operand::Unknown { element } => {
                let at = self.open(depth, format!("element `{}` is not known", shown(element)));
                self.close(at, Truth::Unknown)
            }
        }
    }

    fn systems(&mut self, operator: &Operator, systems: &[OperatingSystem], depth: usize) -> Truth {
        if systems.is_empty() {
            return Truth::Unknown;
        }
        let mut truths = Vec::new();
        for system in systems {
            let at = self.open(depth, format!("`{}`", shown(&system.name)));
            // A system without a query says nothing about itself.
            let truth = match system.operands.is_empty() {
                true => Truth::Unknown,
                false => self.all(&system.operands, depth + 1),
            };
            truths.push(self.close(at, truth));
            if truth == Truth::True && matches!(operator, Operator::Or | Operator::Not) {
                break;
            }
        }
        let some = |truth| truths.contains(&truth);
        let any = if some(Truth::True) {
            Truth::True
        } else if some(Truth::Unknown) {
            Truth::Unknown
        } else {
            Truth::False
        };
        match operator {
            Operator::Or => any,
            Operator::Not => any.negated(),
            Operator::And if some(Truth::False) => Truth::False,
            Operator::And if some(Truth::Unknown) => Truth::Unknown,
            Operator::And => Truth::True,
            Operator::Unknown(_) => Truth::Unknown,
        }
    }

    fn expression(&mut self, expression: &Expression, depth: usize) -> Truth {
        let (test, truth) = expression::decide(expression, self);
        self.trace.push(TraceLine { depth, test, truth });
        truth
    }

    /// Expands variables in a path, also those of the system's environment.
    pub(super) fn path(&self, path: &str) -> Option<String> {
        let expanded = self.environment.expand(&Value::plain(path)).ok()?;
        let mut result = String::with_capacity(expanded.text().len());
        let mut rest = expanded.text();
        while let Some(open) = rest.find('%') {
            result.push_str(&rest[..open]);
            let after = &rest[open + 1..];
            let name = after.find('%').map(|close| &after[..close]);
            match name.and_then(|name| Some((name, self.facts.system_variable(name)?))) {
                Some((name, value)) => {
                    result.push_str(&value);
                    rest = &after[name.len() + 1..];
                }
                None => {
                    result.push('%');
                    rest = after;
                }
            }
        }
        result.push_str(rest);
        Some(result)
    }

    fn open(&mut self, depth: usize, test: String) -> usize {
        self.trace.push(TraceLine { depth, test, truth: Truth::Unknown });
        self.trace.len() - 1
    }

    fn close(&mut self, at: usize, truth: Truth) -> Truth {
        self.trace[at].truth = truth;
        truth
    }
}

fn operator_words(operator: &Operator) -> String {
    match operator {
        Operator::And => "all of".to_owned(),
        Operator::Or => "any of".to_owned(),
        Operator::Not => "none of".to_owned(),
        Operator::Unknown(word) => format!("operator `{}` is not known", shown(word)),
    }
}

/// A text of the sequence, cut: damaged files hold megabytes of it.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Truth {
    /// Takes what is known for true or false.
    pub(super) fn of(known: bool) -> Self {
        if known { Self::True } else { Self::False }
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::True, Self::True) => Self::True,
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        })
    }
}

impl fmt::Display for TraceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{}: {}", "", self.test, self.truth, indent = self.depth * 2)
    }
}
