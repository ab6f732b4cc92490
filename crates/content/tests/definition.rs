//! Reading media definitions: defaults, and every problem with its line.

use std::collections::BTreeMap;

use content::options::{self, Use};
use content::{
    Capacity, CertificateKind, Management, MediaDefinition, MediaType, OutputKind, Oversize,
    PasswordSource, Problem, Severity, UserDeviceAffinity,
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

const BOOTABLE: &str = r#"
[media]
type = "bootable"
boot-image = "P0100005"

[output]
path = "out/boot.img"
kind = "usb"
oversize = "refuse"
partition-table = "gpt"
staging = "../staging"

[security]
password-command = "pass show media"
unknown-computers = true
user-device-affinity = "administrator-approval"
root-certificates = ["certificates/root.pem"]

[security.certificate]
kind = "pki"
file = "secrets/media.pfx"
password-file = "secrets/pfx"

[network]
management = "dynamic"
management-points = ["https://mp1.example.org", "https://mp2.example.org"]
"#;

#[test]
fn bootable_media_are_read_with_all_that_only_they_have() {
    let definition = parse(BOOTABLE);
    assert_eq!(definition.media_type, MediaType::Bootable);
    let security = definition.security;
    assert!(security.unknown_computers);
    assert_eq!(security.user_device_affinity, UserDeviceAffinity::AdministratorApproval);
    let certificate = security.certificate.unwrap();
    assert_eq!(certificate.kind, CertificateKind::Pki);
    assert_eq!(certificate.password, Some(PasswordSource::File("secrets/pfx".into())));
    assert_eq!(definition.network.management, Management::Dynamic);
    assert_eq!(definition.network.management_points.len(), 2);
}

#[test]
fn management_points_are_addresses_that_the_certificate_opens() {
    let rules = |from: &str, to: &str| {
        let text = BOOTABLE.replace(from, to);
        assert_ne!(text, BOOTABLE);
        problems(&text).iter().map(|problem| problem.rule).collect::<Vec<_>>()
    };
    assert_eq!(rules("https://mp1", "http://mp1"), ["management-point-scheme"]);
    assert_eq!(rules("kind = \"pki\"", ""), ["management-point-scheme"; 2]);
    assert_eq!(rules("\"dynamic\"", "\"site-based\""), ["management-points"]);
    for text in ["mp1", "https://", "https:///x", "ftp://mp", "https://a*b", "https://a b"] {
        assert_eq!(rules("https://mp1.example.org", text), ["management-points"], "{text}");
    }
    let dates = "valid-from = 2026-01-01T00:00:00Z";
    assert_eq!(
        rules("kind = \"pki\"", &format!("kind = \"pki\"\n{dates}")),
        ["option-of-certificate"]
    );
}

/// What the documentation of the wizard and of the cmdlets says of each type: `r` required, `o`
/// there, `-` not there; for capture, bootable, prestaged and stand-alone media.
const DOCUMENTED: &[(&str, &str)] = &[
    ("media.label", "oo-o"),
    ("media.task-sequence", "--rr"),
    // The task sequence of the others may name it.
    ("media.boot-image", "rroo"),
    ("media.unattended", "-ooo"),
    ("media.created-by", "--o-"),
    ("media.version", "--o-"),
    ("media.comment", "--o-"),
    ("output.size", "oo-o"),
    ("output.autorun", "oo-o"),
    // What our FAT32 does with files that the vendor's refuses has no field there.
    ("output.oversize", "oo-o"),
    ("output.partition-table", "oo-o"),
    // The vendor's has no field for it; people split such files by hand.
    ("output.part-size", "oooo"),
    ("output.staging", "oooo"),
    ("security.password-file", "-ooo"),
    ("security.password-command", "-ooo"),
    ("security.valid-from", "---o"),
    ("security.valid-until", "---o"),
    ("security.unknown-computers", "-oo-"),
    ("security.user-device-affinity", "-oo-"),
    ("security.certificate", "-oo-"),
    ("security.root-certificates", "-oo-"),
    ("network.management", "-oo-"),
    ("network.management-points", "-rr-"),
    ("image.os-image", "--r-"),
    ("image.index", "--o-"),
    ("content.application-dependencies", "--oo"),
    ("content.applications", "--oo"),
    ("content.packages", "--oo"),
    ("content.driver-packages", "--oo"),
    ("customization.variables", "-ooo"),
    // The documentation's planning page lets a program run before a capture, its wizard does not.
    ("customization.prestart", "oooo"),
];

#[test]
fn the_options_of_each_type_are_those_of_the_documentation() {
    let letter = |media| match media {
        Use::Required => 'r',
        Use::Optional => 'o',
        Use::Never(_) => '-',
    };
    let ours: Vec<(&str, String)> = options::OPTIONS
        .iter()
        .map(|option| (option.key, option.uses.map(letter).iter().collect()))
        .collect();
    let documented: Vec<_> =
        DOCUMENTED.iter().map(|(key, uses)| (*key, (*uses).to_owned())).collect();
    assert_eq!(ours, documented);
}

/// A value for each key, in a table of its own line so that any can be added to any definition.
fn value_of(key: &str) -> &'static str {
    match key {
        "media.unattended" | "output.autorun" | "security.unknown-computers" => "true",
        "content.application-dependencies" => "true",
        "security.valid-from" => "2026-01-01T00:00:00Z",
        "security.valid-until" => "2027-01-01T00:00:00Z",
        "security.certificate" => "{ file = \"secrets/media.pfx\" }",
        "security.user-device-affinity" => "\"auto-approval\"",
        "network.management" => "\"dynamic\"",
        "network.management-points" => "[\"http://mp.example.org\"]",
        "customization.variables" => "{ A = \"b\" }",
        "customization.prestart" => "{ command = \"cmd /C a.cmd\" }",
        "output.size" | "output.part-size" => "\"dvd-5\"",
        "image.index" => "1",
        "output.oversize" => "\"refuse\"",
        "output.partition-table" => "\"gpt\"",
        key if key.ends_with("s") && key.starts_with("content.") => "[\"P0100031\"]",
        "security.root-certificates" => "[\"root.pem\"]",
        _ => "\"P0100031\"",
    }
}

