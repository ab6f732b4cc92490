//! Sequences in few words, and a runtime that only answers.

use tasksequence::TaskSequence;
use tasksequence::run::{
    Answer, Assigned, ComputerFact, Deployment, Event, Facts, FileFact, Instruction, Machine,
    Origin, Policy, RegistryFact, RestartTarget, Running, SoftwareCode, Start, StepEnd, StepRun,
    Value,
};

pub fn sequence(items: &str) -> TaskSequence {
    let text = format!("<sequence version=\"3.10\">{items}</sequence>");
    TaskSequence::parse(&text).expect("the text is a sequence").0
}

pub fn mdt(items: &str) -> TaskSequence {
    let text = format!("<sequence version=\"3.00\" name=\"M\" description=\"\">{items}</sequence>");
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

pub fn group(name: &str, attributes: &str, inside: &str) -> String {
    format!("<group name=\"{name}\" {attributes}>{inside}</group>")
}

pub fn own_variables(variables: &[(&str, &str)]) -> String {
    let all = variables
        .iter()
        .map(|(name, value)| format!("<variable name=\"{name}\">{value}</variable>"));
    format!("<defaultVarList>{}</defaultVarList>", all.collect::<String>())
}

pub fn set_variable(name: &str, value: &str) -> String {
    let variables = own_variables(&[("VariableName", name), ("VariableValue", value)]);
    typed("SetVariable", &format!("set {name}"), "", &format!("<action/>{variables}"))
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

pub fn deployment(sequence: &TaskSequence) -> Deployment {
    let policy = Policy::merge("ABC00001", "Sequence", sequence, &|_| None);
    let policy = policy.expect("the sequence has no children");
    Deployment { id: String::new(), required: false, policy }
}

pub fn assigned(variables: &[(&str, &str)]) -> Vec<Assigned> {
    variables.iter().map(|(name, value)| Assigned::new(name, Value::plain(*value))).collect()
}

/// A start from media in the installed system.
pub fn start(variables: &[(&str, &str)]) -> Start {
    Start {
        stand_alone: false,
        running: Running::FullOs,
        disc: None,
        prestart: None,
        engine: Vec::new(),
        origin: Origin::Media(assigned(variables)),
    }
}

pub fn exited(code: i64) -> Event {
    Event::StepFinished(StepEnd::Exited { code, output: Value::default() })
}

pub fn set(name: &str, value: &str) -> Event {
    Event::VariableSet { name: name.to_owned(), value: Value::plain(value) }
}

pub fn restarted(target: RestartTarget) -> Event {
    let running = match target {
        RestartTarget::WinPe => Running::WinPe,
        RestartTarget::Hd => Running::FullOs,
    };
    Event::Restarted { running, disc: None }
}

/// Runs to the end; `respond` says what follows from each instruction but the last.
pub fn drive(
    machine: &mut Machine<'_>,
    facts: &dyn Facts,
    respond: &mut dyn FnMut(&Instruction) -> Vec<Event>,
) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    for _ in 0..10_000 {
        let instruction = machine.next(facts);
        instructions.push(instruction.clone());
        if let Instruction::Ended(_) = instruction {
            return instructions;
        }
        for event in respond(&instruction) {
            machine.handle(event).expect("the event belongs there");
        }
    }
    panic!("the run does not end");
}

/// Ends each step with the code of its name, 0 without one, and restarts when asked.
pub fn with_codes(codes: &[(&str, i64)]) -> impl FnMut(&Instruction) -> Vec<Event> {
    let codes: Vec<(String, i64)> =
        codes.iter().map(|(name, code)| ((*name).to_owned(), *code)).collect();
    move |instruction| match instruction {
        Instruction::RunStep(run) => {
            let name = run.step.path.name();
            let code = codes.iter().find(|(known, _)| known == name).map_or(0, |(_, code)| *code);
            vec![exited(code)]
        }
        Instruction::Restart(restart) => vec![restarted(restart.target)],
        other => panic!("{other:?} is not expected"),
    }
}

/// Instructions in words: names of steps, restarts, and the end.
pub fn words(instructions: &[Instruction]) -> Vec<String> {
    instructions.iter().map(word).collect()
}

fn word(instruction: &Instruction) -> String {
    match instruction {
        Instruction::RunStep(run) => run.step.path.name().to_owned(),
        Instruction::Restart(restart) => format!("restart to {:?}", restart.target),
        Instruction::InsertDisc(wanted) => {
            format!("disc {}{}", wanted.disc, if wanted.more { " and more" } else { "" })
        }
        Instruction::RunPrestart { command } => format!("prestart {}", command.text()),
        Instruction::ChooseSequence { .. } => "choose".to_owned(),
        Instruction::Wait => "wait".to_owned(),
        Instruction::Ended(ending) if ending.succeeded => "succeeded".to_owned(),
        Instruction::Ended(ending) => format!("failed {:#x}", ending.code),
    }
}

/// Runs a sequence in the installed system with these exit codes, and tells it in words.
pub fn run(items: &str, variables: &[(&str, &str)], codes: &[(&str, i64)]) -> Vec<String> {
    let deployments = [deployment(&sequence(items))];
    let mut machine = Machine::new(&deployments, &start(variables)).expect("it begins");
    words(&drive(&mut machine, &Known::default(), &mut with_codes(codes)))
}

/// Runs to the first step that the runtime gets.
pub fn first_step(items: &str, variables: &[(&str, &str)]) -> StepRun {
    let deployments = [deployment(&sequence(items))];
    let mut machine = Machine::new(&deployments, &start(variables)).expect("it begins");
    match machine.next(&Known::default()) {
        Instruction::RunStep(run) => *run,
        other => panic!("{other:?} is no step"),
    }
}

/// A machine of which everything is known.
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
