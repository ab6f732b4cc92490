//! The oddities of real sequences, each on fixtures of our own.

use tasksequence::condition::{Comparison, Expression, Operand, Operator};
use tasksequence::step::{Item, RunIn, Step};
use tasksequence::{Dialect, Placed, TaskSequence};

const CONFIGMGR: &str = include_str!("fixtures/configmgr.xml");
const MDT: &str = include_str!("fixtures/mdt.xml");

fn read(text: &str) -> TaskSequence {
    TaskSequence::parse(text).expect("the fixture is a sequence").0
}

fn rules(text: &str) -> Vec<(&'static str, String)> {
    let (_, problems) = TaskSequence::parse(text).expect("the text is a sequence");
    problems.into_iter().map(|problem| (problem.rule, problem.place.to_string())).collect()
}

fn placed<'a>(sequence: &'a TaskSequence, name: &str) -> Placed<'a> {
    let found = sequence.walk().into_iter().find(|placed| placed.item.name() == name);
    found.unwrap_or_else(|| panic!("there is no item `{name}`"))
}

fn step<'a>(sequence: &'a TaskSequence, name: &str) -> Step<'a> {
    placed(sequence, name).step().expect("the item is a step")
}

fn condition_sequence(condition: &str) -> TaskSequence {
    read(&format!(
        "<sequence version=\"3.10\"><group name=\"G\">{condition}<step name=\"S\"/></group></sequence>"
    ))
}

#[test]
fn dialect_follows_version_and_shape() {
    assert_eq!(read(CONFIGMGR).dialect(), Dialect::ConfigMgr);
    assert_eq!(read(MDT).dialect(), Dialect::Mdt);
    let old = read("<sequence version=\"3.00\"><referenceList/></sequence>");
    assert_eq!(old.dialect(), Dialect::ConfigMgr);
    let bare = read("<sequence/>");
    assert_eq!((bare.dialect(), bare.version()), (Dialect::Mdt, "3.00"));
    assert_eq!(rules("<sequence version=\"4.00\"/>")[0].0, "schema-version");
}

#[test]
fn configmgr_fixture_has_only_its_planted_problems() {
    let expected = [
        ("condition-operator-empty", "Install (group 3)"),
        ("element-unknown", "Install/Unknown (step 14)"),
        ("step-type-unknown", "Install/Unknown (step 14)"),
    ];
    let expected: Vec<_> = expected.map(|(rule, place)| (rule, place.to_owned())).into();
    assert_eq!(rules(CONFIGMGR), expected);
}

#[test]
fn mdt_fixture_has_only_its_planted_problems() {
    let expected = [
        ("variable-conflict", "globalVarList".to_owned()),
        ("success-codes-differ", "Install/Post-apply clean-up (step 10)".to_owned()),
    ];
    assert_eq!(rules(MDT), expected);
}

#[test]
fn rules_inside_a_variable_are_read_as_xml() {
    let sequence = read(CONFIGMGR);
    let rules = step(&sequence, "Choose").dynamic_rules().expect("it has rules").expect("XML");
    assert_eq!(rules.len(), 2);
    let Operand::Operator { operator: Operator::And, operands } = &rules[0].condition.operands[0]
    else {
        panic!("the first rule has an `and`")
    };
    // The percent sign is a wildcard here, never the start of a variable.
    let Operand::Expression(Expression::Variable { comparison, value, .. }) = &operands[0] else {
        panic!("its first operand compares a variable")
    };
    assert_eq!((comparison, value.as_str()), (&Comparison::Like, "20QD%"));
    let Operand::Expression(Expression::Computer(computer)) = &operands[1] else {
        panic!("its second operand tests the computer")
    };
    assert_eq!((computer.mac_address.as_str(), computer.uuid.as_str()), ("00:15:5D:00:00:01", ""));
    assert_eq!(rules[0].variables[1].value, "R&D <fast>");
    assert!(rules[1].condition.is_empty());
    let secret = &rules[1].variables[0];
    assert!(secret.secret && secret.value.is_empty());
}

#[test]
fn inline_script_is_decoded_without_its_byte_order_mark() {
    let sequence = read(CONFIGMGR);
    let script = step(&sequence, "Script").inline_script().expect("it has a script");
    let script = script.expect("it is readable");
    assert!(script.starts_with("param("), "{script:?}");
    assert!(script.contains("Zürich") && script.ends_with("\r\n"), "{script:?}");
    assert_eq!(
        tasksequence::script::decode_script(&tasksequence::script::encode_script(&script)),
        Ok(script)
    );
}