/// A definition of this type with exactly these keys.
fn with_keys(media_type: MediaType, keys: &[&str]) -> String {
    let mut tables: BTreeMap<&str, String> = BTreeMap::new();
    tables.insert("media", format!("type = \"{}\"\n", media_type.as_str()));
    let kind = if media_type == MediaType::Prestaged {
        "wim"
    } else if keys.iter().any(|key| *key == "output.partition-table" || *key == "output.oversize") {
        "usb"
    } else {
        "iso"
    };
    tables.insert("output", format!("path = \"out/a\"\nkind = \"{kind}\"\n"));
    for key in keys {
        let (table, name) = key.split_once('.').unwrap();
        *tables.entry(table).or_default() += &format!("{name} = {}\n", value_of(key));
    }
    tables.iter().map(|(table, lines)| format!("[{table}]\n{lines}")).collect()
}

#[test]
fn an_option_of_another_type_is_refused_with_the_reason_and_a_required_one_is_missed() {
    for media_type in MediaType::ALL {
        let of = |wanted: fn(Use) -> bool| -> Vec<&str> {
            let options = options::OPTIONS.iter().filter(|option| wanted(option.of(media_type)));
            options
                .map(|option| option.key)
                .filter(|key| *key != "security.password-command")
                .collect()
        };
        let required = of(|media| media == Use::Required);
        let known = of(|media| !matches!(media, Use::Never(_)));
        assert_eq!(problems(&with_keys(media_type, &known)), [], "{media_type:?}");
        for key in of(|media| matches!(media, Use::Never(_))) {
            let keys: Vec<&str> = required.iter().copied().chain([key]).collect();
            let found = problems(&with_keys(media_type, &keys));
            assert_eq!(found.len(), 1, "{media_type:?} {key}: {found:#?}");
            assert_eq!(found[0].rule, "option-of-type");
            assert!(found[0].message.contains(&format!("`{key}`")), "{}", found[0].message);
        }
        for missing in &required {
            let keys: Vec<&str> = required.iter().copied().filter(|key| key != missing).collect();
            let found = problems(&with_keys(media_type, &keys));
            assert_eq!(found.len(), 1, "{media_type:?} {missing}: {found:#?}");
            assert_eq!(found[0].rule, "missing-key");
            assert!(found[0].message.contains(missing), "{}", found[0].message);
        }
    }
}

#[test]
fn options_of_sticks_are_refused_for_discs() {
    for key in ["oversize = \"refuse\"", "partition-table = \"gpt\""] {
        let problem = problem_of("[output]", key);
        assert_eq!(
            (problem.rule, &*problem.remedy),
            ("option-of-kind", "remove it, or write kind = \"usb\"")
        );
    }
}

#[test]
fn a_staging_folder_may_be_named_for_all_media() {
    let named = SMALLEST.replace("[output]", "[output]\nstaging = \"../room\"");
    assert_eq!(parse(&named).output.staging, Some("../room".into()));
    assert_eq!(parse(SMALLEST).output.staging, None);
    for wrong in ["staging = \"\"", "staging = \"a\\tb\"", "staging = 1"] {
        let problem = problem_of("[output]", wrong);
        assert!(problem.message.contains("`output.staging`"), "{problem}");
    }
}

const PRESTAGED: &str = "\
[media]
type = \"prestaged\"
task-sequence = \"P0100020\"
created-by = \"Factory 7\"
version = \"3\"
comment = \"First run\"

[output]
kind = \"wim\"
path = \"out/oem.wim\"
part-size = \"3.5 GB\"

