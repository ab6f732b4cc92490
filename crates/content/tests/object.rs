//! Reading and writing catalog objects, `site.toml`, and the files beside task sequences.

use content::{
    Application, Architecture, BootPlatform, CatalogObject, ContentId, DependencyGroup,
    DeploymentType, Detection, DistributionPointKind, ObjectKind, OsImageIndex, Program,
    ReferenceInfo, SequenceInfo, Site,
};
use proptest::prelude::*;

fn id(text: &str) -> ContentId {
    text.parse().unwrap()
}

fn object(kind: ObjectKind) -> CatalogObject {
    let is_application = matches!(kind, ObjectKind::Application(_));
    CatalogObject {
        id: id("P010001A"),
        name: "Seven".into(),
        version: "24.09".into(),
        source_version: 3,
        source: (!is_application).then(|| "files/seven".into()),
        guid: None,
        selection_profile: None,
        kind,
    }
}

const APPLICATION: &str = r#"id = "P010001A"
kind = "application"
name = "Seven"
version = "24.09"
source-version = 3
model-name = "ScopeId_1/Application_2"
supersedes = ["P0100018"]

[[deployment-type]]
name = "MSI"
install = 'msiexec /i "seven.msi" /qn'
uninstall = "msiexec /x {1} /qn"
source = "files/seven/msi"
content = "Content_1"
success-codes = [0, 1707, -1]
detection = { file = "/opt/seven" }
dependencies = ["P0100019", ["P010001B", "P010001C"]]

[[deployment-type]]
name = "Script"
install = "install.cmd"
source = "files/seven/script"
content = "Content_2"
detection = { command = "dpkg -s seven" }
"#;

fn application() -> Application {
    Application {
        model_name: Some("ScopeId_1/Application_2".into()),
        supersedes: vec![id("P0100018")],
        deployment_types: vec![
            DeploymentType {
                name: "MSI".into(),
                install: "msiexec /i \"seven.msi\" /qn".into(),
                uninstall: Some("msiexec /x {1} /qn".into()),
                working_directory: None,
                source: Some("files/seven/msi".into()),
                content: Some(id("Content_1")),
                dependencies: vec![
                    DependencyGroup(vec![id("P0100019")]),
                    DependencyGroup(vec![id("P010001B"), id("P010001C")]),
                ],
                success_codes: vec![0, 1707, -1],
                detection: Some(Detection::File("/opt/seven".into())),
            },
            DeploymentType {
                name: "Script".into(),
                install: "install.cmd".into(),
                source: Some("files/seven/script".into()),
                content: Some(id("Content_2")),
                detection: Some(Detection::Command("dpkg -s seven".into())),
                ..DeploymentType::default()
            },
        ],
    }
}

#[test]
fn an_application_is_written_as_a_person_would() {
    let object = object(ObjectKind::Application(application()));
    assert_eq!(object.to_toml(), APPLICATION);
    assert_eq!(CatalogObject::parse(APPLICATION).unwrap(), (object, vec![]));
}

#[test]
fn other_kinds_are_written_as_a_person_would() {
    let boot =
        ObjectKind::BootImage { architecture: Architecture::X64, platform: BootPlatform::Linux };
    let expected = "id = \"P010001A\"\nkind = \"boot-image\"\nname = \"Seven\"\n\
                    version = \"24.09\"\nsource-version = 3\nsource = \"files/seven\"\n\
                    architecture = \"x64\"\nplatform = \"linux\"\n";
    assert_eq!(object(boot).to_toml(), expected);
    let image = OsImageIndex { index: 2, name: "Pro".into(), architecture: None };
    let text = object(ObjectKind::OsImage { images: vec![image] }).to_toml();
    assert!(text.ends_with("\n[[image]]\nindex = 2\nname = \"Pro\"\n"), "{text}");
}