#[test]
fn damaged_script_and_rules_are_problems_and_not_errors() {
    let step = |name: &str, value: &str| {
        format!(
            "<sequence version=\"3.10\"><step type=\"SMS_TaskSequence_RebootAction\" name=\"S\">\
             <defaultVarList><variable name=\"{name}\">{value}</variable></defaultVarList></step></sequence>"
        )
    };
    for damaged in ["//5", "%%%", "//5h"] {
        let found = rules(&step("OSDRunPowerShellScriptSourceScript", damaged));
        assert_eq!(found[0].0, "script-unreadable", "{damaged}");
    }
    let found = rules(&step("OSDSetDynamicVariablesRules", "&lt;Rules&gt;&lt;Rule&gt;"));
    assert_eq!(found[0].0, "rules-unreadable");
}

#[test]
fn names_and_actions_stay_as_written() {
    let sequence = read(CONFIGMGR);
    assert_eq!(step(&sequence, "Check %OSDComputerName%").action(), "OSDPrestartCheck.exe ");
    let action = "OSDBitLocker.exe /enable  /wait:False /mode:TPM /pwd:AD /full:False";
    assert_eq!(step(&sequence, "Protect").action(), action);
    let group = placed(&sequence, "Prepare & \"wipe\" <Zürich>");
    assert!(matches!(group.item, Item::Group(_)));
}

#[test]
fn attributes_are_read_with_their_defaults() {
    let sequence = read(CONFIGMGR);
    let command = step(&sequence, "No package");
    assert_eq!(command.timeout_seconds(), Some(900));
    assert!(command.continue_on_error());
    assert_eq!((command.run_in(), command.retry_count()), (Some(RunIn::Both), 0));
    assert_eq!(command.success_codes(), [0, 3010]);
    let sequence = read(MDT);
    let bare = step(&sequence, "Only a command");
    assert_eq!((bare.type_name(), bare.run_in(), bare.timeout_seconds()), (None, None, None));
    assert!(bare.variables().is_empty());
    // Both lists count, because nobody knows which of them wins.
    assert_eq!(step(&sequence, "Post-apply clean-up").success_codes(), [0, 3010]);
    let without = read("<sequence><step name=\"S\"/></sequence>");
    assert_eq!(step(&without, "S").success_codes(), [0]);
}

#[test]
fn disabled_comes_from_any_group_above_and_in_any_case() {
    let text = "<sequence version=\"3.10\"><group name=\"A\" disable=\"True\"><group name=\"B\">\
                <step name=\"S\"/></group></group><step name=\"T\" disable=\"FALSE\"/></sequence>";
    let sequence = read(text);
    assert!(!placed(&sequence, "S").enabled);
    assert!(!step(&sequence, "S").disabled());
    assert!(placed(&sequence, "T").enabled);
}

#[test]
fn a_group_may_hold_its_condition_at_any_place() {
    let expression = "<expression type=\"SMS_TaskSequence_VariableConditionExpression\">\
                      <variable name=\"Variable\">A</variable><variable name=\"Operator\">EXISTS</variable>\
                      <variable name=\"Value\"/></expression>";
    for text in [
        format!("<condition>{expression}</condition><step name=\"S\"/>"),
        format!("<step name=\"S\"/><condition>{expression}</condition>"),
        format!("<step name=\"R\"/><condition>{expression}</condition><step name=\"S\"/>"),
    ] {
        let sequence = read(&format!("<sequence><group name=\"G\">{text}</group></sequence>"));
        let condition = placed(&sequence, "G").item.condition();
        let expected = Expression::Variable {
            name: "A".to_owned(),
            comparison: Comparison::Exists,
            value: String::new(),
        };
        assert_eq!(condition.expressions(), [&expected]);
    }
    let mdt = read(MDT);
    assert_eq!(placed(&mdt, "Conditional").item.condition().expressions().len(), 1);
    assert!(placed(&mdt, "Set build").item.condition().is_empty());
}

#[test]
fn an_empty_operator_counts_as_absent() {
    let sequence = read(CONFIGMGR);
    let condition = placed(&sequence, "Install").item.condition();
    assert_eq!(condition.operands.len(), 2);
    assert!(condition.operands.iter().all(|operand| matches!(operand, Operand::Expression(_))));
}

