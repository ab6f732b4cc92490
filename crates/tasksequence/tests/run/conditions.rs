//! Conditions of all kinds.

use tasksequence::run::{
    Assigned, ComputerFact, Environment, Facts, FileFact, NoFacts, Origin, Truth, Value, evaluate,
};

use crate::support::{Known, assigned, condition, expression, sequence, step, typed, variable_is};

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::begin(&[], &Origin::Media(assigned(variables))).expect("they can be set")
}

fn traced(operands: &str, environment: &Environment, facts: &dyn Facts) -> (Truth, Vec<String>) {
    let sequence = sequence(&typed("RunCommandLine", "1", "", &condition(operands)));
    let item = sequence.items().next().expect("there is a step");
    let evaluation = evaluate(&item.condition(), environment, facts);
    (evaluation.truth, evaluation.trace.iter().map(ToString::to_string).collect())
}

fn truth(operands: &str, variables: &[(&str, &str)], facts: &dyn Facts) -> Truth {
    traced(operands, &environment(variables), facts).0
}

fn holds(operands: &str, variables: &[(&str, &str)]) -> bool {
    match truth(operands, variables, &Known::default()) {
        Truth::True => true,
        Truth::False => false,
        Truth::Unknown => panic!("{operands} is unknown"),
    }
}

/// One test each that holds, does not, and is unknown.
fn three() -> [(Truth, String); 3] {
    [
        (Truth::True, variable_is("X", "notExists", "")),
        (Truth::False, variable_is("X", "exists", "")),
        (Truth::Unknown, expression("WMI", &[("Query", "q")])),
    ]
}

#[test]
fn and_or_and_not_follow_the_logic_of_three_values() {
    use Truth::{False, True, Unknown};
    for (left, first) in three() {
        for (right, second) in three() {
            let of = |operator: &str| {
                let operands = format!("<operator type=\"{operator}\">{first}{second}</operator>");
                truth(&operands, &[], &NoFacts)
            };
            let both = [left, right];
            let and = if both.contains(&False) {
                False
            } else if both.contains(&Unknown) {
                Unknown
            } else {
                True
            };
            let or = if both.contains(&True) {
                True
            } else if both.contains(&Unknown) {
                Unknown
            } else {
                False
            };
            let not = match or {
                True => False,
                False => True,
                Unknown => Unknown,
            };
            assert_eq!((of("and"), of("or"), of("not")), (and, or, not), "{left} {right}");
            // Several operands without an operator are an and.
            assert_eq!(truth(&format!("{first}{second}"), &[], &NoFacts), and);
        }
    }
}

#[test]
fn a_condition_without_operands_and_an_empty_operator_say_nothing() {
    assert!(holds("", &[]));
    assert!(holds("<operator type=\"or\"/>", &[]));
    assert!(!holds(&format!("<operator type=\"or\"/>{}", variable_is("X", "exists", "")), &[]));
}

#[test]
fn what_is_not_known_is_unknown() {
    let unknown = |operands: &str| truth(operands, &[], &Known::default()) == Truth::Unknown;
    assert!(unknown("<shape/>"));
    assert!(unknown(&format!(
        "<operator type=\"xor\">{}</operator>",
        variable_is("X", "exists", "")
    )));
    assert!(unknown(&expression("Gateway", &[("Value", "10.0.0.1")])));
    assert!(unknown(&variable_is("X", "resembles", "1")));
    assert!(unknown("<osConditionGroup type=\"or\"/>"));
    assert!(unknown(
        "<osConditionGroup type=\"or\"><osExpressionGroup Name=\"x\"/></osConditionGroup>"
    ));
}

