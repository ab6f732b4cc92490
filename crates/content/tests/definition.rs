//! Reading media definitions: defaults, and every problem with its line.

use content::{
    Capacity, MediaDefinition, MediaType, OutputKind, PasswordSource, Problem, Severity,
};
use proptest::prelude::*;

const SMALLEST: &str = "[media]\ntype = \"stand-alone\"\ntask-sequence = \"P0100020\"\n\
                        [output]\npath = \"out/w.iso\"\n";

const FULL: &str = r#"
[media]
type = "stand-alone"
task-sequence = "P0100020"
label = "Windows 11"
unattended = true
boot-image = "P0100005"

[output]
kind = "iso"
path = "out/windows11.iso"
size = "4.7 GB"
timestamp = 2026-11-01T00:00:00Z
autorun = true

[security]
password-file = "secrets/media"
valid-from = 2026-11-01T02:00:00+02:00
valid-until = "2027-11-01T00:00:00Z"

[content]
application-dependencies = false
applications = ["APP00001"]
packages = ["P0100031", "P0100032"]
driver-packages = ["P0100040"]

[customization]
variables = { OSDTimeZone = "UTC", OSDComputerName = "" }
prestart = { command = "cmd /C prestart.cmd", package = "P0100031" }
"#;

fn parse(text: &str) -> MediaDefinition {
    let (definition, problems) = MediaDefinition::parse(text).unwrap();
    assert_eq!(problems, []);
    definition
}

/// Every problem of a text, whether or not it leaves a definition.
fn problems(text: &str) -> Vec<Problem> {
    MediaDefinition::parse(text).map_or_else(|problems| problems, |(_, problems)| problems)
}

/// The only problem of the smallest definition with a line more, and the line's number.
fn problem_of(table: &str, line: &str) -> Problem {
    let text = match SMALLEST.split_once(table) {
        Some((before, after)) => format!("{before}{table}\n{line}{after}"),
        None => format!("{SMALLEST}{table}\n{line}\n"),
    };
    let mut found = problems(&text);
    assert_eq!(found.len(), 1, "{found:#?}");
    let problem = found.remove(0);
    let at = text.lines().position(|found| found == line).unwrap() + 1;
    assert_eq!(problem.place.line, Some(at as u32));
    problem
}

#[test]
fn what_is_not_said_has_its_documented_default() {
    let definition = parse(SMALLEST);
    assert_eq!(definition.label, "Configuration Manager");
    assert!(!definition.unattended && !definition.output.autorun);
    assert_eq!(definition.output.kind, OutputKind::Iso);
    assert_eq!(definition.output.size, Capacity::Unlimited);
    assert_eq!(definition.output.timestamp, None);
    assert_eq!(definition.security.password, None);
    assert!(definition.content.application_dependencies);
    assert!(definition.customization.variables.is_empty());
}

#[test]
fn everything_that_is_said_is_read() {
    let definition = parse(FULL);
    assert_eq!(definition.media_type, MediaType::StandAlone);
    assert_eq!(definition.boot_image.unwrap().as_str(), "P0100005");
    assert_eq!(definition.output.size.bytes().unwrap().0, 4_700_000_000);
    let moment = |text: &str| Some(text.parse().unwrap());
    assert_eq!(definition.output.timestamp, moment("2026-11-01T00:00:00Z"));
    assert_eq!(definition.security.valid_from, moment("2026-11-01T00:00:00Z"));
    assert_eq!(definition.security.valid_until, moment("2027-11-01T00:00:00Z"));
    assert_eq!(definition.security.password, Some(PasswordSource::File("secrets/media".into())));
    assert_eq!(definition.content.packages.len(), 2);
    assert_eq!(definition.customization.variables["OSDTimeZone"], "UTC");
    let prestart = definition.customization.prestart.unwrap();
    assert_eq!(prestart.command, "cmd /C prestart.cmd");
    assert_eq!(prestart.package.unwrap().as_str(), "P0100031");
}

