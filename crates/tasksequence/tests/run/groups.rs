//! Groups, continue on error, disabled items and conditions.

use tasksequence::run::{Decision, Facts, Machine, NoFacts};

use crate::support::{
    Known, condition, deployment, drive, expression, group, own_variables, run, sequence,
    set_variable, start, step, typed, variable_is, with_codes, words,
};

const COE: &str = "continueOnError=\"true\"";
const DISABLED: &str = "disable=\"true\"";

/// The worked example: group 1 and its first step have continue on error, nothing else.
fn worked_example() -> String {
    let first = [step("1", COE), step("2", ""), step("3", "")].concat();
    let second = [step("4", ""), step("5", ""), step("6", "")].concat();
    group("Group 1", COE, &first) + &group("Group 2", "", &second)
}

fn outcome(items: &str, failing: &[&str]) -> String {
    let codes: Vec<(&str, i64)> = failing.iter().map(|name| (*name, 5)).collect();
    run(items, &[], &codes).join(" ")
}

#[test]
fn the_worked_example_runs_as_documented() {
    let items = worked_example();
    assert_eq!(outcome(&items, &[]), "1 2 3 4 5 6 succeeded");
    assert_eq!(outcome(&items, &["1"]), "1 2 3 4 5 6 succeeded");
    assert_eq!(outcome(&items, &["1", "2"]), "1 2 4 5 6 succeeded");
    assert_eq!(outcome(&items, &["1", "2", "4"]), "1 2 4 failed 0x5");
}

#[test]
fn variations_of_the_worked_example() {
    let items = worked_example();
    assert_eq!(outcome(&items, &["3"]), "1 2 3 4 5 6 succeeded");
    assert_eq!(outcome(&items, &["6"]), "1 2 3 4 5 6 failed 0x5");
    let strict = group("Group 1", "", &step("1", "")) + &step("2", "");
    assert_eq!(outcome(&strict, &["1"]), "1 failed 0x5");
    // The innermost item with continue on error catches a failure, however deep it lies.
    let inner = group("inner", "", &(step("1", "") + &step("2", "")));
    let middle = group("middle", COE, &(inner.clone() + &step("3", "")));
    let nested = group("outer", "", &(middle + &step("4", "")));
    assert_eq!(outcome(&nested, &["1"]), "1 4 succeeded");
    let outer =
        group("outer", COE, &(group("middle", "", &inner) + &step("4", ""))) + &step("5", "");
    assert_eq!(outcome(&outer, &["2"]), "1 2 5 succeeded");
}

#[test]
fn a_failure_ends_the_sequence_with_its_own_code() {
    assert_eq!(run(&step("1", ""), &[], &[("1", 1603)]), ["1", "failed 0x643"]);
}

#[test]
fn disabled_steps_and_groups_are_skipped_with_all_below_and_their_conditions_unasked() {
    let unknown = condition(&expression("WMI", &[("Query", "x")]));
    let items = [
        step("1", DISABLED),
        group("off", DISABLED, &(unknown + &step("2", "") + &group("in", "", &step("3", "")))),
        step("4", ""),
    ];
    assert_eq!(outcome(&items.concat(), &[]), "4 succeeded");
}

#[test]
fn a_condition_that_does_not_hold_skips_a_step_or_all_of_a_group() {
    let never = condition(&variable_is("X", "equals", "1"));
    let skipped = typed("RunCommandLine", "1", "", &never);
    let items = skipped + &group("G", "", &(never + &step("2", ""))) + &step("3", "");
    assert_eq!(outcome(&items, &[]), "3 succeeded");
}

#[test]
fn a_group_whose_steps_were_all_skipped_has_succeeded() {
    assert_eq!(
        outcome(&(group("G", "", &step("1", DISABLED)) + &step("2", "")), &[]),
        "2 succeeded"
    );
    assert_eq!(outcome("", &[]), "succeeded");
    assert_eq!(outcome(&group("empty", "", ""), &[]), "succeeded");
}

#[test]
fn a_groups_condition_is_asked_once_before_its_first_child() {
    let holds = condition(&variable_is("X", "equals", "1"));
    let inside = holds + &set_variable("X", "2") + &step("1", "");
    assert_eq!(run(&group("G", "", &inside), &[("X", "1")], &[]), ["1", "succeeded"]);
}

