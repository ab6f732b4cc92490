//! Oddities that reading a sequence finds.

use crate::condition::{ConditionNote, read_notes};
use crate::problem::{Place, Problem, Severity};
use crate::sequence::{Dialect, TaskSequence};
use crate::step::{Step, boolean, code_words};
use crate::step_types;
use crate::walk::Placed;
use crate::xml::Element;

/// Lists what is odd in a sequence, in document order.
pub(crate) fn find(sequence: &TaskSequence) -> Vec<Problem> {
    let mut found = Found { problems: Vec::new() };
    found.root(sequence);
    for placed in sequence.walk() {
        found.item(&placed, sequence.dialect());
    }
    found.problems
}

struct Found {
    problems: Vec<Problem>,
}

impl Found {
    fn add(
        &mut self,
        rule: &'static str,
        severity: Severity,
        place: &Place,
        message: String,
        remedy: &str,
    ) {
        let remedy = remedy.to_owned();
        let place = place.clone();
        self.problems.push(Problem { rule, severity, message, child: None, place, remedy });
    }

    fn root(&mut self, sequence: &TaskSequence) {
        let place = Place::document("sequence");
        if !matches!(sequence.version(), "3.00" | "3.10") {
            let message =
                format!("schema version `{}` is neither 3.00 nor 3.10", sequence.version());
            let remedy = "export the sequence with a current version of the product";
            self.add("schema-version", Severity::Warning, &place, message, remedy);
        }
        let known = ["referenceList", "globalVarList", "group", "step", "subtasksequence"];
        self.unknown_children(&sequence.document().root, &known, &place);
        for name in sequence.global_variables().conflicting() {
            self.conflict(name, &Place::document("globalVarList"));
        }
    }

    fn item(&mut self, placed: &Placed<'_>, dialect: Dialect) {
        let place = Place::Step(placed.path.clone());
        let element = placed.item.element();
        for name in ["disable", "continueOnError"] {
            self.attribute(element, name, &place, |value| boolean(value).is_some());
        }
        self.conditions(element, &place);
        let Some(step) = placed.step() else {
            let known = ["condition", "action", "step", "group", "subtasksequence"];
            self.unknown_children(element, &known, &place);
            return;
        };
        self.unknown_children(element, &["condition", "action", "defaultVarList"], &place);
        self.step_attributes(step, &place);
        for name in step.variables().conflicting() {
            self.conflict(name, &place);
        }
        if dialect == Dialect::ConfigMgr && !step_types::is_known(step.stem()) {
            let message =
                format!("step type `{}` is not known", step.type_name().unwrap_or_default());
            self.add("step-type-unknown", Severity::Note, &place, message, "it is kept as it is");
        }
        self.nested(step, &place);
    }

    fn step_attributes(&mut self, step: Step<'_>, place: &Place) {
        let element = step.element();
        let number = |value: &str| value.trim().is_empty() || value.trim().parse::<u32>().is_ok();
        self.attribute(element, "timeout", place, number);
        self.attribute(element, "retryCount", place, number);
        self.attribute(element, "runIn", place, |value| {
            value.is_empty() || step.run_in().is_some()
        });
        let codes = |value: &str| code_words(value).all(|word| word.parse::<i64>().is_ok());
        self.attribute(element, "successCodeList", place, codes);
        self.attribute(element, "successCodes", place, codes);
        let lists = (element.attribute("successCodeList"), element.attribute("successCodes"));
        if let (Some(list), Some(second)) = lists
            && !code_words(list).eq(code_words(second))
        {
            let message =
                format!("`successCodes` says `{second}` beside `successCodeList` with `{list}`");
            let remedy = "both lists count; keep one of them";
            self.add("success-codes-differ", Severity::Warning, place, message, remedy);
        }
    }

    fn attribute(
        &mut self,
        element: &Element,
        name: &str,
        place: &Place,
        valid: impl Fn(&str) -> bool,
    ) {
        if let Some(value) = element.attribute(name)
            && !valid(value)
        {
            let message =
                format!("attribute `{name}` has the value `{value}`, which means nothing");
            let remedy = "correct the value; it counts as absent";
            self.add("attribute-invalid", Severity::Warning, place, message, remedy);
        }
    }

    fn unknown_children(&mut self, element: &Element, known: &[&str], place: &Place) {
        for child in element.elements().filter(|child| !known.contains(&child.name.as_str())) {
            let message = format!("element `{}` is not known here", child.name);
            self.add("element-unknown", Severity::Note, place, message, "it is kept as it is");
        }
    }

    fn conflict(&mut self, name: &str, place: &Place) {
        let message = format!("variable `{name}` stands more than once with different values");
        let remedy = "the last value counts; remove the others";
        self.add("variable-conflict", Severity::Warning, place, message, remedy);
    }

    fn conditions(&mut self, item: &Element, place: &Place) {
        for note in read_notes(item) {
            self.condition_note(note, place);
        }
    }

    fn condition_note(&mut self, note: ConditionNote, place: &Place) {
        let (rule, message, remedy) = match note {
            ConditionNote::EmptyOperator => (
                "condition-operator-empty",
                "a condition has an operator without operands, which counts as absent".to_owned(),
                "move the expressions beside it into the operator",
            ),
            ConditionNote::EmptySystems => (
                "condition-operator-empty",
                "an operating-system condition names no system".to_owned(),
                "name at least one system or remove the condition",
            ),
            ConditionNote::Unknown(name) => (
                "condition-unknown",
                format!("a condition holds `{name}`, which is not known"),
                "its outcome counts as unknown",
            ),
            ConditionNote::UnknownOperator(word) => (
                "condition-unknown",
                format!("a condition has the operator `{word}`, which is not known"),
                "use `and`, `or` or `not`",
            ),
        };
        self.add(rule, Severity::Warning, place, message, remedy);
    }

    fn nested(&mut self, step: Step<'_>, place: &Place) {
        if let Some(Err(error)) = step.inline_script() {
            let remedy = "enter the script again in the editor";
            self.add("script-unreadable", Severity::Warning, place, error.to_string(), remedy);
        }
        match step.rules_document() {
            None => {}
            Some(Ok(document)) => {
                for rule in document.root.elements_named("Rule") {
                    self.conditions(rule, place);
                }
            }
            Some(Err(error)) => {
                let message = format!("the dynamic rules cannot be read: {error}");
                let remedy = "enter the rules again in the editor";
                self.add("rules-unreadable", Severity::Warning, place, message, remedy);
            }
        }
    }
}
