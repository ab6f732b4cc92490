//! Sequences in few words, and a machine of which everything is known.

use tasksequence::TaskSequence;
use tasksequence::run::{
    Answer, Assigned, ComputerFact, Facts, FileFact, RegistryFact, SoftwareCode, Value,
};

pub fn sequence(items: &str) -> TaskSequence {
    let text = format!("<sequence version=\"3.10\">{items}</sequence>");
    TaskSequence::parse(&text).expect("the text is a sequence").0
}

/// A step that runs a command.
pub fn step(name: &str, attributes: &str) -> String {
    typed("RunCommandLine", name, attributes, "<action>smsswd.exe /run: x</action>")
}

pub fn typed(stem: &str, name: &str, attributes: &str, inside: &str) -> String {
    format!(
        "<step type=\"SMS_TaskSequence_{stem}Action\" name=\"{name}\" {attributes}>{inside}</step>"
    )
}

pub fn expression(stem: &str, fields: &[(&str, &str)]) -> String {
    let fields =
        fields.iter().map(|(name, value)| format!("<variable name=\"{name}\">{value}</variable>"));
    format!(
        "<expression type=\"SMS_TaskSequence_{stem}ConditionExpression\">{}</expression>",
        fields.collect::<String>()
    )
}

pub fn variable_is(name: &str, operator: &str, value: &str) -> String {
    expression("Variable", &[("Operator", operator), ("Value", value), ("Variable", name)])
}

pub fn condition(operands: &str) -> String {
    format!("<condition>{operands}</condition>")
}

pub fn assigned(variables: &[(&str, &str)]) -> Vec<Assigned> {
    variables.iter().map(|(name, value)| Assigned::new(name, Value::plain(*value))).collect()
}

#[derive(Default)]
pub struct Known {
    pub files: Vec<(&'static str, FileFact)>,
    pub folders: Vec<(&'static str, FileFact)>,
    pub registry: Vec<(&'static str, &'static str, &'static str, &'static str)>,
    pub queries: Vec<&'static str>,
    pub products: Vec<&'static str>,
    pub computer: ComputerFact,
    pub system: Vec<(&'static str, &'static str)>,
    pub discs: Vec<(&'static str, Vec<u32>)>,
}

fn found(list: &[(&'static str, FileFact)], path: &str) -> Answer<Option<FileFact>> {
    let file = list.iter().find(|(known, _)| known.eq_ignore_ascii_case(path));
    Answer::Known(file.map(|(_, fact)| fact.clone()))
}

impl Facts for Known {
    fn file(&self, path: &str) -> Answer<Option<FileFact>> {
        found(&self.files, path)
    }

    fn folder(&self, path: &str) -> Answer<Option<FileFact>> {
        found(&self.folders, path)
    }

    fn registry(&self, key_path: &str, value_name: &str) -> Answer<RegistryFact> {
        let mut key = self.registry.iter().filter(|(key, ..)| *key == key_path).peekable();
        if key.peek().is_none() {
            return Answer::Known(RegistryFact::NoKey);
        }
        let value = key.find(|(_, name, ..)| *name == value_name);
        Answer::Known(value.map_or(RegistryFact::NoValue, |(_, _, value_type, data)| {
            RegistryFact::Value { value_type: (*value_type).to_owned(), data: (*data).to_owned() }
        }))
    }

    fn wmi(&self, namespace: &str, query: &str) -> Answer<bool> {
        Answer::Known(namespace == r"root\cimv2" && self.queries.contains(&query))
    }

    fn software(&self, code: SoftwareCode<'_>) -> Answer<bool> {
        let (SoftwareCode::Product(code) | SoftwareCode::Upgrade(code)) = code;
        Answer::Known(self.products.contains(&code))
    }

    fn computer(&self) -> Answer<ComputerFact> {
        Answer::Known(self.computer.clone())
    }

    fn system_variable(&self, name: &str) -> Option<String> {
        let known = self.system.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, value)| (*value).to_owned())
    }

    fn discs_of(&self, id: &str) -> Vec<u32> {
        let known = self.discs.iter().find(|(known, _)| *known == id);
        known.map(|(_, discs)| discs.clone()).unwrap_or_default()
    }
}
