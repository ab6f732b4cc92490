//! Set Dynamic Variables, and lists of packages and applications.

use tasksequence::run::{
    ComputerFact, Decision, Facts, InstallList, Instruction, ListedPackage, Machine, NoFacts, Value,
};

use crate::support::{
    Known, deployment, drive, expression, first_step, mdt, own_variables, run, sequence, start,
    step, typed, variable_is, with_codes, words,
};

/// A Set Dynamic Variables step with the rules as escaped XML.
fn rules(rules: &str) -> String {
    let text = format!("<Rules>{rules}</Rules>\r\n");
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let variables = own_variables(&[("OSDSetDynamicVariablesRules", &escaped)]);
    typed("SetDynamicVariables", "rules", "", &variables)
}

fn rule(condition: &str, variables: &[(&str, &str, bool)]) -> String {
    let condition = match condition {
        "" => String::new(),
        condition => format!("<condition>{condition}</condition>"),
    };
    let variables = variables.iter().map(|(name, value, secret)| {
        format!("<Variable Name=\"{name}\" IsSecret=\"{secret}\">{value}</Variable>")
    });
    format!("<Rule>{condition}<Variables>{}</Variables></Rule>", variables.collect::<String>())
}

fn after(rules: &str, variables: &[(&str, &str)], facts: &dyn Facts, asked: &[&str]) -> String {
    let items = self::rules(rules) + &step("1", "");
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(variables)).unwrap();
    let told = drive(&mut machine, facts, &mut with_codes(&[]));
    let values = asked.iter().map(|name| machine.environment().text(name).to_owned());
    let mut told = words(&told);
    told.extend(values);
    told.join(" ")
}

#[test]
fn rules_apply_in_order_and_a_later_one_sees_and_overwrites_earlier_ones() {
    let all = rule("", &[("A", "one", false), ("B", "%A%%C%", false)])
        + &rule(&variable_is("A", "equals", "ONE"), &[("A", "two", false)])
        + &rule(&variable_is("A", "equals", "one"), &[("A", "three", false)]);
    assert_eq!(after(&all, &[("C", "!")], &NoFacts, &["A", "B"]), "1 succeeded two one!");
}

#[test]
fn a_rule_that_nobody_can_decide_fails_the_step() {
    let all = rule("", &[("A", "one", false)])
        + &rule(&expression("WMI", &[("Query", "q")]), &[("A", "two", false)]);
    assert_eq!(after(&all, &[], &NoFacts, &["A"]), "failed 0x80004005 one");
    let deployments = [deployment(&sequence(&rules(&all)))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    drive(&mut machine, &NoFacts, &mut with_codes(&[]));
    let records = machine.take_records();
    let asked =
        |what: &Decision| matches!(what, Decision::ConditionUnknown { trace } if trace.len() == 1);
    assert!(records.iter().any(|record| asked(&record.what)));
    assert_eq!(after(&all, &[], &Known::default(), &["A"]), "1 succeeded one");
}

#[test]
fn rules_that_are_no_xml_or_set_a_read_only_variable_fail_the_step() {
    let variables = own_variables(&[("OSDSetDynamicVariablesRules", "&lt;Rules&gt;")]);
    let items = typed("SetDynamicVariables", "rules", "", &variables);
    assert_eq!(run(&items, &[], &[]), ["failed 0x80004005"]);
    let read_only = rule("", &[("_X", "1", false)]);
    assert_eq!(after(&read_only, &[], &NoFacts, &[]), "failed 0x80004005");
    let none = typed("SetDynamicVariables", "rules", "", "");
    assert_eq!(run(&none, &[], &[]), ["succeeded"]);
}

#[test]
fn rules_know_the_computer_and_the_step_fills_its_variables() {
    let facts = Known {
        computer: ComputerFact {
            make: "HP".to_owned(),
            model: "EliteBook 840".to_owned(),
            mac_addresses: vec!["00:11".to_owned(), "00:22".to_owned()],
            ..ComputerFact::default()
        },
        ..Known::default()
    };
    let model = expression("MakeModel", &[("Make", "HP"), ("Model", "Elite*")]);
    let all = rule(&model, &[("Drivers", "ABC00031", false)])
        + &rule(&variable_is("_SMSTSModel", "like", "%840"), &[("Size", "14", false)]);
    let asked = ["Drivers", "Size", "_SMSTSMake", "_SMSTSMacAddresses"];
    assert_eq!(after(&all, &[], &facts, &asked), "1 succeeded ABC00031 14 HP 00:11,00:22");
}

#[test]
fn a_secret_that_the_export_has_emptied_keeps_the_value_that_it_has() {
    let all = rule("", &[("S", "", true), ("P", "", false), ("T", "geheim", true)]);
    let items = rules(&all) + &step("1", "");
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[("S", "supplied"), ("P", "x")])).unwrap();
    machine.next(&NoFacts);
    assert_eq!(machine.environment().text("S"), "supplied");
    assert_eq!(machine.environment().get("P"), None, "what is no secret is deleted");
    assert_eq!(machine.environment().get("T"), Some(&Value::secret("geheim")));
}

