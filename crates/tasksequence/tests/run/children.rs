//! Child sequences.

use std::collections::HashMap;

use tasksequence::TaskSequence;
use tasksequence::children::MAX_CHILD_DEPTH;
use tasksequence::run::{
    Child, Deployment, Instruction, MAX_NESTING, MAX_POLICY_ITEMS, Machine, NoFacts, Policy,
    PolicyError,
};

use crate::support::{
    condition, drive, group, own_variables, sequence, set_variable, start, step, typed,
    variable_is, with_codes, words,
};

fn child(id: &str, attributes: &str, before: &str) -> String {
    format!(
        "<subtasksequence type=\"SMS_TaskSequence_SubTasksequence\" name=\"run {id}\" {attributes}>{before}{}\
         </subtasksequence>",
        own_variables(&[("OSDSubTasksequencePackageID", id)])
    )
}

/// A site: sequences by id; a minus before an id means that the sequence is disabled.
fn merge(site: &[(&str, String)]) -> Result<Policy, PolicyError> {
    let sequences: HashMap<String, (TaskSequence, bool)> = site
        .iter()
        .map(|(id, items)| {
            let enabled = !id.starts_with('-');
            (id.trim_start_matches('-').to_owned(), (sequence(items), enabled))
        })
        .collect();
    let lookup = |id: &str| {
        let (sequence, enabled) = sequences.get(&id.to_ascii_uppercase())?;
        Some(Child { sequence, enabled: *enabled })
    };
    Policy::merge("P", "Parent", &sequences["P"].0, &lookup)
}

fn told(site: &[(&str, String)], codes: &[(&str, i64)]) -> (String, Vec<Instruction>, String) {
    let deployments =
        [Deployment { id: String::new(), required: false, policy: merge(site).unwrap() }];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut with_codes(codes));
    let value = machine.environment().text("X").to_owned();
    (words(&told).join(" "), told, value)
}

#[test]
fn parent_and_child_are_one_run_with_one_count_of_steps() {
    let parent = step("1", "") + &child("c", "", "") + &step("3", "") + &child("C", "", "");
    let site = [("P", parent), ("C", group("G", "", &step("2", "")))];
    let (words, told, _) = self::told(&site, &[]);
    assert_eq!(words, "1 2 3 2 succeeded");
    let Instruction::RunStep(run) = &told[1] else { panic!("a step") };
    assert_eq!(run.step.sequence, "c");
    assert_eq!(run.step.path.to_string(), "G/2 (step 1)");
    assert_eq!((run.step.number, run.step.of), (3, 6));
}

#[test]
fn the_last_writer_of_a_variable_wins_in_both_directions() {
    let seen = typed("RunCommandLine", "2", "", &condition(&variable_is("X", "equals", "parent")));
    let inside = seen + &set_variable("X", "child");
    let seen = typed("RunCommandLine", "3", "", &condition(&variable_is("X", "equals", "child")));
    let site = [("P", set_variable("X", "parent") + &child("C", "", "") + &seen), ("C", inside)];
    let (words, _, value) = told(&site, &[]);
    assert_eq!((words.as_str(), value.as_str()), ("2 3 succeeded", "child"));
}

#[test]
fn a_childs_global_variables_overwrite_nothing() {
    let globals = "<globalVarList><variable name=\"X\">child</variable></globalVarList>".to_owned();
    let site = [("P", child("C", "", "")), ("C", globals.clone())];
    assert_eq!(told(&site, &[]).2, "child");
    let site = [("P", set_variable("X", "parent") + &child("C", "", "")), ("C", globals)];
    assert_eq!(told(&site, &[]).2, "parent");
}

#[test]
fn a_failure_inside_a_child_is_one_of_the_step_that_runs_it() {
    let inside = step("1", "") + &step("2", "");
    let coe = "continueOnError=\"true\"";
    let strict = [("P", child("C", "", "") + &step("3", "")), ("C", inside.clone())];
    assert_eq!(told(&strict, &[("1", 5)]).0, "1 failed 0x5");
    let caught = [("P", child("C", coe, "") + &step("3", "")), ("C", inside)];
    assert_eq!(told(&caught, &[("1", 5)]).0, "1 3 succeeded");
}