#[test]
fn variables_are_compared_without_case_and_in_order_as_numbers_where_both_are() {
    let variables = [("X", "True"), ("N", "9"), ("T", "b")];
    for (name, operator, value, expected) in [
        ("x", "equals", "TRUE", true),
        ("X", "Equals", "false", false),
        ("X", "notEquals", "true", false),
        ("X", "exists", "", true),
        ("X", "notExists", "", false),
        ("N", "less", "10", true),
        ("N", "lessEqual", "9.0", true),
        ("N", "greater", "10", false),
        ("N", "greaterEqual", "9", true),
        ("N", "equals", "9.0", false),
        ("T", "less", "C", true),
        ("T", "greater", "A", true),
        ("X", "like", "t%e", true),
        ("X", "like", "t_ue", false),
        ("X", "notLike", "f%", true),
    ] {
        assert_eq!(
            holds(&variable_is(name, operator, value), &variables),
            expected,
            "{name} {operator} {value}"
        );
    }
}

#[test]
fn a_variable_that_is_not_set_equals_nothing_but_the_empty_text() {
    for (operator, value, expected) in [
        ("equals", "", true),
        ("equals", "1", false),
        ("notEquals", "1", true),
        ("less", "1", false),
        ("greaterEqual", "", false),
        ("like", "%", true),
        ("like", "a%", false),
    ] {
        assert_eq!(holds(&variable_is("X", operator, value), &[]), expected, "{operator} {value}");
    }
}

#[test]
fn secrets_are_compared_with_case_and_no_trace_holds_a_value() {
    let mut environment = environment(&[("P", "wert")]);
    environment.set("S", Value::secret("Geheim")).unwrap();
    let facts = Known::default();
    let asked = |operands: &str| traced(operands, &environment, &facts);
    assert_eq!(asked(&variable_is("S", "equals", "geheim")).0, Truth::False);
    let (truth, trace) = asked(&variable_is("S", "equals", "Geheim"));
    assert_eq!(truth, Truth::True);
    assert_eq!(trace, ["variable `S` equals, compared with case: true"]);
    let (_, trace) = asked(&variable_is("P", "less", "10"));
    assert_eq!(trace, ["variable `P` is less, compared as text: false"]);
    let file = expression("File", &[("Path", r"C:\%P%\%S%")]);
    assert_eq!(asked(&file).1, [r"file `C:\%P%\%S%` exists: false"]);
}

#[test]
fn the_value_of_a_variable_condition_is_not_expanded() {
    assert!(!holds(&variable_is("X", "equals", "%Y%"), &[("X", "100"), ("Y", "100")]));
    assert!(holds(&variable_is("X", "like", "10AB%"), &[("X", "10abCD")]));
}

#[test]
fn files_and_folders_exist_or_have_versions_and_times() {
    let fact = |version: Option<&str>| FileFact {
        version: version.map(str::to_owned),
        modified_seconds: 1_769_893_500,
    };
    let facts = Known {
        files: vec![(r"C:\a.dll", fact(Some("10.0.9.0"))), (r"C:\b.txt", fact(None))],
        folders: vec![(r"D:\Data\Drivers", fact(None))],
        system: vec![("SystemDrive", "C:")],
        ..Known::default()
    };
    let asked = |stem: &str, fields: &[(&str, &str)]| {
        truth(&expression(stem, fields), &[("Data", r"D:\Data")], &facts)
    };
    use Truth::{False, True, Unknown};
    assert_eq!(asked("File", &[("Path", r"%SystemDrive%\a.dll")]), True);
    assert_eq!(asked("File", &[("Path", r"%Nothing%\a.dll")]), False);
    assert_eq!(asked("Folder", &[("Path", r"C:\a.dll")]), False);
    assert_eq!(asked("Folder", &[("Path", r"%Data%\Drivers")]), True);
    for (path, operator, version, expected) in [
        (r"C:\a.dll", "less", "10.0.10", True),
        (r"C:\a.dll", "equals", "10.0.9", True),
        (r"C:\a.dll", "greater", "10.0.9", False),
        (r"C:\a.dll", "equals", "ten", Unknown),
        (r"C:\b.txt", "equals", "1", False),
        (r"C:\b.txt", "notEquals", "1", True),
        (r"C:\gone", "notEquals", "1", False),
    ] {
        let fields = [("Path", path), ("Version", version), ("VersionOperator", operator)];
        assert_eq!(asked("File", &fields), expected, "{path} {operator} {version}");
    }
    for (operator, time, expected) in [
        ("equals", "2026-01-31T21:05:00Z", True),
        ("greater", "1/31/2026 9:04:59 PM", True),
        ("less", "20260131210500.000000+000", False),
        ("less", "tomorrow", Unknown),
    ] {
        let fields = [("Path", r"C:\b.txt"), ("DateTime", time), ("DateTimeOperator", operator)];
        assert_eq!(asked("File", &fields), expected, "{operator} {time}");
    }
    let both = [
        ("Path", r"C:\a.dll"),
        ("Version", "10.0.9"),
        ("VersionOperator", "equals"),
        ("DateTime", "2026-01-31"),
        ("DateTimeOperator", "less"),
    ];
    assert_eq!(asked("File", &both), False);
}

