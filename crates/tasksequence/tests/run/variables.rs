//! Variables in a run: who sets them, the variables of steps, secrets.

use tasksequence::run::{Event, EventError, Instruction, Machine, NoFacts, Value, VariableError};

use crate::support::{
    deployment, drive, exited, first_step, own_variables, run, sequence, set, set_variable, start,
    step, typed, with_codes,
};

#[test]
fn a_script_that_sets_a_read_only_variable_is_refused_and_goes_on() {
    let deployments = [deployment(&sequence(&step("1", "")))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    machine.next(&NoFacts);
    let refused = machine.handle(set("_SMSTSType", "9"));
    assert!(matches!(refused, Err(EventError::Variable(VariableError::ReadOnly { .. }))));
    assert_eq!(machine.environment().text("_SMSTSType"), "1");
    machine.handle(exited(0)).unwrap();
    assert!(matches!(machine.next(&NoFacts), Instruction::Ended(ending) if ending.succeeded));
}

#[test]
fn a_sequence_that_sets_a_read_only_variable_fails() {
    let told = crate::support::run(&set_variable("_X", "1"), &[], &[]);
    assert_eq!(told, ["failed 0x80004005"]);
}

#[test]
fn the_empty_value_deletes() {
    let items = set_variable("A", "") + &step("1", "");
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[("A", "1")])).unwrap();
    drive(&mut machine, &NoFacts, &mut with_codes(&[]));
    assert_eq!(machine.environment().get("A"), None);
}

#[test]
fn values_are_expanded_once_when_the_sequence_sets_them() {
    let items = [
        set_variable("B", "%A%"),
        set_variable("A", "2"),
        set_variable("Name%B%", "%B%%Gone%"),
        step("1", ""),
    ];
    let deployments = [deployment(&sequence(&items.concat()))];
    let mut machine = Machine::new(&deployments, &start(&[("A", "1")])).unwrap();
    drive(&mut machine, &NoFacts, &mut |_| vec![set("Script", "%A%"), exited(0)]);
    let value = |name: &str| machine.environment().text(name).to_owned();
    assert_eq!((value("B").as_str(), value("Name1").as_str()), ("1", "1%Gone%"));
    assert_eq!(value("Script"), "%A%", "what a script sets is taken as it is");
}

#[test]
fn a_set_variable_step_without_its_variables_is_read_from_its_action() {
    let action = "<action>tsenv.exe \"A=1=&quot;2&quot;\" /hiddenflag:True</action>";
    let items = typed("SetVariable", "set", "", action) + &step("1", "");
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    machine.next(&NoFacts);
    let value = machine.environment().get("A").expect("it is set");
    assert_eq!((value.text(), value.is_secret()), ("1=\"2\"", true));
}

#[test]
fn a_steps_variables_exist_only_while_it_runs() {
    let inside = "<action>x /unsigned:%Flag% %Empty%.</action>".to_owned()
        + &own_variables(&[("Flag", "true"), ("Empty", ""), ("Both", "%Flag%%Out%")]);
    let items = typed("RunCommandLine", "1", "", &inside)
        + &typed("RunCommandLine", "2", "", "<action>%Flag%</action>");
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[("Out", "!")])).unwrap();
    let Instruction::RunStep(first) = machine.next(&NoFacts) else { panic!("a step") };
    assert_eq!(first.action.text(), "x /unsigned:true .");
    assert_eq!(first.variables[2].1.text(), "true!");
    assert_eq!(machine.environment().get("Flag"), None);
    machine.handle(exited(0)).unwrap();
    let Instruction::RunStep(second) = machine.next(&NoFacts) else { panic!("a step") };
    assert_eq!(second.action.text(), "%Flag%");
}

#[test]
fn a_value_that_was_set_before_a_step_wins_over_the_steps_own_and_keeps_winning() {
    let inside = "<action>%Flag%</action>".to_owned() + &own_variables(&[("FLAG", "default")]);
    let one = typed("RunCommandLine", "1", "", &inside);
    let items = set_variable("Flag", "earlier") + &one + &one;
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    for _ in 0..2 {
        let Instruction::RunStep(run) = machine.next(&NoFacts) else { panic!("a step") };
        assert_eq!(run.action.text(), "earlier");
        assert_eq!(run.variables, [("FLAG".to_owned(), Value::plain("earlier"))]);
        machine.handle(exited(0)).unwrap();
    }
    assert_eq!(machine.environment().text("Flag"), "earlier");
}

#[test]
fn a_long_default_of_a_step_is_no_error() {
    let script = "A".repeat(46_672);
    let run = first_step(
        &typed("RunPowerShellScript", "1", "", &own_variables(&[("Script", &script)])),
        &[],
    );
    assert_eq!(run.variables[0].1.text().len(), script.len());
}

#[test]
fn the_variables_of_a_step_that_take_too_much_together_fail_it() {
    let large = "%A%".repeat(1_000);
    let names: Vec<String> = (0..9).map(|number| format!("N{number}")).collect();
    let own: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), &*large)).collect();
    let items = |count: usize| typed("RunCommandLine", "1", "", &own_variables(&own[..count]));
    let a = "x".repeat(4_000);
    assert_eq!(run(&items(8), &[("A", &a)], &[]), ["1", "succeeded"]);
    assert_eq!(run(&items(9), &[("A", &a)], &[]), ["failed 0x80004005"]);
}

#[test]
fn secrets_stay_secret_wherever_they_are_put() {
    let hidden = own_variables(&[
        ("VariableName", "Mine"),
        ("VariableValue", "geheim"),
        ("DoNotShowVariableValue", "true"),
    ]);
    let items = typed("SetVariable", "set", "", &hidden)
        + &set_variable("Copy", "-%Mine%-")
        + &typed(
            "RunCommandLine",
            "1",
            "",
            &own_variables(&[("Own", "%Copy%"), ("OSDJoinPassword", "geheim")]),
        );
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let Instruction::RunStep(run) = machine.next(&NoFacts) else { panic!("a step") };
    assert!(run.variables.iter().all(|(_, value)| value.is_secret()));
    assert_eq!(run.variables[0].1.text(), "-geheim-");
    let name = "OSDLocalAdminPassword".to_owned();
    machine.handle(Event::VariableSet { name, value: Value::plain("geheim") }).unwrap();
    for shown in
        [format!("{run:?}"), format!("{machine:?}"), format!("{:?}", machine.take_records())]
    {
        assert!(!shown.contains("geheim"), "{shown}");
    }
}