fn packages(variables: &[(&str, &str)]) -> Result<Vec<ListedPackage>, Vec<String>> {
    let inside = "<action>smsswd.exe /pkg: /install /basevar:PKG /continueOnError:True</action>"
        .to_owned()
        + &own_variables(&[("BaseVariableName", "PKG")]);
    let items = typed("InstallSoftware", "1", "", &inside);
    let told = run(&items, variables, &[]);
    if told != ["1", "succeeded"] {
        return Err(told);
    }
    match first_step(&items, variables).install {
        Some(InstallList::Packages(packages)) => Ok(packages),
        other => panic!("{other:?} is no list of packages"),
    }
}

#[test]
fn a_list_of_packages_is_read_up_to_the_first_gap() {
    let listed = |package: &str, program: &str| ListedPackage {
        package: package.to_owned(),
        program: program.to_owned(),
    };
    let variables = [
        ("pkg001", "ABC00010:Install all"),
        ("PKG002", "ABC0002A:Per:user"),
        ("PKG004", "ABC00040:Behind the gap"),
    ];
    let expected = vec![listed("ABC00010", "Install all"), listed("ABC0002A", "Per:user")];
    assert_eq!(packages(&variables), Ok(expected));
}

#[test]
fn a_list_whose_first_package_is_missing_installs_nothing_and_the_sequence_goes_on() {
    assert_eq!(packages(&[]), Ok(Vec::new()));
    assert_eq!(packages(&[("PKG01", "ABC00010:x"), ("PKG002", "ABC00010:x")]), Ok(Vec::new()));
}

#[test]
fn a_malformed_package_fails_the_installation_and_so_does_a_package_id_in_lower_case() {
    for value in
        ["ABC00010", "ABC00010:", "abc00010:x", "ABC0001a:x", "ABC0010:x", ":x", " ABC00010:x"]
    {
        let told = packages(&[("PKG001", "ABC00010:x"), ("PKG002", value)]);
        assert_eq!(told, Err(vec!["failed 0x80004005".to_owned()]), "{value}");
    }
}

#[test]
fn a_malformed_application_is_skipped_and_the_case_of_names_is_kept() {
    let inside = "<action>smsappinstall.exe /app: /basevar:APP /continueOnError:False</action>";
    let items = typed("InstallApplication", "1", "", inside);
    let variables = [("APP01", "Office"), ("APP02", "  "), ("APP03", "office"), ("APP05", "gap")];
    let expected = InstallList::Applications {
        names: vec!["Office".to_owned(), "office".to_owned()],
        skipped: vec!["APP02".to_owned()],
    };
    assert_eq!(first_step(&items, &variables).install, Some(expected));
    let none = InstallList::Applications { names: Vec::new(), skipped: Vec::new() };
    assert_eq!(first_step(&items, &[("APP001", "x")]).install, Some(none));
}

#[test]
fn a_step_that_names_what_it_installs_has_no_list() {
    for (stem, action) in [
        ("InstallSoftware", "smsswd.exe /pkg:ABC00010 /install /basevar: /continueOnError:True"),
        ("InstallSoftware", "smsswd.exe /pkg:ABC00010 /install /basevar:PKG"),
        ("InstallApplication", "smsappinstall.exe /app:ScopeId_A/Application_B /basevar:"),
        ("RunCommandLine", "smsswd.exe /pkg: /basevar:PKG"),
    ] {
        let action = format!("<action>{action}</action>");
        assert_eq!(first_step(&typed(stem, "1", "", &action), &[]).install, None, "{action}");
    }
}

#[test]
fn lists_are_not_supported_on_stand_alone_media() {
    for (stem, action) in [
        ("InstallSoftware", "smsswd.exe /pkg: /install /basevar:PKG"),
        ("InstallApplication", "smsappinstall.exe /app: /basevar:APP"),
    ] {
        let items = typed(stem, "1", "", &format!("<action>{action}</action>"));
        let deployments = [deployment(&sequence(&items))];
        let mut begin = start(&[]);
        begin.stand_alone = true;
        let mut machine = Machine::new(&deployments, &begin).unwrap();
        let told = drive(&mut machine, &NoFacts, &mut with_codes(&[]));
        assert_eq!(words(&told), ["failed 0x80004005"]);
    }
}

#[test]
fn an_mdt_step_without_a_guid_installs_the_list_of_applications() {
    let guid = |n: u32| format!("{{00000000-0000-0000-0000-{n:012}}}");
    let inside = "<action>cscript.exe \"%SCRIPTROOT%\\ZTIApplications.wsf\"</action>".to_owned()
        + &own_variables(&[("ApplicationGUID", "")]);
    let items = format!("<step type=\"BDD_InstallApplication\" name=\"1\">{inside}</step>");
    let deployments = [deployment(&mdt(&items))];
    let (one, three) = (guid(1), guid(3));
    let variables = [
        ("Applications001", one.as_str()),
        ("Applications002", "x"),
        ("Applications003", three.as_str()),
    ];
    let mut begin = start(&variables);
    begin.stand_alone = true;
    let mut machine = Machine::new(&deployments, &begin).unwrap();
    let Instruction::RunStep(run) = machine.next(&NoFacts) else { panic!("a step") };
    let skipped = vec!["Applications002".to_owned()];
    let expected =
        InstallList::DeploymentShare { guids: vec![one.clone(), three.clone()], skipped };
    assert_eq!(run.install, Some(expected));
    assert_eq!(run.contents, [one, three], "they lie on discs like what a step names itself");
}