#[test]
fn paths_with_variables_are_looked_for_where_they_lead() {
    let facts = Known {
        folders: vec![(r"D:\Data\Drivers", FileFact { version: None, modified_seconds: 0 })],
        ..Known::default()
    };
    let folder = expression("Folder", &[("Path", r"%_SMSTSMDataPath%\Drivers")]);
    let engine = [Assigned::new("_SMSTSMDataPath", Value::plain(r"D:\Data"))];
    let environment = Environment::begin(&engine, &Origin::Media(Vec::new())).unwrap();
    assert_eq!(traced(&folder, &environment, &facts).0, Truth::True);
}

#[test]
fn the_registry_is_asked_for_keys_values_types_and_data() {
    let key = r"HKEY_LOCAL_MACHINE\Software\X";
    let facts = Known {
        registry: vec![(key, "Size", "REG_DWORD", "9"), (key, "Name", "REG_SZ", "Contoso")],
        ..Known::default()
    };
    let asked = |name: &str, operator: &str, value_type: &str, data: Option<&str>| {
        let mut fields =
            vec![("KeyPath", key), ("Value", name), ("Operator", operator), ("Type", value_type)];
        fields.extend(data.map(|data| ("Data", data)));
        truth(&expression("Registry", &fields), &[], &facts) == Truth::True
    };
    assert!(asked("Size", "exists", "REG_DWORD", None));
    assert!(!asked("Size", "exists", "REG_SZ", None), "the type counts here");
    assert!(asked("Size", "notExists", "REG_SZ", None));
    assert!(asked("", "exists", "", None), "the key alone");
    assert!(asked("Size", "less", "REG_SZ", Some("10")), "the type does not count here");
    assert!(asked("Name", "equals", "REG_SZ", Some("contoso")));
    assert!(asked("Gone", "notEquals", "", Some("1")));
    assert!(!asked("Gone", "less", "", Some("1")));
    let gone = [("KeyPath", r"HKEY_LOCAL_MACHINE\Gone"), ("Value", ""), ("Operator", "exists")];
    assert_eq!(truth(&expression("Registry", &gone), &[], &facts), Truth::False);
    assert_eq!(truth(&expression("Registry", &gone), &[], &NoFacts), Truth::Unknown);
}

#[test]
fn queries_and_products_are_asked_of_the_machine() {
    let facts = Known {
        queries: vec!["SELECT * FROM X WHERE N LIKE '%AB%'"],
        products: vec!["{P}", "{U}"],
        ..Known::default()
    };
    let wmi = |query: &str| expression("WMI", &[("Namespace", r"root\cimv2"), ("Query", query)]);
    let like = "SELECT * FROM X WHERE N LIKE '%AB%'";
    assert_eq!(truth(&wmi(like), &[("AB", "put in")], &facts), Truth::True);
    assert_eq!(truth(&wmi("SELECT"), &[], &facts), Truth::False);
    let product = |operator: &str, product: &str, upgrade: &str| {
        let fields = [("Operator", operator), ("ProductCode", product), ("UpgradeCode", upgrade)];
        truth(&expression("Software", &fields), &[], &facts)
    };
    assert_eq!(product("ThisVersion", "{P}", "{none}"), Truth::True);
    assert_eq!(product("ThisVersion", "{none}", "{U}"), Truth::False);
    assert_eq!(product("AnyVersion", "{none}", "{U}"), Truth::True);
    assert_eq!(product("AnyVersion", "{P}", ""), Truth::Unknown, "there is no code to look for");
    assert_eq!(product("SomeVersion", "{P}", "{U}"), Truth::Unknown);
}

