//! Random trees against a model that is written in another way: as a recursion over the tree.

use proptest::prelude::*;
use tasksequence::run::{Machine, NoFacts};

use crate::support::{
    condition, deployment, drive, exited, group, sequence, start, typed, variable_is, words,
};

#[derive(Debug, Clone)]
pub struct Node {
    pub disabled: bool,
    pub continue_on_error: bool,
    /// Whether its condition holds; `None` for one that nobody can decide.
    pub condition: Option<bool>,
    pub kind: NodeKind,
}

#[derive(Debug, Clone)]
pub enum NodeKind {
    Step { code: i64, restarts: bool },
    Group(Vec<Node>),
}

pub fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let step = (prop_oneof![3 => Just(0), 2 => 1..4_i64], prop::bool::weighted(0.2))
        .prop_map(|(code, restarts)| NodeKind::Step { code, restarts });
    let node = |kind: BoxedStrategy<NodeKind>| {
        let holds = prop_oneof![8 => Just(Some(true)), 2 => Just(Some(false)), 1 => Just(None)];
        (prop::bool::weighted(0.15), prop::bool::weighted(0.4), holds, kind).prop_map(
            |(disabled, continue_on_error, condition, kind)| Node {
                disabled,
                continue_on_error,
                condition,
                kind,
            },
        )
    };
    let tree = node(step.boxed()).boxed().prop_recursive(5, 40, 5, move |inner| {
        let inside = prop::collection::vec(inner, 0..5).prop_map(NodeKind::Group);
        node(inside.boxed())
    });
    prop::collection::vec(tree, 0..6)
}

/// Writes the tree as a sequence; steps are named by their numbers in document order.
pub fn xml(nodes: &[Node], next: &mut usize) -> String {
    let mut text = String::new();
    for node in nodes {
        let attributes = format!(
            "disable=\"{}\" continueOnError=\"{}\" successCodeList=\"0 3010\"",
            node.disabled, node.continue_on_error
        );
        let test = match node.condition {
            Some(true) => String::new(),
            Some(false) => condition(&variable_is("Nothing", "exists", "")),
            None => condition("<whatever/>"),
        };
        text += &match &node.kind {
            NodeKind::Step { .. } => {
                *next += 1;
                typed("RunCommandLine", &next.to_string(), &attributes, &test)
            }
            NodeKind::Group(inside) => group("G", &attributes, &(test + &xml(inside, next))),
        };
    }
    text
}

/// The steps of a tree in document order: exit code and whether a success asks for a restart.
pub fn steps(nodes: &[Node]) -> Vec<(i64, bool)> {
    let of = |node: &Node| match &node.kind {
        NodeKind::Step { code, restarts } => vec![(*code, *restarts)],
        NodeKind::Group(inside) => steps(inside),
    };
    nodes.iter().flat_map(of).collect()
}

/// Runs a list of items as the documentation tells it; `Err` is the code of a failure that it does not catch.
fn model(nodes: &[Node], next: &mut usize, told: &mut Vec<String>) -> Result<(), i64> {
    let mut result = Ok(());
    for node in nodes {
        // Skipped items count too: names are numbers in document order.
        let first = *next + 1;
        *next += steps(std::slice::from_ref(node)).len();
        let skipped = result.is_err() || node.disabled || node.condition == Some(false);
        if skipped {
            continue;
        }
        let ended = match (&node.condition, &node.kind) {
            (None, _) => Err(0x8000_4005),
            (_, NodeKind::Step { code, restarts }) => {
                told.push(first.to_string());
                if *code != 0 {
                    Err(*code)
                } else {
                    told.extend(restarts.then(|| "restart to Hd".to_owned()));
                    Ok(())
                }
            }
            (_, NodeKind::Group(inside)) => model(inside, &mut (first - 1), told),
        };
        result = if node.continue_on_error { Ok(()) } else { ended };
    }
    result
}

fn modelled(nodes: &[Node]) -> Vec<String> {
    let mut told = Vec::new();
    let result = model(nodes, &mut 0, &mut told);
    told.push(match result {
        Ok(()) => "succeeded".to_owned(),
        Err(code) => format!("failed {code:#x}"),
    });
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_machine_does_what_the_model_does(nodes in nodes()) {
        let outcomes = steps(&nodes);
        let deployments = [deployment(&sequence(&xml(&nodes, &mut 0)))];
        let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
        let told = drive(&mut machine, &NoFacts, &mut |instruction| match instruction {
            tasksequence::run::Instruction::RunStep(run) => {
                let (code, restarts) = outcomes[run.step.number - 1];
                assert_eq!(run.step.path.name(), run.step.number.to_string());
                assert_eq!(run.step.of, outcomes.len());
                vec![exited(if code == 0 && restarts { 3010 } else { code })]
            }
            other => crate::support::with_codes(&[])(other),
        });
        prop_assert_eq!(words(&told), modelled(&nodes));
    }
}

#[test]
fn the_model_tells_the_worked_example() {
    let leaf = |code: i64, continue_on_error: bool| Node {
        disabled: false,
        continue_on_error,
        condition: Some(true),
        kind: NodeKind::Step { code, restarts: false },
    };
    let node = |inside: Vec<Node>, continue_on_error: bool| Node {
        kind: NodeKind::Group(inside),
        ..leaf(0, continue_on_error)
    };
    let tree = [
        node(vec![leaf(1, true), leaf(1, false), leaf(0, false)], true),
        node(vec![leaf(1, false), leaf(0, false), leaf(0, false)], false),
    ];
    assert_eq!(modelled(&tree), ["1", "2", "4", "failed 0x1"]);
}
