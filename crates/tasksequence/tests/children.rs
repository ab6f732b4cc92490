//! Following child sequences.

use std::collections::HashMap;

use tasksequence::children::MAX_CHILD_DEPTH;
use tasksequence::{Followed, TaskSequence, follow};

fn sequence(children: &[&str]) -> TaskSequence {
    let steps: String = children
        .iter()
        .map(|id| {
            format!(
                "<subtasksequence type=\"SMS_TaskSequence_SubTasksequence\" name=\"Run {id}\"><defaultVarList>\
                 <variable name=\"OSDSubTasksequencePackageID\">{id}</variable>\
                 <variable name=\"OSDSubTasksequenceTsName\">{id}, Name, with comma</variable>\
                 </defaultVarList></subtasksequence>"
            )
        })
        .collect();
    TaskSequence::parse(&format!("<sequence version=\"3.10\">{steps}</sequence>")).unwrap().0
}

fn site(entries: &[(&str, &[&str])]) -> HashMap<String, TaskSequence> {
    entries.iter().map(|(id, children)| ((*id).to_owned(), sequence(children))).collect()
}

fn run<'a>(site: &'a HashMap<String, TaskSequence>, root: &str) -> Followed<'a> {
    follow(root, &site[root], &|id: &str| site.get(&id.to_ascii_uppercase()))
}

fn ids(followed: &Followed<'_>) -> Vec<String> {
    followed.sequences.iter().map(|followed| followed.path.join(">")).collect()
}

#[test]
fn shared_children_are_entered_once() {
    let site = site(&[("A", &["B", "C"]), ("B", &["D"]), ("C", &["d"]), ("D", &[])]);
    let followed = run(&site, "A");
    assert_eq!(ids(&followed), ["A", "A>B", "A>B>D", "A>C"]);
    assert!(followed.problems.is_empty());
}

#[test]
fn a_child_use_names_id_and_name() {
    let parent = sequence(&["ABC00020"]);
    let uses = parent.child_uses();
    assert_eq!((uses[0].id.as_str(), uses[0].name.as_str()), ("ABC00020", "Name, with comma"));
    assert_eq!(uses[0].place.to_string(), "Run ABC00020 (step 1)");
}

#[test]
fn a_cycle_is_reported_with_its_path() {
    let site = site(&[("A", &["B"]), ("B", &["C"]), ("C", &["B"])]);
    let followed = run(&site, "A");
    assert_eq!(ids(&followed), ["A", "A>B", "A>B>C"]);
    let problem = &followed.problems[0];
    assert_eq!(followed.problems.len(), 1);
    assert_eq!(problem.rule, "child-cycle");
    assert!(problem.message.ends_with("B → C → B"), "{}", problem.message);
    assert_eq!(problem.child.as_deref(), Some("C"));
    assert_eq!(problem.place.to_string(), "Run B (step 1)");
}

#[test]
fn a_sequence_that_runs_itself_is_a_cycle() {
    let site = site(&[("A", &["a"])]);
    let problems = run(&site, "A").problems;
    assert_eq!((problems[0].rule, &problems[0].child), ("child-cycle", &None));
}

#[test]
fn depth_is_bounded_also_behind_a_child_that_is_known_already() {
    let chain = |length: usize| -> HashMap<String, TaskSequence> {
        let id = |n: usize| format!("N{n}");
        let links = (0..length).map(|n| (id(n), sequence(&[&id(n + 1)])));
        links.chain([(id(length), sequence(&[]))]).collect()
    };
    let site = chain(MAX_CHILD_DEPTH);
    assert!(run(&site, "N0").problems.is_empty());
    let site = chain(MAX_CHILD_DEPTH + 1);
    let followed = run(&site, "N0");
    assert_eq!(followed.problems[0].rule, "child-depth");
    assert_eq!(followed.sequences.len(), MAX_CHILD_DEPTH + 1);
    // R runs the chain first from near its end and then through a detour that makes it too long.
    let mut site = chain(MAX_CHILD_DEPTH - 1);
    site.insert("R".to_owned(), sequence(&["N0", "X"]));
    site.insert("X".to_owned(), sequence(&["N0"]));
    let followed = run(&site, "R");
    assert_eq!(followed.problems.iter().map(|p| p.rule).collect::<Vec<_>>(), ["child-depth"]);
}

#[test]
fn missing_children_are_reported_and_disabled_steps_are_not_followed() {
    let site = site(&[("A", &["GONE", ""])]);
    let followed = run(&site, "A");
    assert_eq!(followed.problems.iter().map(|p| p.rule).collect::<Vec<_>>(), ["child-missing"; 2]);
    let disabled = TaskSequence::parse(
        &sequence(&["GONE"])
            .to_xml()
            .replace("<subtasksequence", "<subtasksequence disable=\"true\""),
    );
    let disabled = disabled.unwrap().0;
    assert!(follow("A", &disabled, &|_| None).problems.is_empty());
}