#[test]
fn an_unknown_key_is_shown_with_its_line_and_the_nearest_known_one() {
    let problem = problem_of("[media]", "task_sequence = \"P0100021\"");
    assert_eq!(problem.rule, "unknown-key");
    assert_eq!(problem.severity, Severity::Error);
    assert_eq!(problem.place.text.as_deref(), Some("task_sequence = \"P0100021\""));
    assert_eq!(problem.remedy, "did you mean `task-sequence`?");
    let problem = problem_of("[media]", "publisher = 1");
    assert!(problem.remedy.contains("known here: type, task-sequence, label"), "{problem}");
}

#[test]
fn all_problems_are_found_at_once_in_the_order_of_their_lines() {
    let text = "[media]\ntype = \"standalone\"\nlabel = 3\n[output]\nsize = \"huge\"\n[colour]\n";
    let found: Vec<_> = problems(text).iter().map(|p| (p.place.line, p.rule)).collect();
    let expected = [
        (Some(2), "value"),
        (Some(3), "wrong-type"),
        (Some(4), "missing-key"),
        (Some(5), "output-size"),
        (Some(6), "unknown-key"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_password_in_the_file_is_refused_and_not_repeated() {
    for line in ["password = \"geheim\"", "passwort = \"geheim\"", "pasword-file = [\"geheim\"]"] {
        let problem = problem_of("[security]", line);
        assert!(!problem.to_string().contains("geheim"), "{problem}");
    }
    let problem = problem_of("[security]", "password = \"geheim\"");
    assert_eq!(problem.rule, "password-in-definition");
    assert!(problem.remedy.contains("password-file"));
}

#[test]
fn values_of_variables_never_appear_in_problems() {
    for text in [
        "variables = { OSDJoinPassword = \"geheim\", A = 1 }\n",
        "[customization.variables]\nOSDJoinPassword = \"geheim\"\nA = 1\n",
        "[customization.variables]\nOSDJoinPassword = \"geheim\n",
        "[customization.variables]\nX = geheim\n",
        "variables = { \"1X\" = \"geheim\" }\n",
    ] {
        let header = if text.starts_with('[') { "" } else { "[customization]\n" };
        let found = problems(&format!("{SMALLEST}{header}{text}"));
        assert!(!found.is_empty());
        for problem in found {
            assert!(!problem.to_string().contains("geheim"), "{problem}");
        }
    }
}

#[test]
fn media_that_are_not_built_yet_are_read_and_say_so() {
    for (media_type, keys) in
        [("bootable", ""), ("capture", ""), ("prestaged", "task-sequence = \"P0100020\"")]
    {
        let text = format!("[media]\ntype = \"{media_type}\"\n{keys}\n[output]\npath = \"a.iso\"");
        let (definition, found) = MediaDefinition::parse(&text).unwrap();
        assert_eq!(definition.media_type.as_str(), media_type);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rule, "media-type-not-built");
        assert_eq!(found[0].remedy, "it builds stand-alone media");
    }
    assert_eq!(problem_of("[output]", "kind = \"usb\"").rule, "output-kind-not-built");
}

#[test]
fn an_output_path_with_control_characters_is_an_error() {
    for path in ["out/a\\tb.iso", "out/a\\nb.iso", "out\\u0007/a.iso", "out/a\tb.iso"] {
        let line = format!("path = \"{path}\"");
        let text = SMALLEST.replace("path = \"out/w.iso\"", &line);
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{path:?}: {found:#?}");
        assert_eq!((found[0].place.line, found[0].rule), (Some(5), "value"), "{path:?}");
        assert!(found[0].message.contains("control character"), "{}", found[0].message);
    }
}

#[test]
fn a_start_after_the_end_is_an_error() {
    let dates = |from: &str, until: &str| {
        let lines = format!("[security]\nvalid-from = {from}\nvalid-until = {until}\n");
        problems(&format!("{SMALLEST}{lines}"))
    };
    let found = dates("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z");
    assert_eq!(found[0].rule, "dates-order");
    // The same clock time is earlier where the offset is larger.
    assert_eq!(dates("2026-11-01T00:00:00+02:00", "2026-11-01T00:00:00Z"), []);
    let found = dates("2026-11-01T00:00:00", "2026-12-01");
    assert!(found.iter().all(|p| p.rule == "value" && p.message.contains("offset")), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn labels_that_volumes_cannot_hold_are_found() {
    let long = format!("label = \"{}\"", "x".repeat(33));
    for (line, severity) in [
        ("label = \"\"", Severity::Error),
        ("label = \"a\\nb\"", Severity::Error),
        ("label = \"a/b\"", Severity::Warning),
        ("label = \"🙂\"", Severity::Warning),
        (&long, Severity::Warning),
    ] {
        let problem = problem_of("[media]", line);
        assert_eq!((problem.rule, problem.severity), ("label-characters", severity), "{line}");
    }
}

#[test]
fn variables_have_the_names_that_task_sequences_allow() {
    let severity = |name: &str| {
        let text = format!("{SMALLEST}[customization]\nvariables = {{ \"{name}\" = \"x\" }}\n");
        problems(&text).first().map(|problem| (problem.rule, problem.severity))
    };
    assert_eq!(severity("OSD-Name_1"), None);
    for name in ["_SMSTSInWinPE", "", "1A", "A B", "Ä", &"A".repeat(257)] {
        assert_eq!(severity(name), Some(("variable-name", Severity::Error)), "{name}");
    }
}

#[test]
fn prestart_commands_without_a_shell_or_with_a_drive_are_found() {
    let rule = |command: &str| {
        let text = format!("{SMALLEST}[customization.prestart]\ncommand = '{command}'\n");
        problems(&text).first().map(|problem| problem.rule)
    };
    assert_eq!(rule("cmd /C prestart.cmd"), None);
    assert_eq!(rule("CMD.exe /c prestart.cmd"), None);
    assert_eq!(rule("prestart.cmd"), Some("prestart-form"));
    assert_eq!(rule(r"cmd /C D:\prestart.cmd"), Some("prestart-form"));
}

#[test]
fn syntax_errors_leave_no_definition() {
    let found = MediaDefinition::parse("[media\ntype = \n").unwrap_err();
    assert!(found.iter().any(|problem| problem.rule == "toml-syntax"));
    assert!(MediaDefinition::parse("").is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*", table in "[a-z]{1,8}") {
        let _ = MediaDefinition::parse(&text);
        let _ = MediaDefinition::parse(&format!("[media]\n{table} = {text}\n[[{table}]]\n{text}"));
    }

    #[test]
    fn byte_counts_are_taken_as_they_are(bytes in (1u64 << 20)..(i64::MAX as u64)) {
        let text = SMALLEST.replace("[output]", &format!("[output]\nsize = {bytes}"));
        prop_assert_eq!(parse(&text).output.size.bytes().unwrap().0, bytes);
    }
}

#[test]
fn the_schema_knows_exactly_the_keys_that_the_parser_knows() {
    let schema = content::schema::definition();
    let table: toml::Table = FULL.parse().unwrap();
    for (name, value) in &table {
        let known = &schema["properties"][name]["properties"];
        for key in value.as_table().unwrap().keys() {
            assert!(known.get(key).is_some(), "{name}.{key} is not in the schema");
        }
        for key in known.as_object().unwrap().keys() {
            // A second source of the password would be refused beside the first.
            let said = value.get(key).is_some() || key == "password-command";
            assert!(said, "{name}.{key} is not in the example that uses every key");
        }
    }
    assert_eq!(schema["properties"].as_object().unwrap().len(), table.len());
}

#[test]
fn what_xml_cannot_hold_is_refused_in_values_and_commands() {
    for (table, rule) in [
        ("[customization]\nvariables = { A = \"a\\u0001b\" }\n", "variable-value"),
        ("[customization]\nprestart = { command = \"cmd /C a\\u001Fb\" }\n", "prestart-form"),
    ] {
        let text = format!(
            "[media]\ntype = \"stand-alone\"\ntask-sequence = \"P0100020\"\n\
             [output]\npath = \"a.iso\"\n{table}"
        );
        let (_, problems) = MediaDefinition::parse(&text).unwrap();
        let found: Vec<&str> = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(|problem| problem.rule)
            .collect();
        assert_eq!(found, [rule], "{problems:?}");
    }
}
