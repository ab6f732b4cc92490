//! Typed views of groups, steps and child sequences.

use std::borrow::Cow;

use crate::condition::Condition;
use crate::script::{ScriptError, decode_script};
use crate::variables::Variables;
use crate::xml::Element;

/// A group, a step or a child sequence.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// A `<group>`.
    Group(Group<'a>),
    /// A `<step>`.
    Step(Step<'a>),
    /// A `<subtasksequence>`: the step that runs another sequence.
    ChildSequence(ChildSequence<'a>),
}

impl<'a> Item<'a> {
    /// Takes an element as an item; `None` for every other element.
    pub fn of(element: &'a Element) -> Option<Self> {
        match element.name.as_str() {
            "group" => Some(Self::Group(Group { element })),
            "step" => Some(Self::Step(Step { element })),
            "subtasksequence" => Some(Self::ChildSequence(ChildSequence { element })),
            _ => None,
        }
    }

    /// Returns the element behind the item.
    pub fn element(&self) -> &'a Element {
        match self {
            Self::Group(group) => group.element,
            Self::Step(step) => step.element,
            Self::ChildSequence(child) => child.element,
        }
    }

    /// Returns the name as written; it may hold `%VARIABLE%`.
    pub fn name(&self) -> &'a str {
        self.element().attribute("name").unwrap_or_default()
    }

    /// Returns the description, empty when there is none.
    pub fn description(&self) -> &'a str {
        self.element().attribute("description").unwrap_or_default()
    }

    /// Returns whether the item itself is disabled; groups above it count apart from this.
    pub fn disabled(&self) -> bool {
        flag(self.element(), "disable")
    }

    /// Returns whether a failure of the item lets the sequence go on.
    pub fn continue_on_error(&self) -> bool {
        flag(self.element(), "continueOnError")
    }

    /// Returns the condition; one without operands when there is none.
    pub fn condition(&self) -> Condition {
        Condition::of_item(self.element())
    }
}

/// A group of steps and groups.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    element: &'a Element,
}

impl<'a> Group<'a> {
    /// Returns the element behind the group.
    pub fn element(&self) -> &'a Element {
        self.element
    }

    /// Returns the condition; one without operands when there is none.
    pub fn condition(&self) -> Condition {
        Condition::of_item(self.element)
    }

    /// Walks the items directly inside the group.
    pub fn items(&self) -> impl Iterator<Item = Item<'a>> {
        self.element.elements().filter_map(Item::of)
    }
}

/// A step.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    element: &'a Element,
}

