//! Conditions of groups, steps and dynamic rules.

mod expression;
mod read;

pub use expression::{
    Comparison, ComputerTest, Expression, FileTest, MakeModelTest, RegistryTest, SoftwareTest,
};
pub(crate) use read::{ConditionNote, read_notes};

use crate::xml::Element;

/// A condition: it holds when all of its operands hold; without operands it always holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Condition {
    /// The operands in document order; several stand for an implicit `and`.
    pub operands: Vec<Operand>,
}

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// `and`, `or` or `not` over further operands, of which there is at least one.
    Operator {
        /// How the operands combine.
        operator: Operator,
        /// The operands in document order.
        operands: Vec<Operand>,
    },
    /// A single test.
    Expression(Expression),
    /// The editor's "operating system is one of".
    OperatingSystems {
        /// How the systems combine; `or` in everything documented.
        operator: Operator,
        /// The systems in document order.
        systems: Vec<OperatingSystem>,
    },
    /// An element that is not known; whether it holds cannot be said.
    Unknown {
        /// The name of the element.
        element: String,
    },
}

/// How operands combine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// All hold.
    And,
    /// At least one holds.
    Or,
    /// None holds; the editor calls it "None".
    Not,
    /// A word that is not known, as written.
    Unknown(String),
}

/// One system of an operating-system condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatingSystem {
    /// The name that the editor shows.
    pub name: String,
    /// The editor's keys, such as `PlatformArchKey`, as written.
    pub keys: Vec<(String, String)>,
    /// The tests that must all hold, as a rule WMI queries.
    pub operands: Vec<Operand>,
}

impl Condition {
    /// Reads the `condition` children of a group, step or rule, wherever they stand among its children.
    ///
    /// Operators without operands count as absent.
    pub(crate) fn of_item(item: &Element) -> Self {
        let operands =
            item.elements_named("condition").flat_map(|c| read::operands(c, &mut Vec::new()));
        Self { operands: operands.collect() }
    }

    /// Returns whether there is nothing to test.
    pub fn is_empty(&self) -> bool {
        self.operands.is_empty()
    }

    /// Lists every single test in document order, at any depth.
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut found = Vec::new();
        collect(&self.operands, &mut found);
        found
    }
}

fn collect<'a>(operands: &'a [Operand], found: &mut Vec<&'a Expression>) {
    for operand in operands {
        match operand {
            Operand::Expression(expression) => found.push(expression),
            Operand::Operator { operands, .. } => collect(operands, found),
            Operand::OperatingSystems { systems, .. } => {
                systems.iter().for_each(|system| collect(&system.operands, found));
            }
            Operand::Unknown { .. } => {}
        }
    }
}

impl Operator {
    /// Reads an operator's `type`, in any case; an absent one is `and`.
    pub(crate) fn parse(word: Option<&str>) -> Self {
        let Some(word) = word else { return Self::And };
        match word.to_ascii_lowercase().as_str() {
            "and" | "" => Self::And,
            "or" => Self::Or,
            "not" => Self::Not,
            _ => Self::Unknown(word.to_owned()),
        }
    }
}
