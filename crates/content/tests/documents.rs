//! The documents on the media: what is written is read as the same, and nothing else is read.

use content::documents::{
    DocumentError, PolicyDocument, PolicySequence, PrestartCommand, VariablesDocument,
};
use content::{
    Application, CatalogObject, ContentId, DependencyGroup, DeploymentType, Detection, ObjectKind,
    Program,
};
use proptest::prelude::*;
use tasksequence::xml::{MAX_DEPTH, XmlError};

const POLICY: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>
<policy version=\"1\" protection=\"none\">
<taskSequence id=\"P0100020\" name=\"Clients &amp; more\" bootImage=\"P0100001\"><sequence version=\"3.10\">
 <step type=\"X\" name='a > b'><!-- </sequence> --><action><![CDATA[</taskSequence>]]></action></step>
</sequence></taskSequence>
<package id=\"P0100031\" name=\"Tools\"><program name=\"All\" command=\"setup.exe /q\" workingDirectory=\"x64\"/></package>
<application id=\"P0100040\" name=\"Editor\" modelName=\"ScopeId_1/Application_2\"><supersedes><application id=\"P0100039\"/></supersedes>
<deploymentType name=\"Script\" install=\"install.sh\" content=\"Content_1\" successCodes=\"0 3010\"><detection file=\"/opt/editor\"/><dependency><application id=\"P0100041\"/><application id=\"P0100042\"/></dependency></deploymentType></application>
</policy>
";

const SEQUENCE: &str = "<sequence version=\"3.10\">
 <step type=\"X\" name='a > b'><!-- </sequence> --><action><![CDATA[</taskSequence>]]></action></step>
</sequence>";

fn id(text: &str) -> ContentId {
    text.parse().unwrap()
}

fn object(number: &str, name: &str, kind: ObjectKind) -> CatalogObject {
    CatalogObject {
        id: id(number),
        name: name.into(),
        version: String::new(),
        source_version: 1,
        source: None,
        guid: None,
        selection_profile: None,
        kind,
    }
}

fn policy() -> PolicyDocument {
    let programs = vec![Program {
        name: "All".into(),
        command: "setup.exe /q".into(),
        working_directory: Some("x64".into()),
    }];
    let script = DeploymentType {
        name: "Script".into(),
        install: "install.sh".into(),
        content: Some(id("Content_1")),
        detection: Some(Detection::File("/opt/editor".into())),
        dependencies: vec![DependencyGroup(vec![id("P0100041"), id("P0100042")])],
        ..DeploymentType::default()
    };
    let editor = Application {
        model_name: Some("ScopeId_1/Application_2".into()),
        deployment_types: vec![script],
        supersedes: vec![id("P0100039")],
    };
    PolicyDocument {
        sequences: vec![PolicySequence {
            id: id("P0100020"),
            name: "Clients & more".into(),
            boot_image: Some(id("P0100001")),
            document: SEQUENCE.into(),
        }],
        objects: vec![
            object("P0100031", "Tools", ObjectKind::Package { programs }),
            object("P0100040", "Editor", ObjectKind::Application(editor)),
        ],
    }
}

#[test]
fn a_policy_holds_sequences_as_they_are_written_and_what_they_install() {
    assert_eq!(policy().to_xml(false), POLICY);
    assert_eq!(PolicyDocument::parse(POLICY), Ok(policy()));
    // A password changes what the root says, and nothing else.
    let protected = policy().to_xml(true);
    assert_eq!(protected.replace("\"password\"", "\"none\""), POLICY);
    assert_eq!(PolicyDocument::parse(&protected), Ok(policy()));
}

#[test]
fn objects_of_other_kinds_are_left_out() {
    let mut more = policy();
    more.objects.push(object("P0100050", "Drivers", ObjectKind::DriverPackage));
    assert_eq!(more.to_xml(false), POLICY);
}