#[test]
fn continue_on_error_does_not_help_when_a_child_sequence_is_disabled() {
    let coe = "continueOnError=\"true\"";
    let site =
        [("P", group("G", coe, &child("C", coe, "")) + &step("2", "")), ("-C", step("1", ""))];
    assert_eq!(told(&site, &[]).0, "failed 0x80004005");
}

#[test]
fn a_child_step_that_is_skipped_or_disabled_runs_nothing() {
    let never = condition(&variable_is("X", "exists", ""));
    let site = [("P", child("C", "", &never) + &step("2", "")), ("-C", step("1", ""))];
    assert_eq!(told(&site, &[]).0, "2 succeeded");
    let site = [("P", child("GONE", "disable=\"true\"", "") + &step("2", ""))];
    assert_eq!(told(&site, &[]).0, "2 succeeded");
}

#[test]
fn cycles_missing_children_and_endless_chains_are_found_before_anything_runs() {
    let cycle = merge(&[("P", child("C", "", "")), ("C", child("p", "", ""))]);
    assert_eq!(
        cycle.unwrap_err().to_string(),
        "task sequences run each other in a circle: P → C → p"
    );
    let missing = merge(&[("P", group("G", "", &child("GONE", "", "")))]).unwrap_err();
    let words = "child sequence `GONE`, which G/run GONE (step 1) runs, is not there";
    assert_eq!(missing.to_string(), words);
    let chain = |length: usize| {
        let id = |n: usize| if n == 0 { "P".to_owned() } else { format!("N{n}") };
        let site: Vec<(String, String)> = (0..=length)
            .map(|n| (id(n), if n == length { step("end", "") } else { child(&id(n + 1), "", "") }))
            .collect();
        let site: Vec<(&str, String)> =
            site.iter().map(|(id, items)| (id.as_str(), items.clone())).collect();
        merge(&site)
    };
    assert!(chain(MAX_CHILD_DEPTH).is_ok());
    assert!(
        matches!(chain(MAX_CHILD_DEPTH + 1), Err(PolicyError::Depth { path }) if path.len() == MAX_CHILD_DEPTH + 2)
    );
}

#[test]
fn merging_is_bounded_in_depth_and_number() {
    let nested = |depth: usize, inside: &str| {
        (0..depth).fold(inside.to_owned(), |inside, _| group("G", "", &inside))
    };
    // The document allows some 250 groups in one sequence; two of them nest deeper.
    let depth = 230;
    assert!(merge(&[("P", nested(depth, &child("C", "", ""))), ("C", nested(100, ""))]).is_ok());
    let deep = merge(&[("P", nested(depth, &child("C", "", ""))), ("C", nested(depth, ""))]);
    assert!(matches!(deep, Err(PolicyError::TooDeep { .. })), "{MAX_NESTING}");
    let wide = merge(&[
        ("P", child("C", "", "").repeat(60)),
        ("C", child("D", "", "").repeat(60)),
        ("D", step("1", "").repeat(60)),
    ]);
    assert_eq!(wide, Err(PolicyError::TooManyItems), "{MAX_POLICY_ITEMS}");
}

#[test]
fn policies_are_told_apart_by_their_text_and_that_of_their_children() {
    let fingerprint = |site: &[(&str, String)]| merge(site).unwrap().fingerprint();
    let site = [("P", child("C", "", "")), ("C", step("1", ""))];
    let same = fingerprint(&site);
    assert_eq!(fingerprint(&site), same);
    assert_ne!(fingerprint(&[("P", child("C", "", "")), ("C", step("2", ""))]), same);
    assert_ne!(fingerprint(&[("P", child("C", "", "")), ("-C", step("1", ""))]), same);
    assert_ne!(
        fingerprint(&[("P", child("C", "", "") + &step("1", "")), ("C", step("1", ""))]),
        same
    );
}
