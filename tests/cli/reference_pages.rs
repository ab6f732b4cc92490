//! Help, usage errors and exit codes.

use crate::session::Session;

#[path = "../../crates/cli/exit.rs"]
#[allow(dead_code, reason = "only the table is looked at")]
mod exit;

const VERBS: [&str; 18] = [
    "init",
    "import",
    "ts",
    "content",
    "check",
    "plan",
    "build",
    "verify",
    "write",
    "inspect",
    "ls",
    "extract",
    "diff",
    "doctor",
    "run",
    "schema",
    "completions",
    "man",
];

#[test]
fn help_says_what_every_exit_code_means() {
    let help = Session::new().run("--help").done().stdout;
    let lines: Vec<String> =
        help.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for (code, meaning) in exit::Exit::TABLE {
        let line = format!("{} {meaning}", code as u8);
        assert!(lines.contains(&line), "no line `{line}` in:\n{help}");
    }
}

#[test]
fn the_readme_has_the_same_table() {
    let readme = include_str!("../../README.md");
    for (code, meaning) in exit::Exit::TABLE {
        let row = format!("| {} | {meaning} |", code as u8);
        assert!(readme.contains(&row), "no row `{row}`");
    }
}

#[test]
fn help_lists_no_exit_code_that_does_not_exist() {
    let help = Session::new().run("--help").done().stdout;
    let (_, codes) = help.split_once("Exit codes:").unwrap();
    let lines: Vec<&str> = codes.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), exit::Exit::TABLE.len());
}

#[test]
fn every_verb_has_help_that_is_data() {
    let session = Session::new();
    let help = session.run("--help").done().stdout;
    for verb in VERBS {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb} is not in:\n{help}");
        session.run(&format!("{verb} --help")).done().prints(&["Usage: tsmedia"]);
    }
}

#[test]
fn every_verb_below_ts_and_content_has_help() {
    let session = Session::new();
    for verb in ["ts list", "ts show", "ts check", "ts export"] {
        session.run(&format!("{verb} --help")).done();
    }
    for verb in ["add", "list", "show", "update", "remove", "verify"] {
        session.run(&format!("content {verb} --help")).done();
    }
}

#[test]
fn the_version_is_data() {
    Session::new().run("--version").done().prints(&["tsmedia ", env!("CARGO_PKG_VERSION")]);
}

#[test]
fn a_wrong_command_line_is_refused() {
    let session = Session::new();
    session.run("").refused(2, &["Usage"]);
    session.run("frobnicate").refused(2, &["frobnicate"]);
    session.run("ts show").refused(2, &["<SEQUENCE>"]);
    session.run("check --frobnicate").refused(2, &["--frobnicate"]);
}

#[test]
fn without_a_site_the_hint_says_how_to_make_one() {
    let session = Session::new();
    for words in ["check", "ts list", "content list", "import x.zip"] {
        session.run(words).refused(2, &["site.toml", "hint:", "tsmedia init"]);
    }
}

#[test]
fn the_last_word_of_a_failure_is_json_where_json_is_asked_for() {
    let outcome = Session::new().run("--json ts list").refused(2, &[]);
    let error: serde_json::Value = serde_json::from_str(&outcome.stderr).unwrap();
    assert_eq!(error["message_type"], "error");
    assert_eq!(error["schema_version"], 1);
    assert_eq!(error["code"], "usage");
    assert_eq!(error["exit"], 2);
    assert!(error["hints"][0].as_str().unwrap().contains("tsmedia init"));
}

#[test]
fn the_site_is_found_upwards() {
    let session = Session::with_site();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tsmedia"));
    command.args(["ts", "list"]).current_dir(session.path("farm/content/packages"));
    let output = command.output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("P0100020"));
}