#[test]
fn an_operating_system_is_one_of_several_whose_queries_all_give_rows() {
    let facts = Known { queries: vec!["a", "b", "d"], ..Known::default() };
    let system = |name: &str, queries: &[&str]| {
        let queries = queries
            .iter()
            .map(|query| expression("WMI", &[("Namespace", r"root\cimv2"), ("Query", query)]));
        let queries: String = queries.collect();
        format!("<osExpressionGroup Name=\"{name}\" type=\"and\">{queries}</osExpressionGroup>")
    };
    let one_of = |systems: &[String], facts: &dyn Facts| {
        let group =
            format!("<osConditionGroup type=\"or\">{}</osConditionGroup>", systems.concat());
        traced(&group, &environment(&[]), facts)
    };
    let systems =
        [system("Ten", &["a", "c"]), system("Eleven", &["d", "b"]), system("Twelve", &["a"])];
    let (truth, trace) = one_of(&systems, &facts);
    assert_eq!(truth, Truth::True);
    assert_eq!(
        trace,
        [
            "the operating system is one of: true",
            "  `Ten`: false",
            "    WMI `a` gives rows: true",
            "    WMI `c` gives rows: false",
            "  `Eleven`: true",
            "    WMI `d` gives rows: true",
            "    WMI `b` gives rows: true",
        ]
    );
    assert_eq!(one_of(&systems[..1], &facts).0, Truth::False);
    assert_eq!(one_of(&systems, &NoFacts).0, Truth::Unknown);
}

#[test]
fn a_computer_is_known_by_any_filled_field_and_by_make_and_model() {
    let facts = Known {
        computer: ComputerFact {
            make: "HP".to_owned(),
            model: "EliteBook 840 G8".to_owned(),
            serial_number: "SN1".to_owned(),
            mac_addresses: vec!["00:11:22:33:44:55".to_owned()],
            ..ComputerFact::default()
        },
        ..Known::default()
    };
    let asked = |stem: &str, fields: &[(&str, &str)]| truth(&expression(stem, fields), &[], &facts);
    use Truth::{False, True, Unknown};
    assert_eq!(asked("Computer", &[("SerialNumber", "sn1"), ("UUID", "other")]), True);
    assert_eq!(asked("Computer", &[("MACAddress", "00-11-22-33-44-55")]), True);
    assert_eq!(asked("Computer", &[("SerialNumber", "SN2"), ("AssetTag", "")]), False);
    assert_eq!(asked("Computer", &[("SerialNumber", "")]), Unknown);
    assert_eq!(asked("MakeModel", &[("Make", "hp"), ("Model", "Elite*8?0*")]), True);
    assert_eq!(asked("MakeModel", &[("Make", "Dell"), ("Model", "*")]), False);
    assert_eq!(asked("MakeModel", &[("Make", ""), ("Model", "elitebook*")]), True);
    assert_eq!(asked("MakeModel", &[]), Unknown);
}

#[test]
fn what_decides_nothing_is_not_asked() {
    let items = variable_is("X", "exists", "") + &expression("WMI", &[("Query", "q")]);
    let (truth, trace) = traced(&items, &environment(&[]), &NoFacts);
    assert_eq!((truth, trace.len()), (Truth::False, 1));
    let any = format!(
        "<operator type=\"or\">{}{}</operator>",
        variable_is("X", "notExists", ""),
        step("x", "")
    );
    assert_eq!(traced(&any, &environment(&[]), &NoFacts).0, Truth::True);
}