#[test]
fn contents_are_those_of_the_deployment_types() {
    let application = object(ObjectKind::Application(application()));
    let contents: Vec<_> =
        application.contents().iter().map(|c| (c.content.as_str(), c.source.unwrap())).collect();
    assert_eq!(contents, [("Content_1", "files/seven/msi"), ("Content_2", "files/seven/script")]);
    let package = object(ObjectKind::Package { programs: vec![] });
    assert_eq!(package.contents()[0].content.as_str(), "P010001A");
    let bundle =
        Application { deployment_types: vec![DeploymentType::default()], ..Application::default() };
    assert!(object(ObjectKind::Application(bundle)).contents().is_empty());
}

#[test]
fn wrong_objects_are_refused_with_every_reason() {
    let rules = |text: &str| -> Vec<&str> {
        let found = CatalogObject::parse(text).map_or_else(|p| p, |(_, problems)| problems);
        found.iter().map(|problem| problem.rule).collect()
    };
    let package = "id = \"A\"\nkind = \"package\"\nname = \"n\"\n";
    assert_eq!(rules(package), [""; 0]);
    assert_eq!(rules(""), ["missing-key", "missing-key", "missing-key"]);
    assert_eq!(rules(&format!("{package}architecture = \"x64\"\n")), ["unknown-key"]);
    assert_eq!(rules(&format!("{package}source-version = 0\n")), ["value"]);
    for source in ["../x", "/x", "a/../../b", "C:/x", "\\\\server\\x", ""] {
        let text = format!("{package}source = '{source}'\n");
        assert_eq!(rules(&text), ["value"], "{source}");
    }
    assert_eq!(rules(&format!("{package}guid = \"{{1-2}}\"\n")), ["value"]);
    let application = package.replace("package", "application");
    assert_eq!(rules(&format!("{application}source = \"x\"\n")), ["unknown-key"]);
    let of_type = |line: &str| format!("{application}[[deployment-type]]\nname = \"a\"\n{line}\n");
    assert_eq!(rules(&of_type("detection = { file = '/opt/a' }")), [""; 0]);
    assert_eq!(rules(&of_type("detection = {}")), ["missing-key"]);
    assert_eq!(rules(&of_type("detection = { file = 'a', command = 'b' }")), ["missing-key"]);
    assert_eq!(rules(&of_type("detection = { files = 'a' }")), ["missing-key", "unknown-key"]);
    assert_eq!(rules(&of_type("success-codes = []")), ["value"]);
    assert_eq!(rules(&of_type("success-codes = [0, 4294967296]")), ["value"]);
    assert_eq!(rules(&of_type("success-codes = 0")), ["wrong-type", "value"]);
    assert_eq!(rules(&of_type("install = \"\\u0007\"")), ["value"], "XML has no bell");
    let several = "[[deployment-type]]\nname = \"a\"\nsource = \"a\"\n".repeat(2);
    assert_eq!(rules(&format!("{application}{several}")), ["missing-key", "missing-key"]);
}

#[test]
fn sites_have_distribution_points_of_three_kinds() {
    let text = "[site]\ncode = \"p01\"\n[[distribution-point]]\nkind = \"folder\"\npath = \"c\"\n\
                [[distribution-point]]\nname = \"dp\"\nkind = \"content-library\"\npath = \"/l\"\n\
                drives = [\"/e\"]\n[[distribution-point]]\nkind = \"http\"\nurl = \"http://x\"\n";
    let (site, problems) = Site::parse(text).unwrap();
    assert_eq!(problems, []);
    assert_eq!(site.code, "P01");
    let names: Vec<_> = site.distribution_points.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["c", "dp", "http://x"]);
    let library =
        DistributionPointKind::ContentLibrary { path: "/l".into(), drives: vec!["/e".into()] };
    assert_eq!(site.distribution_points[1].kind, library);
    assert!(Site::parse("[site]\ncode = \"long\"\n").is_err());
}

#[test]
fn the_schema_knows_the_keys_of_written_objects() {
    let schema = content::schema::object();
    let table: toml::Table = APPLICATION.parse().unwrap();
    for key in table.keys() {
        assert!(schema["properties"].get(key).is_some(), "{key}");
    }
    let known = &schema["properties"]["deployment-type"]["items"]["properties"];
    for key in table["deployment-type"][0].as_table().unwrap().keys() {
        assert!(known.get(key).is_some(), "{key}");
    }
    assert!(content::schema::site()["properties"]["distribution-point"].is_object());
}