/// What is wrong with a document, for people.
fn wrong(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    let damaged = text.replacen(old, new, 1);
    let error = if text.contains("<policy") {
        PolicyDocument::parse(&damaged).unwrap_err()
    } else {
        VariablesDocument::parse(&damaged).unwrap_err()
    };
    error.to_string()
}

#[test]
fn what_is_not_known_missing_or_there_twice_in_a_policy_is_an_error_with_its_line() {
    let cases = [
        (
            "<package id",
            "<package x=\"1\" id",
            "line 6: the attribute `x` is not known in `<package>`",
        ),
        ("<package id=\"P0100031\"", "<package id=\"a/b\"", "line 6: `a/b` is no id"),
        (
            "<package id=\"P0100031\"",
            "<package",
            "line 6: the attribute `id` is missing in `<package>`",
        ),
        ("<program ", "<script ", "line 6: "),
        (
            "<detection file",
            "<detection command=\"a\" file",
            "line 7: not one of `file` and `command` stands in `<detection>`",
        ),
        ("\"0 3010\"", "\"0 x\"", "line 7: invalid digit"),
        (
            "<dependency><application id=\"P0100041\"/><application id=\"P0100042\"/></dependency>",
            "<dependency/>",
            "line 7: no application stands in `<dependency>`",
        ),
        (
            "id=\"P0100040\"",
            "id=\"P0100031\"",
            "line 7: an id that is there already stands in `<application>`",
        ),
        ("</policy>", "<driver/></policy>", "line 9: the element `<driver>` is not known there"),
        ("</policy>", "</policy>x", "line 9: something stands behind the end of `<policy>`"),
        ("</policy>", "</p>", "line 9: what begins there is no XML that is read"),
        ("<policy version=\"1\"", "<policy version=\"2\"", "line 2: the document has version `2`"),
        ("protection=\"none\"", "protection=\"no\"", "line 2: `protection` is neither"),
    ];
    for (old, new, begins) in cases {
        let told = wrong(POLICY, old, new);
        assert!(told.starts_with(begins), "{new}: {told}");
    }
    let twice = POLICY.replacen("<package", &format!("{}<package", &sequence_element()), 1);
    let told = PolicyDocument::parse(&twice).unwrap_err().to_string();
    assert!(told.starts_with("line 6: an id that is there already"), "{told}");
}

fn sequence_element() -> String {
    let from = POLICY.find("<taskSequence").unwrap();
    let until = POLICY.find("<package").unwrap();
    POLICY[from..until].trim_end().to_owned()
}

#[test]
fn a_policy_holds_one_whole_sequence_in_each_element_and_nothing_beside() {
    let holding = |inner: &str| {
        let element =
            format!("<taskSequence id=\"A\" name=\"\" bootImage=\"\">{inner}</taskSequence>");
        PolicyDocument::parse(&format!(
            "<policy version=\"1\" protection=\"none\">{element}</policy>"
        ))
    };
    let kept = holding(" <sequence/>\r\n<!-- end --> ").unwrap();
    assert_eq!(kept.sequences[0].document, " <sequence/>\r\n<!-- end --> ");
    assert_eq!(kept.sequences[0].boot_image, None);
    let refused = [
        "",
        "text",
        "<group/>",
        "<sequence/><sequence/>",
        "<sequence/>text",
        "<sequence></taskSequence><taskSequence></sequence>",
        "<?xml version=\"1.0\"?><sequence/>",
        "\u{feff}<sequence/>",
        "<!DOCTYPE sequence><sequence/>",
        "<sequence>&amp</sequence>",
    ];
    for inner in refused {
        assert!(holding(inner).is_err(), "{inner:?}");
    }
}

#[test]
fn every_sequence_has_the_limits_of_a_file_of_its_own() {
    let nested = |levels: usize| {
        let groups = format!("{}{}", "<group>".repeat(levels), "</group>".repeat(levels));
        let mut policy = policy();
        policy.sequences[0].document = format!("<sequence>{groups}</sequence>");
        policy
    };
    let deepest = nested(MAX_DEPTH - 1);
    assert_eq!(PolicyDocument::parse(&deepest.to_xml(false)), Ok(deepest));
    let too_deep = PolicyDocument::parse(&nested(300_000).to_xml(false)).unwrap_err();
    assert_eq!(too_deep, DocumentError::Xml { line: 3, source: XmlError::TooDeep { line: 1 } });
}