[image]
os-image = \"P0100003\"
index = 2

[network]
management-points = [\"http://mp.example.org\"]
";

#[test]
fn prestaged_media_have_an_image_and_notes() {
    let (definition, problems) = MediaDefinition::parse(PRESTAGED).unwrap();
    assert_eq!(problems, []);
    assert_eq!(definition.media_type, MediaType::Prestaged);
    assert_eq!(definition.output.kind, OutputKind::Wim);
    assert_eq!(definition.output.part_size.unwrap().0, 3_500_000_000);
    let image = definition.image.unwrap();
    assert_eq!((image.os_image.as_str(), image.index), ("P0100003", Some(2)));
    let notes = definition.properties;
    assert_eq!([notes.created_by, notes.version, notes.comment], ["Factory 7", "3", "First run"]);
}

#[test]
fn notes_are_as_long_as_the_vendor_keeps_them() {
    for (key, max) in [("created-by", 50), ("version", 32), ("comment", 127)] {
        let with = |text: &str| {
            let line = PRESTAGED.lines().find(|line| line.starts_with(key)).unwrap();
            problems(&PRESTAGED.replace(line, &format!("{key} = \"{text}\"")))
        };
        assert_eq!(with(&"ä".repeat(max)), [], "{key}");
        assert_eq!(with(&"ä".repeat(max + 1))[0].rule, "text-length", "{key}");
        assert_eq!(with("a\\nb")[0].rule, "value", "{key}");
    }
}

#[test]
fn prestaged_media_are_a_wim_and_nothing_else_is() {
    let kind = |text: &str| {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{found:#?}");
        (found[0].rule, found[0].remedy.clone())
    };
    let no_parts = PRESTAGED.replace("part-size = \"3.5 GB\"\n", "");
    let as_iso = kind(&no_parts.replace("\"wim\"", "\"iso\""));
    assert_eq!(as_iso, ("output-kind", "kind = \"wim\"".to_owned()));
    let unsaid = kind(&no_parts.replace("kind = \"wim\"\n", ""));
    assert_eq!(unsaid, ("missing-key", "kind = \"wim\"".to_owned()));
    let stand_alone = kind(&SMALLEST.replace("[output]", "[output]\nkind = \"wim\""));
    assert_eq!(stand_alone, ("output-kind", "kind = \"iso\" or \"usb\"".to_owned()));
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
fn times_that_media_cannot_bear_are_found() {
    for line in [
        "timestamp = -99999999999",
        "timestamp = 1979-12-31T23:59:59Z",
        "timestamp = 2108-01-01T00:00:00Z",
    ] {
        let problem = problem_of("[output]", line);
        assert!(problem.message.contains("1980 to 2107"), "{problem}");
    }
    parse(&SMALLEST.replace("[output]", "[output]\ntimestamp = 1980-01-01T00:00:00Z"));
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
fn variables_whose_names_differ_only_in_case_are_refused() {
    let text =
        format!("{SMALLEST}[customization.variables]\nOne = \"1\"\nTwo = \"2\"\noNE = \"3\"\n");
    let found = problems(&text);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].rule, found[0].severity), ("variable-name", Severity::Error));
    for name in ["`One`", "oNE"] {
        assert!(found[0].message.contains(name), "{}", found[0]);
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
    assert!(!found.is_empty() && found.iter().all(|problem| problem.rule == "toml-syntax"));
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
fn files_that_fat32_cannot_hold_are_cut_refused_or_on_a_second_partition() {
    let default = parse(&BOOTABLE.replace("oversize = \"refuse\"\n", ""));
    assert_eq!(default.output.oversize, Oversize::Cut);
    for oversize in Oversize::ALL {
        let word = format!("oversize = \"{}\"", oversize.as_str());
        let definition = parse(&BOOTABLE.replace("oversize = \"refuse\"", &word));
        assert_eq!(definition.output.oversize, oversize, "{word}");
    }
    assert_eq!(Oversize::SecondPartition.as_str(), "second-partition");
}

#[test]
fn the_schema_knows_exactly_the_keys_that_the_parser_knows() {
    let schema = content::schema::definition();
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for example in [FULL, BOOTABLE, PRESTAGED] {
        let table: toml::Table = example.parse().unwrap();
        for (name, value) in &table {
            let keys = value.as_table().unwrap().keys().cloned();
            said.entry(name.clone()).or_default().extend(keys);
        }
    }
    for (name, keys) in &said {
        let known = &schema["properties"][name]["properties"];
        for key in keys {
            assert!(known.get(key).is_some(), "{name}.{key} is not in the schema");
        }
        for key in known.as_object().unwrap().keys() {
            assert!(keys.contains(key), "{name}.{key} is in no example");
        }
    }
    assert_eq!(schema["properties"].as_object().unwrap().len(), said.len());
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