#[test]
fn an_unknown_condition_fails_its_step_or_group_and_is_never_false_in_silence() {
    let unknown = condition(&expression("WMI", &[("Query", "SELECT x FROM y")]));
    let told = |items: &str, facts: &dyn Facts| {
        let deployments = [deployment(&sequence(items))];
        let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
        let told = words(&drive(&mut machine, facts, &mut with_codes(&[]))).join(" ");
        (told, machine.take_records())
    };
    let items = typed("RunCommandLine", "1", "", &unknown) + &step("2", "");
    let (words, records) = told(&items, &NoFacts);
    assert_eq!(words, "failed 0x80004005");
    assert!(matches!(&records[0].what, Decision::ConditionUnknown { trace } if trace.len() == 1));
    assert_eq!(told(&items, &Known::default()).0, "2 succeeded");
    let caught = typed("RunCommandLine", "1", COE, &unknown) + &step("2", "");
    assert_eq!(told(&caught, &NoFacts).0, "2 succeeded");
    let group = group("G", COE, &(unknown + &step("1", ""))) + &step("2", "");
    assert_eq!(told(&group, &NoFacts).0, "2 succeeded");
}

#[test]
fn continue_on_error_does_not_help_when_setup_windows_fails() {
    let setup = typed("SetupWindowsAndSMS", "setup", COE, "<action>OSDSetupWindows.exe</action>");
    let items = group("G", COE, &setup) + &step("2", "");
    assert_eq!(outcome(&items, &["setup"]), "setup failed 0x5");
    assert_eq!(outcome(&items, &[]), "setup 2 succeeded");
}

#[test]
fn the_last_action_variables_are_not_touched_when_a_step_is_skipped() {
    let never = condition(&variable_is("X", "exists", ""));
    let items = [
        step("bad", COE),
        step("off", DISABLED),
        typed("RunCommandLine", "never", "", &never),
        typed(
            "RunCommandLine",
            "last",
            "",
            &("<action>%_SMSTSLastActionName% %_SMSTSLastActionRetCode% %_SMSTSLastActionSucceeded%</action>"
                .to_owned()
                + &own_variables(&[])),
        ),
        step("end", ""),
    ];
    let deployments = [deployment(&sequence(&items.concat()))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let mut actions = Vec::new();
    drive(&mut machine, &NoFacts, &mut |instruction| {
        if let tasksequence::run::Instruction::RunStep(run) = instruction {
            actions.push(run.action.text().to_owned());
        }
        with_codes(&[("bad", 7)])(instruction)
    });
    assert_eq!(actions[1], "bad 7 false");
    let last = |name: &str| machine.environment().text(name).to_owned();
    assert_eq!(last("_SMSTSLastActionName"), "end");
    assert_eq!(last("_SMSTSLastActionRetCode"), "0");
    assert_eq!(last("_SMSTSLastActionSucceeded"), "true");
    assert_eq!(last("_SMSTSCurrentActionName"), "end");
}

#[test]
fn a_group_is_no_action() {
    let unknown = condition(&expression("WMI", &[("Query", "x")]));
    let items = step("1", "") + &group("G", COE, &unknown);
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    drive(&mut machine, &NoFacts, &mut with_codes(&[]));
    assert_eq!(machine.environment().text("_SMSTSLastActionName"), "1");
    assert_eq!(machine.environment().text("_SMSTSLastActionSucceeded"), "true");
}

#[test]
fn the_log_says_what_was_decided_and_whether_the_run_goes_on() {
    let items = group("G", COE, &(step("1", "") + &step("2", ""))) + &step("3", DISABLED);
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    drive(&mut machine, &NoFacts, &mut with_codes(&[("1", 5)]));
    let records = machine.take_records();
    let told: Vec<String> = records
        .iter()
        .map(|it| format!("{} {}/{}", it.step.path, it.step.number, it.step.of))
        .collect();
    assert_eq!(told, ["G (group 1) 0/3", "G/1 (step 1) 1/3", "G/1 (step 1) 1/3", "3 (step 3) 3/3"]);
    let Decision::Failed { code, reason, continues } = &records[2].what else {
        panic!("it failed")
    };
    assert_eq!((*code, *continues), (5, true));
    assert_eq!(reason, "exit code 5 is not among its success codes");
    assert_eq!(records[3].what, Decision::Disabled);
    assert!(machine.take_records().is_empty());
}