#[test]
fn a_document_that_is_cut_is_an_error_wherever_it_is_cut() {
    for end in (0..POLICY.trim_end().len()).filter(|&at| POLICY.is_char_boundary(at)) {
        assert!(PolicyDocument::parse(&POLICY[..end]).is_err(), "{end}");
    }
}

const VARIABLES: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>
<variables version=\"1\" protection=\"password\">
  <var name=\"_SMSTSSiteCode\">P01</var>
  <var name=\"OSDKey\">a&lt;b&#10; secret</var>
  <prestart package=\"P0100031\">cmd /C start.cmd</prestart>
</variables>
";

fn variables() -> VariablesDocument {
    VariablesDocument {
        variables: vec![
            ("_SMSTSSiteCode".into(), "P01".into()),
            ("OSDKey".into(), "a<b\n secret".into()),
        ],
        prestart: Some(PrestartCommand {
            command: "cmd /C start.cmd".into(),
            package: Some(id("P0100031")),
        }),
    }
}

#[test]
fn variables_hold_values_and_the_prestart_command() {
    assert_eq!(variables().to_xml(true), VARIABLES);
    assert_eq!(VariablesDocument::parse(VARIABLES), Ok(variables()));
}

#[test]
fn what_is_wrong_in_variables_is_told_without_a_value() {
    let var = "<var name=\"OSDKey\">";
    let prestart = "<prestart package=\"P0100031\">";
    let cases = [
        (var, "<var name=\"_smstsSITECODE\">", "line 4: `_smstsSITECODE` is there twice"),
        (var, "<var>", "line 4: the attribute `name` is missing in `<var>`"),
        (var, "<var name=\"OSDKey\"><b/>", "line 4: something that is no text stands in `<var>`"),
        (var, "<var name=\"OSDKey\" hidden=\"1\">", "line 4: the attribute `hidden` is not known"),
        (prestart, "<prestart>x</prestart><prestart>", "line 5: a second command stands"),
        (prestart, "<prestart package=\".\">", "line 5: `.` is no id"),
    ];
    for (old, new, begins) in cases {
        let told = wrong(VARIABLES, old, new);
        assert!(told.starts_with(begins), "{new}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
    let shown = format!("{:?}", variables());
    assert!(shown.contains("OSDKey") && !shown.contains("secret"), "{shown}");
    assert!(!shown.contains("start.cmd"), "{shown}");
}

#[test]
fn a_target_is_told_no_paths_of_the_site() {
    let with = |content: Option<&str>, source: Option<&str>| DeploymentType {
        name: "Script".into(),
        content: content.map(id),
        source: source.map(str::to_owned),
        ..DeploymentType::default()
    };
    let types = vec![
        with(Some("Content_1"), Some("host/one")),
        with(None, Some("host/two")),
        with(None, None),
    ];
    let application = Application { deployment_types: types, ..Application::default() };
    let mut editor = object("P0100040", "Editor", ObjectKind::Application(application));
    editor.version = "1.2".into();
    editor.source_version = 7;
    let told = editor.for_target();
    let contents: Vec<&str> = told.contents().iter().map(|it| it.content.as_str()).collect();
    assert_eq!(contents, ["Content_1", "P0100040"], "a type without files has no content");
    let policy = PolicyDocument { objects: vec![told], ..PolicyDocument::default() };
    let text = policy.to_xml(false);
    assert!(!text.contains("host/"), "{text}");
    assert_eq!(PolicyDocument::parse(&text), Ok(policy));
}

/// Texts with everything that XML has to escape, and nothing that it cannot hold.
fn text() -> impl Strategy<Value = String> {
    "[ -~\t\r\n\u{e4}\u{20ac}\u{1f600}]{0,12}"
}

fn ids() -> impl Strategy<Value = Vec<ContentId>> {
    prop::collection::vec("[A-Z]{3}[0-9]{2}".prop_map(|text| id(&text)), 1..3)
}

prop_compose! {
    fn deployment_type()(
        name in text(),
        install in text(),
        uninstall in prop::option::of(text()),
        working_directory in prop::option::of(text()),
        content in prop::option::of("[A-Z]{3}".prop_map(|text| id(&text))),
        success_codes in prop::collection::vec(any::<i64>(), 0..3),
        detection in prop::option::of(prop_oneof![
            text().prop_map(Detection::File),
            text().prop_map(Detection::Command),
        ]),
        dependencies in prop::collection::vec(ids().prop_map(DependencyGroup), 0..3),
    ) -> DeploymentType {
        DeploymentType {
            name, install, uninstall, working_directory, source: None, content, success_codes,
            detection, dependencies,
        }
    }
}

fn kind() -> impl Strategy<Value = ObjectKind> {
    let program = (text(), text(), prop::option::of(text())).prop_map(
        |(name, command, working_directory)| Program { name, command, working_directory },
    );
    let types = prop::collection::vec(deployment_type(), 0..3);
    let supersedes = prop_oneof![Just(Vec::new()), ids()];
    let application = (prop::option::of(text()), types, supersedes).prop_map(
        |(model_name, deployment_types, supersedes)| {
            ObjectKind::Application(Application { model_name, deployment_types, supersedes })
        },
    );
    prop_oneof![
        prop::collection::vec(program, 0..3).prop_map(|programs| ObjectKind::Package { programs }),
        application,
    ]
}

fn documents() -> impl Strategy<Value = String> {
    let inner = prop_oneof![
        Just("<step/>"),
        Just("<a b='>'/><!-- </sequence> --><![CDATA[</policy>]]>"),
        Just("text &lt; \r\n<a>\n</a>"),
    ];
    inner.prop_map(|inner| format!("<sequence>{inner}</sequence>"))
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(
        sequences in prop::collection::btree_map(
            "[A-Z]{3}", (text(), prop::option::of(Just(id("P0100001"))), documents()), 0..3),
        objects in prop::collection::btree_map(
            "[A-Z]{3}", (text(), prop::option::of(text()), kind()), 0..4),
        variables in prop::collection::btree_map("[A-Z]{1,6}", text(), 0..4),
        prestart in prop::option::of((text(), prop::option::of(Just(id("P0100031"))))),
        protected in any::<bool>(),
    ) {
        let sequence = |(number, (name, boot_image, document)): (String, (String, _, String))| {
            PolicySequence { id: id(&number), name, boot_image, document }
        };
        let object = |(number, (name, guid, kind)): (String, (String, _, ObjectKind))| {
            CatalogObject { guid, ..object(&number, &name, kind) }
        };
        let policy = PolicyDocument {
            sequences: sequences.into_iter().map(sequence).collect(),
            objects: objects.into_iter().map(object).collect(),
        };
        prop_assert_eq!(PolicyDocument::parse(&policy.to_xml(protected)), Ok(policy));
        let variables = VariablesDocument {
            variables: variables.into_iter().collect(),
            prestart: prestart.map(|(command, package)| PrestartCommand { command, package }),
        };
        prop_assert_eq!(VariablesDocument::parse(&variables.to_xml(protected)), Ok(variables));
    }

    #[test]
    fn damage_is_no_panic(at in 0..POLICY.len(), with in "[<>/\"'=!? &;\\[\\]a]{0,3}") {
        for text in [POLICY, VARIABLES] {
            let at = at.min(text.len() - 1);
            let damaged = format!("{}{with}{}", &text[..at], &text[at + 1..]);
            let _ = (PolicyDocument::parse(&damaged), VariablesDocument::parse(&damaged));
        }
    }
}