impl<'a> Step<'a> {
    /// Returns the element behind the step.
    pub fn element(&self) -> &'a Element {
        self.element
    }

    /// Returns the name as written; it may hold `%VARIABLE%`.
    pub fn name(&self) -> &'a str {
        self.element.attribute("name").unwrap_or_default()
    }

    /// Returns the `type` attribute; MDT leaves it out on many steps.
    pub fn type_name(&self) -> Option<&'a str> {
        self.element.attribute("type")
    }

    /// Returns the type without `SMS_TaskSequence_` and `Action`, such as `RunCommandLine`; empty without a type.
    ///
    /// MDT uses the names of Configuration Manager for actions of its own: look at the dialect too.
    pub fn stem(&self) -> &'a str {
        let name = self.type_name().unwrap_or_default();
        let name = name.strip_prefix("SMS_TaskSequence_").unwrap_or(name);
        name.strip_suffix("Action").unwrap_or(name)
    }

    /// Returns the command line of the action as written: blanks at its end and inside it are meant.
    pub fn action(&self) -> Cow<'a, str> {
        self.element.child_text("action").unwrap_or(Cow::Borrowed(""))
    }

    /// Returns whether the step itself is disabled; groups above it count apart from this.
    pub fn disabled(&self) -> bool {
        flag(self.element, "disable")
    }

    /// Returns whether a failure of the step lets the sequence go on.
    pub fn continue_on_error(&self) -> bool {
        flag(self.element, "continueOnError")
    }

    /// Returns the time limit in seconds; `None` when there is none or it is no number.
    pub fn timeout_seconds(&self) -> Option<u32> {
        self.element.attribute("timeout")?.trim().parse().ok()
    }

    /// Returns how often the step is repeated after an unexpected restart, 0 by default.
    pub fn retry_count(&self) -> u32 {
        self.element
            .attribute("retryCount")
            .and_then(|count| count.trim().parse().ok())
            .unwrap_or(0)
    }

    /// Returns where the step may run; `None` when the document does not say or says something unknown.
    pub fn run_in(&self) -> Option<RunIn> {
        match self.element.attribute("runIn")?.to_ascii_lowercase().as_str() {
            "winpe" => Some(RunIn::WinPe),
            "fullos" => Some(RunIn::FullOs),
            "winpeandfullos" => Some(RunIn::Both),
            _ => None,
        }
    }

    /// Returns the folder that the command starts in, empty when none is given.
    pub fn start_in(&self) -> &'a str {
        self.element.attribute("startIn").unwrap_or_default()
    }

    /// Returns the exit codes that mean success: the union of `successCodeList` and `successCodes`.
    ///
    /// Which of the two wins is not known, so both count. Sorted, without repetition; without either, 0 alone.
    /// Words that are no numbers are left out.
    pub fn success_codes(&self) -> Vec<i64> {
        let lists = ["successCodeList", "successCodes"];
        let mut codes: Vec<i64> = lists
            .iter()
            .filter_map(|name| self.element.attribute(name))
            .flat_map(code_words)
            .filter_map(|word| word.parse().ok())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() { vec![0] } else { codes }
    }

    /// Returns the condition; one without operands when there is none.
    pub fn condition(&self) -> Condition {
        Condition::of_item(self.element)
    }

    /// Returns the variables that are set while the step runs.
    pub fn variables(&self) -> Variables<'a> {
        Variables::of(self.element.elements_named("defaultVarList"))
    }

    /// Returns the inline PowerShell script as text; `None` when the step has none.
    pub fn inline_script(&self) -> Option<Result<String, ScriptError>> {
        let variables = self.variables();
        let encoded = variables.get("OSDRunPowerShellScriptSourceScript")?;
        (!encoded.trim().is_empty()).then(|| decode_script(encoded))
    }
}

/// A step that runs another sequence.
#[derive(Debug, Clone, Copy)]
pub struct ChildSequence<'a> {
    element: &'a Element,
}

impl<'a> ChildSequence<'a> {
    /// Returns the child sequence as a step.
    pub fn step(&self) -> Step<'a> {
        Step { element: self.element }
    }

    /// Returns the package id of the sequence to run, empty when none is named.
    pub fn id(&self) -> String {
        let variables = self.step().variables();
        variables.get("OSDSubTasksequencePackageID").unwrap_or_default().trim().to_owned()
    }

    /// Returns the name of the sequence to run as the parent remembers it, empty when it has none.
    pub fn sequence_name(&self) -> String {
        let variables = self.step().variables();
        let both = variables.get("OSDSubTasksequenceTsName").unwrap_or_default();
        both.split_once(", ").map_or(both, |(_, name)| name).trim().to_owned()
    }
}

/// Where a step may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunIn {
    /// Windows PE only.
    WinPe,
    /// The installed Windows only.
    FullOs,
    /// Both.
    Both,
}

/// Splits a list of exit codes; blanks separate them, and commas in files edited by hand.
pub(crate) fn code_words(list: &str) -> impl Iterator<Item = &str> {
    list.split(|c: char| c.is_ascii_whitespace() || c == ',').filter(|word| !word.is_empty())
}

/// Reads a boolean, `None` for text that is none. Attributes say `true`, action text `True`.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.is_empty() || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn flag(element: &Element, name: &str) -> bool {
    element.attribute(name).and_then(boolean).unwrap_or(false)
}