fn ids() -> impl Strategy<Value = ContentId> {
    "[A-Za-z0-9_-]{1,12}".prop_map(|text| id(&text))
}

/// Texts with everything that TOML has to escape; XML holds all but some control characters.
fn texts() -> impl Strategy<Value = String> {
    let held = |c: &char| *c >= ' ' && !"\u{fffe}\u{ffff}".contains(*c) || "\t\r\n".contains(*c);
    let chars = any::<char>().prop_filter("XML holds it", held);
    proptest::collection::vec(chars, 0..12).prop_map(String::from_iter)
}

fn kinds() -> impl Strategy<Value = ObjectKind> {
    let architecture = proptest::sample::select(Architecture::ALL.to_vec());
    let program = (texts(), texts(), proptest::option::of(texts())).prop_map(
        |(name, command, working_directory)| Program { name, command, working_directory },
    );
    let groups = proptest::collection::vec(
        proptest::collection::vec(ids(), 1..3).prop_map(DependencyGroup),
        0..3,
    );
    let codes = proptest::collection::vec(i64::from(i32::MIN)..=u32::MAX.into(), 1..3);
    let detection = proptest::option::of(prop_oneof![
        texts().prop_map(Detection::File),
        texts().prop_map(Detection::Command),
    ]);
    let rules = (codes, detection);
    let deployment_type = (texts(), texts(), proptest::option::of(texts()), ids(), groups, rules)
        .prop_map(|(name, install, uninstall, content, dependencies, rules)| DeploymentType {
            name,
            install,
            uninstall,
            working_directory: None,
            source: Some("files/x".into()),
            content: Some(content),
            success_codes: rules.0,
            detection: rules.1,
            dependencies,
        });
    prop_oneof![
        proptest::collection::vec(program, 0..3)
            .prop_map(|programs| ObjectKind::Package { programs }),
        (proptest::collection::vec(deployment_type, 0..3), proptest::collection::vec(ids(), 0..3))
            .prop_map(|(deployment_types, supersedes)| ObjectKind::Application(Application {
                model_name: None,
                deployment_types,
                supersedes,
            })),
        (architecture.clone(), proptest::sample::select(BootPlatform::ALL.to_vec()))
            .prop_map(|(architecture, platform)| ObjectKind::BootImage { architecture, platform }),
        proptest::collection::vec((1..9u32, texts(), architecture), 0..3).prop_map(|images| {
            let image = |(index, name, architecture)| OsImageIndex {
                index,
                name,
                architecture: Some(architecture),
            };
            ObjectKind::OsImage { images: images.into_iter().map(image).collect() }
        }),
        Just(ObjectKind::DriverPackage),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        id in ids(), name in texts(), version in texts(),
        source_version in 1..=u32::MAX, kind in kinds(), profile in proptest::option::of(texts()),
    ) {
        let is_application = matches!(kind, ObjectKind::Application(_));
        let object = CatalogObject {
            id, name, version, source_version, kind,
            source: (!is_application).then(|| "files/x".to_owned()),
            guid: Some("{01234567-89ab-cdef-0123-456789abcdef}".to_owned()),
            selection_profile: profile,
        };
        let text = object.to_toml();
        let (read, problems) = CatalogObject::parse(&text).unwrap();
        prop_assert_eq!(problems, []);
        prop_assert_eq!(&read, &object);
        prop_assert_eq!(read.to_toml(), text);
    }

    #[test]
    fn what_is_known_of_sequences_is_read_back(
        name in texts(), description in texts(), boot_image in proptest::option::of(ids()),
        references in proptest::collection::vec((texts(), texts(), texts()), 0..3),
    ) {
        let reference = |(id, name, kind)| ReferenceInfo { id, name, kind };
        let references = references.into_iter().map(reference).collect();
        let version = String::from("1");
        let info = SequenceInfo { name, description, version, boot_image, references };
        prop_assert_eq!(SequenceInfo::parse(&info.to_toml()).unwrap(), (info, vec![]));
    }
}
