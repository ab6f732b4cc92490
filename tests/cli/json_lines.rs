//! Standard error for programs: JSON objects, one a line, and nothing else.

use serde_json::Value;

use crate::session::Session;

/// The kinds of the messages on standard error, each once, in the order in which they first came.
#[track_caller]
fn kinds(stderr: &str) -> Vec<String> {
    let mut kinds = Vec::new();
    for line in stderr.lines() {
        let message: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("`{line}` is not JSON ({error}) in:\n{stderr}"));
        assert_eq!(message["schema_version"], 1, "{line}");
        let kind = message["message_type"].as_str().unwrap().to_owned();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

#[test]
fn problems_errors_and_warnings_are_lines_too() {
    let session = Session::with_site();
    let example = session.read("farm/media/example.toml");
    session.write("farm/media/lost.toml", example.replace("P0100020", "P0100099"));
    session.write("farm/media/syntax.toml", "[media");
    let loaded: [(&str, i32, &[&str]); 8] = [
        ("build lost", 4, &["problem", "error"]),
        ("build syntax", 2, &["problem", "error"]),
        ("build syntax nosuch", 2, &["problem", "error"]),
        ("plan lost", 4, &["problem"]),
        ("build nosuch", 2, &["error"]),
        ("ts show P0100099", 2, &["error"]),
        ("build example --frobnicate", 2, &["error"]),
        ("content remove P0100004 --force", 0, &["warning"]),
    ];
    for (words, exit, expected) in loaded {
        let outcome = session.farm(&format!("{words} --progress=json")).exits(exit);
        assert_eq!(kinds(&outcome.stderr), expected, "{words}");
    }
    let built = session.farm("--progress json build example").exits(4);
    assert_eq!(kinds(&built.stderr), ["problem", "error"]);
}

#[test]
fn a_problem_has_the_keys_that_it_has_in_documents() {
    let session = Session::with_site();
    std::fs::remove_dir_all(session.path("farm/content/packages/tools")).unwrap();
    let built = session.farm("build example --progress=json").exits(4);
    let problem: Value = serde_json::from_str(built.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(problem["rule"], "content-missing");
    assert_eq!(problem["severity"], "error");
    assert!(problem["where"].as_str().unwrap().contains("Set the power plan"));
    assert!(!problem["message"].as_str().unwrap().is_empty());
    assert!(problem["remedy"].as_str().unwrap().contains("tsmedia content update P0100004"));
}

#[test]
fn one_of_several_errors_says_whose_it_is() {
    let session = Session::with_site();
    let built = session.farm("build nosuch example --progress=json").exits(2);
    let lines = built.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let errors: Vec<Value> = lines.filter(|line| line["message_type"] == "error").collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["definition"], "nosuch");
    assert_eq!(errors[0]["exit"], 2);
}