#[test]
fn every_type_of_expression_is_modelled() {
    let expression = |kind: &str, fields: &[(&str, &str)]| {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!("<variable name=\"{name}\">{value}</variable>"))
            .collect();
        format!(
            "<expression type=\"SMS_TaskSequence_{kind}ConditionExpression\">{fields}</expression>"
        )
    };
    let text = [
        expression("WMI", &[("Namespace", "root\\cimv2"), ("Query", "SELECT 1")]),
        expression(
            "Registry",
            &[
                ("KeyPath", "HKEY_LOCAL_MACHINE\\A"),
                ("Operator", "nonExists"),
                ("Type", "REG_SZ"),
                ("Value", "B"),
            ],
        ),
        expression(
            "File",
            &[("Path", "C:\\a"), ("Version", "1.2"), ("VersionOperator", "greaterEqual")],
        ),
        expression("Folder", &[("Path", "%_SMSTSMDataPath%\\Drivers")]),
        expression("Software", &[("Operator", "AnyVersion"), ("UpgradeCode", "{A}")]),
        expression("MakeModel", &[("Make", "Example*"), ("Model", "M?")]),
        expression("Moon", &[("Phase", "full")]),
    ]
    .concat();
    let sequence = condition_sequence(&format!(
        "<condition><operator type=\"NOT\">{text}</operator></condition>"
    ));
    let condition = placed(&sequence, "G").item.condition();
    let Operand::Operator { operator: Operator::Not, .. } = &condition.operands[0] else {
        panic!("the operator is `not`")
    };
    let shown: Vec<String> = condition.expressions().iter().map(|e| format!("{e:?}")).collect();
    let expected = [
        r#"Wmi { namespace: "root\\cimv2", query: "SELECT 1" }"#,
        r#"Registry(RegistryTest { key_path: "HKEY_LOCAL_MACHINE\\A", value_name: "B", value_type: "REG_SZ", data: None, comparison: NotExists })"#,
        r#"File(FileTest { path: "C:\\a", version: Some((GreaterEqual, "1.2")), date_time: None })"#,
        r#"Folder(FileTest { path: "%_SMSTSMDataPath%\\Drivers", version: None, date_time: None })"#,
        r#"Software(SoftwareTest { operator: "AnyVersion", product_code: "", product_name: "", upgrade_code: "{A}", version: "" })"#,
        r#"MakeModel(MakeModelTest { make: "Example*", model: "M?" })"#,
        r#"Unknown { type_name: "SMS_TaskSequence_MoonConditionExpression", fields: [("Phase", "full")] }"#,
    ];
    assert_eq!(shown, expected);
}

#[test]
fn operating_system_groups_keep_names_keys_and_queries() {
    let sequence = condition_sequence(
        "<condition><osConditionGroup type=\"or\"><osExpressionGroup Name=\"All x64 Example 11\" type=\"and\" \
         PlatformArchKey=\"9\"><variable name=\"PlatformTypeKey\">1</variable>\
         <expression type=\"SMS_TaskSequence_WMIConditionExpression\"><variable name=\"Query\">SELECT 1</variable>\
         </expression></osExpressionGroup></osConditionGroup></condition>",
    );
    let condition = placed(&sequence, "G").item.condition();
    let Operand::OperatingSystems { operator: Operator::Or, systems } = &condition.operands[0]
    else {
        panic!("the condition names operating systems")
    };
    assert_eq!(systems[0].name, "All x64 Example 11");
    let keys = [("PlatformArchKey", "9"), ("PlatformTypeKey", "1")];
    assert_eq!(systems[0].keys, keys.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert_eq!(condition.expressions().len(), 1);
}

#[test]
fn the_last_of_a_repeated_variable_counts() {
    let sequence = read(MDT);
    let globals = sequence.global_variables();
    assert_eq!(globals.get("osguid"), Some("{3F2504E0-4F89-11D3-9A0C-0305E82C3301}"));
    assert_eq!(globals.iter().count(), 3);
    assert_eq!(globals.conflicting(), ["OSGUID"]);
}

#[test]
fn mdt_steps_may_name_one_property_by_two_variables() {
    let sequence = read(MDT);
    let restart = step(&sequence, "Restart").variables();
    assert_eq!(
        (restart.get("Message"), restart.get("SMSRebootMessage")),
        (Some(""), Some("Restarting"))
    );
    let disk = step(&sequence, "Format disk").variables();
    assert_eq!(disk.get("OSDDiskPartitions1Type"), disk.get("OSDPartitions1Type"));
}

#[test]
fn set_variable_is_read_from_variables_or_from_the_action() {
    let sequence = read(CONFIGMGR);
    let set: Vec<_> =
        sequence.assignments().into_iter().map(|a| (a.variable, a.value, a.rule)).collect();
    let expected = [
        ("DriverPackage", "XYZ00031", Some(1)),
        ("Motto", "R&D <fast>", Some(1)),
        ("VaultKey", "", Some(2)),
        ("Level", "5", None),
        ("Colour", "red", None),
    ];
    assert_eq!(set, expected.map(|(n, v, r)| (n.to_owned(), v.to_owned(), r)));
}

#[test]
fn values_that_mean_nothing_are_problems() {
    let text = "<sequence version=\"3.10\"><step type=\"SMS_TaskSequence_RebootAction\" name=\"S\" disable=\"maybe\" \
                timeout=\"soon\" retryCount=\"-1\" runIn=\"Mars\" successCodeList=\"0 ok\"/></sequence>";
    let found = rules(text);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.iter().all(|(rule, _)| *rule == "attribute-invalid"));
    let sequence = read(text);
    let step = step(&sequence, "S");
    assert_eq!((step.disabled(), step.timeout_seconds(), step.run_in()), (false, None, None));
    assert_eq!((step.retry_count(), step.success_codes()), (0, vec![0]));
}
