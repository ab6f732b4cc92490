//! From definitions and a catalog to the graph, and every problem on the way.

use content::{
    AbsentContent, Application, Architecture, BootPlatform, Catalog, CatalogObject, ContentGraph,
    ContentId, ContentLocation, DependencyGroup, DeploymentType, Detection, MediaDefinition,
    NamedDefinition, ObjectKind, OsImageIndex, Problem, ProblemClass, SequenceEntry, SequenceInfo,
    Severity, resolve,
};
use tasksequence::TaskSequence;

fn id(text: &str) -> ContentId {
    text.parse().unwrap()
}

/// A catalog with a boot image for x64; what is added has files.
fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let (architecture, platform) = (Architecture::X64, BootPlatform::WinPe);
    add(&mut catalog, "P01000B0", ObjectKind::BootImage { architecture, platform });
    catalog
}

fn add(catalog: &mut Catalog, name: &str, kind: ObjectKind) {
    let is_application = matches!(kind, ObjectKind::Application(_));
    let object = CatalogObject {
        id: id(name),
        name: format!("The {name}"),
        version: String::new(),
        source_version: 4,
        source: (!is_application).then(|| name.into()),
        guid: None,
        selection_profile: None,
        kind,
    };
    for content in object.contents() {
        let location = ContentLocation::Path(format!("/c/{}", content.content).into());
        catalog.locations.insert(content.content.clone(), location);
    }
    catalog.objects.insert(object.id.clone(), object);
}

fn package(catalog: &mut Catalog, name: &str) {
    add(catalog, name, ObjectKind::Package { programs: vec![] });
}

/// An application that depends on one of each group and replaces others.
fn application(catalog: &mut Catalog, name: &str, groups: &[&[&str]], supersedes: &[&str]) {
    let group = |members: &&[&str]| DependencyGroup(members.iter().map(|m| id(m)).collect());
    let deployment_type = DeploymentType {
        name: "Script".into(),
        source: Some(name.into()),
        dependencies: groups.iter().map(group).collect(),
        ..DeploymentType::default()
    };
    let kind = ObjectKind::Application(Application {
        model_name: Some(model_name(name)),
        deployment_types: vec![deployment_type],
        supersedes: supersedes.iter().map(|other| id(other)).collect(),
    });
    add(catalog, name, kind);
}

/// The name that steps know an application by.
fn model_name(name: &str) -> String {
    let number: u64 = name.bytes().fold(0, |sum, byte| sum * 7 + u64::from(byte));
    let scope = "ScopeId_00000000-0000-4000-8000-000000000001";
    format!("{scope}/Application_00000000-0000-4000-8000-{number:012x}")
}

enum Step<'s> {
    Package(&'s str),
    Disabled(&'s str),
    Application(&'s str),
    Image(&'s str),
    Child(&'s str),
    SetVariable(&'s str),
}

fn step(number: usize, step: &Step) -> String {
    let (stem, action, variable, value) = match step {
        Step::Package(id) | Step::Disabled(id) => {
            ("RunCommandLineAction", format!("smsswd.exe /run:{id} x.cmd"), "PackageID", *id)
        }
        Step::Application(name) => {
            let app = model_name(name);
            let action = format!("smsappinstall.exe /app:{app} /basevar: /continueOnError:False");
            ("InstallApplicationAction", action, "ApplicationName", &*app.leak())
        }
        Step::Image(id) => {
            let action = format!("OSDApplyOS.exe /image:{id},%OSDImageIndex% /runfromnet:False");
            ("ApplyOperatingSystemAction", action, "ImagePackageID", *id)
        }
        Step::Child(id) => {
            return format!(
                "<subtasksequence type=\"SMS_TaskSequence_SubTasksequence\" name=\"Step {number}\" \
                 description=\"\" successCodeList=\"0\" retryCount=\"0\" runFromNet=\"false\">\
                 <action>SubTasksequence.exe</action><defaultVarList>\
                 <variable name=\"OSDSubTasksequencePackageID\" \
                 property=\"TsPackageID\">{id}</variable></defaultVarList></subtasksequence>"
            );
        }
        Step::SetVariable(id) => {
            ("SetVariableAction", format!("tsenv.exe \"Choice={id}\""), "VariableValue", *id)
        }
    };
    let disabled = if matches!(step, Step::Disabled(_)) { "disable=\"true\"" } else { "" };
    let name = "<variable name=\"VariableName\" property=\"VariableName\">Choice</variable>";
    let name = if matches!(step, Step::SetVariable(_)) { name } else { "" };
    format!(
        "<step type=\"SMS_TaskSequence_{stem}\" name=\"Step {number}\" description=\"\" {disabled} \
         runIn=\"WinPEandFullOS\" successCodeList=\"0\" retryCount=\"0\" runFromNet=\"false\">\
         <action>{action}</action><defaultVarList>{name}<variable name=\"{variable}\" \
         property=\"{variable}\" hidden=\"true\">{value}</variable></defaultVarList></step>"
    )
}

fn sequence(catalog: &mut Catalog, name: &str, steps: &[Step]) {
    let steps: String = steps.iter().enumerate().map(|(at, s)| step(at + 1, s)).collect();
    let xml = format!(
        "<sequence version=\"3.10\"><group name=\"All\" description=\"\">{steps}</group></sequence>"
    );
    let (sequence, _) = TaskSequence::parse(&xml).unwrap();
    let info = SequenceInfo { boot_image: Some(id("P01000B0")), ..SequenceInfo::default() };
    let file = format!("task-sequences/{name}.xml");
    let entry = SequenceEntry { id: id(name), info, file, sequence };
    catalog.task_sequences.insert(entry.id.clone(), entry);
}

fn definition(sequence: &str, rest: &str) -> NamedDefinition {
    let text = format!(
        "[media]\ntype = \"stand-alone\"\ntask-sequence = \"{sequence}\"\n\
         [output]\npath = \"x.iso\"\n{rest}"
    );
    let (definition, problems) = MediaDefinition::parse(&text).unwrap();
    assert_eq!(problems, []);
    NamedDefinition { name: format!("media-{sequence}"), definition }
}

fn run(catalog: &Catalog, sequence: &str) -> (ContentGraph, Vec<Problem>) {
    resolve(&[definition(sequence, "")], catalog)
}

fn needs(graph: &ContentGraph) -> Vec<&str> {
    graph.media[0].needs.iter().map(|need| need.content.as_str()).collect()
}

/// The problems that the resolver itself found: all but those about the documents alone.
fn own(problems: &[Problem]) -> Vec<&Problem> {
    let of_lint = [
        "child-boot-image",
        "reference-list-differs",
        "standalone-not-os",
        "standalone-software-before-os",
    ];
    problems.iter().filter(|problem| !of_lint.contains(&problem.rule)).collect()
}

fn rules(problems: &[Problem]) -> Vec<&str> {
    own(problems).iter().map(|problem| problem.rule).collect()
}

#[test]
fn contents_stand_in_the_order_of_first_need_and_each_once() {
    let mut catalog = catalog();
    for name in ["P0100001", "P0100002", "P0100003", "P0100004", "P0100005"] {
        package(&mut catalog, name);
    }
    let steps = [Step::Package("P0100003"), Step::Package("P0100001"), Step::Package("P0100003")];
    sequence(&mut catalog, "P0100020", &steps);
    let rest = "[content]\npackages = [\"P0100002\", \"P0100001\", \"P0100005\"]\n\
                [customization.prestart]\ncommand = \"cmd /C x\"\npackage = \"P0100005\"\n";
    let (graph, problems) = resolve(&[definition("P0100020", rest)], &catalog);
    assert_eq!(rules(&problems), [""; 0]);
    assert_eq!(needs(&graph), ["P0100005", "P0100003", "P0100001", "P0100002"]);
    let media = &graph.media[0];
    assert_eq!(media.boot_image, Some(id("P01000B0")));
    assert_eq!(media.needs[0].first_used_by, "prestart command");
    assert_eq!(media.needs[1].first_used_by, "step 1 \"Step 1\" of P0100020");
    assert_eq!(media.obstacles().count(), 0);
    assert_eq!(graph.contents[&id("P0100003")].source_version, 4);
    assert!(graph.contents.contains_key(&id("P01000B0")) && graph.contents.len() == 5);
}

#[test]
fn applications_come_after_what_they_need_and_what_they_replace() {
    let mut catalog = catalog();
    application(&mut catalog, "A", &[&["B", "C"], &["D"]], &["OLD"]);
    application(&mut catalog, "B", &[&["D"]], &[]);
    application(&mut catalog, "C", &[], &[]);
    application(&mut catalog, "D", &[], &[]);
    application(&mut catalog, "OLD", &[&["X"]], &["OLDER"]);
    application(&mut catalog, "OLDER", &[], &[]);
    application(&mut catalog, "X", &[], &[]);
    sequence(&mut catalog, "P0100020", &[Step::Application("A")]);
    let (graph, problems) = run(&catalog, "P0100020");
    assert_eq!(rules(&problems), [""; 0]);
    // What the replaced application needed is of no use: it is only removed.
    assert_eq!(needs(&graph), ["OLDER", "OLD", "D", "B", "C", "A"]);
    assert_eq!(
        graph.media[0].needs[2].first_used_by,
        "application A for step 1 \"Step 1\" of P0100020"
    );
}

#[test]
fn objects_are_known_in_the_order_of_need_also_those_without_content() {
    let mut catalog = catalog();
    package(&mut catalog, "P0100001");
    application(&mut catalog, "A", &[&["BUNDLE"]], &[]);
    application(&mut catalog, "B", &[], &[]);
    let bundle = DeploymentType {
        name: "Bundle".into(),
        dependencies: vec![DependencyGroup(vec![id("B")])],
        ..DeploymentType::default()
    };
    let bundle = Application { deployment_types: vec![bundle], ..Application::default() };
    add(&mut catalog, "BUNDLE", ObjectKind::Application(bundle));
    let steps = [Step::Application("A"), Step::Package("P0100001"), Step::Application("A")];
    sequence(&mut catalog, "P0100020", &steps);
    let (graph, problems) = run(&catalog, "P0100020");
    assert_eq!(rules(&problems), [""; 0]);
    let objects: Vec<&str> = graph.media[0].objects.iter().map(ContentId::as_str).collect();
    assert_eq!(objects, ["B", "BUNDLE", "A", "P0100001"]);
    assert_eq!(needs(&graph), ["B", "A", "P0100001"]);
}

#[test]
fn an_application_that_is_replaced_and_needed_brings_what_it_needs() {
    let mut catalog = catalog();
    application(&mut catalog, "A", &[&["OLD"]], &["OLD"]);
    application(&mut catalog, "OLD", &[&["X"]], &[]);
    application(&mut catalog, "X", &[], &[]);
    sequence(&mut catalog, "P0100020", &[Step::Application("A")]);
    let (graph, _) = run(&catalog, "P0100020");
    assert!(needs(&graph).contains(&"X"));
}

#[test]
fn without_their_dependencies_applications_get_a_warning() {
    let mut catalog = catalog();
    application(&mut catalog, "A", &[&["B"], &["C"]], &[]);
    application(&mut catalog, "B", &[], &[]);
    application(&mut catalog, "C", &[], &[]);
    sequence(&mut catalog, "P0100020", &[Step::Application("A")]);
    let rest = "[content]\napplication-dependencies = false\napplications = [\"C\"]\n";
    let (graph, problems) = resolve(&[definition("P0100020", rest)], &catalog);
    assert_eq!(needs(&graph), ["A", "C"]);
    assert_eq!(rules(&problems), ["standalone-application-dependency"]);
    assert!(own(&problems)[0].message.contains("depends on B,"));
}

#[test]
fn cycles_of_applications_are_reported_once_with_their_path() {
    let mut catalog = catalog();
    application(&mut catalog, "A", &[&["B"]], &[]);
    application(&mut catalog, "B", &[], &["C"]);
    application(&mut catalog, "C", &[], &["A"]);
    for name in ["P0100020", "P0100021"] {
        sequence(&mut catalog, name, &[Step::Application("C"), Step::Application("B")]);
    }
    let definitions = [definition("P0100020", ""), definition("P0100021", "")];
    let (graph, problems) = resolve(&definitions, &catalog);
    assert_eq!(rules(&problems), ["application-cycle"]);
    assert!(own(&problems)[0].message.ends_with(": A → B → C → A"));
    assert_eq!(graph.media[1].needs.len(), 3);
}

#[test]
fn a_chain_of_dependencies_may_be_as_long_as_the_catalog() {
    let mut catalog = catalog();
    let name = |number: usize| format!("A{number}");
    for number in 0..20_000 {
        let next = name(number + 1);
        let group = [next.as_str()];
        let groups: &[&[&str]] = if number < 19_999 { &[&group] } else { &[] };
        application(&mut catalog, &name(number), groups, &[]);
    }
    sequence(&mut catalog, "P0100020", &[Step::Application("A0")]);
    let (graph, _) = run(&catalog, "P0100020");
    assert_eq!(graph.media[0].needs.len(), 20_000);
    assert_eq!(graph.media[0].needs[0].content.as_str(), "A19999");
}

#[test]
fn child_sequences_are_walked_where_they_run() {
    let mut catalog = catalog();
    for name in ["P0100001", "P0100002", "P0100003"] {
        package(&mut catalog, name);
    }
    sequence(&mut catalog, "P0100021", &[Step::Package("P0100002")]);
    let steps = [Step::Package("P0100001"), Step::Child("P0100021"), Step::Package("P0100003")];
    sequence(&mut catalog, "P0100020", &steps);
    let (graph, _) = run(&catalog, "P0100020");
    assert_eq!(needs(&graph), ["P0100001", "P0100002", "P0100003"]);
    assert_eq!(graph.media[0].sequences, [id("P0100020"), id("P0100021")]);
    assert_eq!(graph.sequences[&id("P0100020")].steps[1].child, Some(id("P0100021")));
    assert!(graph.contents[&id("P0100002")].used_by.contains(&id("P0100021")));
}

/// A child that is reached by a short way first counts on the long way too.
#[test]
fn the_depth_of_child_sequences_is_that_of_the_longest_way() {
    let mut catalog = catalog();
    let name = |letter: char, number: usize| format!("P01{letter}{number:04}");
    let mut chain = |letter: char, count: usize, then: &str| {
        for number in 0..count {
            let next = if number + 1 < count { name(letter, number + 1) } else { then.to_owned() };
            let steps = if next.is_empty() { vec![] } else { vec![Step::Child(&next)] };
            sequence(&mut catalog, &name(letter, number), &steps);
        }
    };
    chain('C', 10, "");
    chain('B', 30, "P01C0000");
    for (steps, expected) in [
        (&["P01C0000"][..], &[][..]),
        (&["P01C0000", "P01B0000"], &["child-depth"]),
        (&["P01B0000", "P01C0000"], &["child-depth"]),
    ] {
        let steps: Vec<Step> = steps.iter().map(|child| Step::Child(child)).collect();
        sequence(&mut catalog, "P0100020", &steps);
        let (_, problems) = run(&catalog, "P0100020");
        assert_eq!(rules(&problems), expected);
    }
}

#[test]
fn what_only_the_list_of_references_names_is_needed_last() {
    let mut catalog = catalog();
    for name in ["P0100001", "P0100002"] {
        package(&mut catalog, name);
    }
    let step = step(1, &Step::Package("P0100001"));
    let list = ["P0100002", "P0100001", "P01000B0", "P0100009"]
        .map(|id| format!("<reference package=\"{id}\"/>"))
        .concat();
    let xml = format!(
        "<sequence version=\"3.10\"><referenceList>{list}</referenceList>{step}</sequence>"
    );
    sequence(&mut catalog, "P0100020", &[]);
    let entry = catalog.task_sequences.get_mut(&id("P0100020")).unwrap();
    entry.sequence = TaskSequence::parse(&xml).unwrap().0;
    let (graph, problems) = run(&catalog, "P0100020");
    assert_eq!(needs(&graph), ["P0100001", "P0100002"]);
    assert_eq!(graph.media[0].needs[1].first_used_by, "the reference list of P0100020");
    assert_eq!(rules(&problems), ["content-missing"]);
    assert!(own(&problems)[0].message.contains("P0100009"), "{problems:#?}");
}

#[test]
fn every_definition_knows_the_problems_that_it_shares_with_others() {
    let mut catalog = catalog();
    sequence(&mut catalog, "P0100020", &[Step::Package("P0100009")]);
    let second = NamedDefinition { name: "second".into(), ..definition("P0100020", "") };
    let (graph, problems) = resolve(&[definition("P0100020", ""), second], &catalog);
    assert_eq!(rules(&problems), ["content-missing"]);
    for media in &graph.media {
        assert_eq!(rules(&media.problems), ["content-missing"], "{}", media.name);
    }
}

#[test]
fn cycles_and_depth_of_child_sequences_are_reported_with_the_path() {
    let mut catalog = catalog();
    sequence(&mut catalog, "P0100020", &[Step::Child("P0100021"), Step::Child("P0100029")]);
    sequence(&mut catalog, "P0100021", &[Step::Child("P0100020")]);
    let (_, problems) = run(&catalog, "P0100020");
    assert_eq!(rules(&problems), ["child-cycle", "child-missing"]);
    let cycle = own(&problems)[0];
    assert!(cycle.message.ends_with(": P0100020 → P0100021 → P0100020"), "{cycle}");
    assert_eq!(cycle.place.sequence, Some(id("P0100021")));
    for level in 0..40 {
        let steps = [Step::Child(&*format!("P01001{:02X}", level + 1).leak())];
        sequence(&mut catalog, &format!("P01001{level:02X}"), &steps);
    }
    sequence(&mut catalog, "P0100128", &[]);
    let (_, problems) = run(&catalog, "P0100100");
    assert_eq!(rules(&problems), ["child-depth"]);
}

#[test]
fn what_is_missing_is_named_with_its_step_and_every_place() {
    let mut catalog = catalog();
    package(&mut catalog, "P0100001");
    catalog.locations.remove(&id("P0100001"));
    let places = vec!["dp1 (/c/1)".to_owned(), "dp2 (/d/1)".to_owned()];
    let damage = vec![];
    catalog.absent.insert(id("P0100001"), AbsentContent { places, damage });
    let steps = [Step::Package("P0100001"), Step::Package("P0100009"), Step::Application("NO")];
    sequence(&mut catalog, "P0100020", &steps);
    let (graph, problems) = run(&catalog, "P0100020");
    assert_eq!(rules(&problems), ["content-missing"; 3]);
    assert!(graph.media[0].obstacles().count() > 0);
    for (problem, step) in own(&problems).iter().zip(["Step 1", "Step 2", "Step 3"]) {
        assert!(problem.place.step.as_ref().unwrap().contains(step), "{problem}");
        assert_eq!(problem.class, ProblemClass::Missing);
        assert_eq!(problem.place.definition.as_deref(), Some("media-P0100020"));
    }
    assert!(own(&problems)[0].message.contains("dp1 (/c/1); dp2 (/d/1)"));
    assert!(own(&problems)[1].message.contains("`P0100009`"));
    let (graph, problems) = run(&catalog, "P0100099");
    assert_eq!(rules(&problems), ["task-sequence-missing"]);
    assert!(graph.media[0].obstacles().count() > 0);
}

#[test]
fn each_broken_piece_of_a_content_is_a_problem() {
    let mut catalog = catalog();
    package(&mut catalog, "P0100001");
    catalog.locations.remove(&id("P0100001"));
    let damage = vec!["file `a`: gone".to_owned(), "file `b`: gone".to_owned()];
    catalog.absent.insert(id("P0100001"), AbsentContent { places: vec![], damage });
    sequence(&mut catalog, "P0100020", &[Step::Package("P0100001")]);
    let (_, problems) = run(&catalog, "P0100020");
    assert_eq!(own(&problems).len(), 2);
    assert!(own(&problems)[1].message.contains("file `b`: gone"));
}

#[test]
fn boot_images_must_be_there_and_fit_the_operating_system() {
    let mut catalog = catalog();
    let image = |architecture| OsImageIndex { index: 1, name: String::new(), architecture };
    let os = |architecture| ObjectKind::OsImage { images: vec![image(Some(architecture))] };
    add(&mut catalog, "P0100001", os(Architecture::X64));
    add(&mut catalog, "P0100002", os(Architecture::X86));
    add(&mut catalog, "P0100003", os(Architecture::Arm64));
    for (name, architecture) in [("P01000B1", Architecture::X86), ("P01000B2", Architecture::Arm64)]
    {
        let kind = ObjectKind::BootImage { architecture, platform: BootPlatform::WinPe };
        add(&mut catalog, name, kind);
    }
    let mut unfit = |boot: &str, image: &str| {
        sequence(&mut catalog, "P0100020", &[Step::Image(image)]);
        let mut named = definition("P0100020", "");
        named.definition.boot_image = Some(id(boot));
        let (_, problems) = resolve(&[named], &catalog);
        !rules(&problems).is_empty()
    };
    let boot_images = ["P01000B0", "P01000B1", "P01000B2"];
    for (image, expected) in [
        ("P0100001", [false, false, true]),
        ("P0100002", [true, false, true]),
        ("P0100003", [true, true, false]),
    ] {
        assert_eq!(boot_images.map(|boot| unfit(boot, image)), expected, "{image}");
    }
    let (_, problems) = {
        let mut named = definition("P0100020", "");
        named.definition.boot_image = Some(id("P0100001"));
        resolve(&[named], &catalog)
    };
    assert_eq!(rules(&problems), ["boot-image-missing"]);
    catalog.task_sequences.get_mut(&id("P0100020")).unwrap().info.boot_image = None;
    assert_eq!(rules(&run(&catalog, "P0100020").1), ["boot-image-missing"]);
}

#[test]
fn content_that_may_be_wanted_is_noted_unless_it_is_there() {
    let mut catalog = catalog();
    package(&mut catalog, "P0100001");
    package(&mut catalog, "P0100002");
    let steps = [Step::Disabled("P0100001"), Step::SetVariable("P0100002")];
    sequence(&mut catalog, "P0100020", &steps);
    let (graph, problems) = run(&catalog, "P0100020");
    assert_eq!(needs(&graph), [""; 0]);
    assert_eq!(rules(&problems), ["content-disabled-only", "content-candidate"]);
    assert!(own(&problems).iter().all(|problem| problem.severity == Severity::Note));
    let rest = "[content]\npackages = [\"P0100002\"]\n";
    let (_, problems) = resolve(&[definition("P0100020", rest)], &catalog);
    assert_eq!(rules(&problems), ["content-disabled-only"]);
}

#[test]
fn several_definitions_give_one_graph_that_knows_what_they_share() {
    let mut catalog = catalog();
    for name in ["P0100001", "P0100002", "P0100003"] {
        package(&mut catalog, name);
    }
    sequence(&mut catalog, "P0100020", &[Step::Package("P0100001"), Step::Package("P0100002")]);
    sequence(&mut catalog, "P0100021", &[Step::Package("P0100003"), Step::Package("P0100002")]);
    let definitions = [definition("P0100020", ""), definition("P0100021", "")];
    let (graph, _) = resolve(&definitions, &catalog);
    let shared: Vec<_> =
        graph.shared().map(|(id, content)| (id.as_str(), &content.media)).collect();
    assert_eq!(shared, [("P0100002", &vec![0, 1]), ("P01000B0", &vec![0, 1])]);
    let used_by: Vec<_> = graph.contents[&id("P0100002")].used_by.iter().collect();
    assert_eq!(used_by, [&id("P0100020"), &id("P0100021")]);
    // The same, whatever the number of threads.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(pool.install(|| resolve(&definitions, &catalog)), resolve(&definitions, &catalog));
}

#[test]
fn an_application_that_nobody_described_is_missing() {
    let mut catalog = catalog();
    add(
        &mut catalog,
        "A",
        ObjectKind::Application(Application {
            model_name: Some(model_name("A")),
            ..Application::default()
        }),
    );
    sequence(&mut catalog, "P0100020", &[Step::Application("A")]);
    let (graph, problems) = run(&catalog, "P0100020");
    assert_eq!(rules(&problems), ["content-missing"]);
    assert!(graph.media[0].obstacles().count() > 0);
}

fn prestaged(sequence: &str, image: &str, rest: &str) -> NamedDefinition {
    let text = format!(
        "[media]\ntype = \"prestaged\"\ntask-sequence = \"{sequence}\"\n{rest}\n\
         [output]\nkind = \"wim\"\npath = \"x.wim\"\n[image]\n{image}\n\
         [network]\nmanagement-points = [\"http://mp\"]\n\
         [content]\npackages = [\"P0100001\", \"P0100002\"]\napplications = [\"A\"]\n"
    );
    let (definition, problems) = MediaDefinition::parse(&text).unwrap();
    assert_eq!(problems, []);
    NamedDefinition { name: format!("media-{sequence}"), definition }
}

/// A sequence that applies an image and uses two packages, of which the site has one, and an
/// application that needs another one.
fn catalog_for_prestaged() -> Catalog {
    let mut catalog = catalog();
    package(&mut catalog, "P0100001");
    package(&mut catalog, "P0100002");
    application(&mut catalog, "A", &[&["B"]], &[]);
    application(&mut catalog, "B", &[], &[]);
    let image = |index| OsImageIndex { index, name: String::new(), architecture: None };
    add(&mut catalog, "P0100003", ObjectKind::OsImage { images: vec![image(1), image(3)] });
    let steps = [
        Step::Image("P0100003"),
        Step::Package("P0100001"),
        Step::Package("P01000FF"),
        Step::Application("A"),
    ];
    sequence(&mut catalog, "P0100020", &steps);
    catalog
}

#[test]
fn prestaged_media_hold_what_was_chosen_and_not_what_the_steps_use() {
    let catalog = catalog_for_prestaged();
    let media = prestaged("P0100020", "os-image = \"P0100003\"\nindex = 3", "");
    let (graph, problems) = resolve(&[media], &catalog);
    assert_eq!(needs(&graph), ["P0100003", "B", "A", "P0100001", "P0100002"]);
    assert_eq!(graph.media[0].boot_image, Some(id("P01000B0")));
    assert_eq!(graph.media[0].obstacles().count(), 0, "{problems:#?}");
    let unused = problems.iter().find(|problem| problem.rule == "prestaged-unused").unwrap();
    assert_eq!(unused.place.object, Some(id("P0100002")));
    assert!(!problems.iter().any(|problem| problem.rule == "content-missing"), "{problems:#?}");
}

#[test]
fn a_prestaged_boot_image_is_the_one_of_the_task_sequence() {
    let mut catalog = catalog_for_prestaged();
    let (architecture, platform) = (Architecture::X64, BootPlatform::WinPe);
    add(&mut catalog, "P01000B1", ObjectKind::BootImage { architecture, platform });
    let rules = |boot: &str| {
        let media = prestaged("P0100020", "os-image = \"P0100003\"", boot);
        let (graph, _) = resolve(&[media], &catalog);
        graph.media[0].obstacles().map(|problem| problem.rule).collect::<Vec<_>>()
    };
    assert_eq!(rules("boot-image = \"P01000B0\""), [""; 0]);
    assert_eq!(rules("boot-image = \"P01000B1\""), ["boot-image-differs"]);
}

#[test]
fn an_index_that_the_image_has_not_is_told() {
    let catalog = catalog_for_prestaged();
    let media = prestaged("P0100020", "os-image = \"P0100003\"\nindex = 2", "");
    let (graph, _) = resolve(&[media], &catalog);
    let found: Vec<_> = graph.media[0].obstacles().collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].rule, found[0].class), ("image-index", ProblemClass::Definition));
    assert!(found[0].message.contains("no image 2, but 1, 3"), "{}", found[0].message);
}

#[test]
fn applications_without_detection_get_one_note_where_our_runtime_runs() {
    let mut catalog = catalog();
    for name in ["A", "B", "C"] {
        application(&mut catalog, name, &[], &[]);
    }
    let detected = catalog.objects.get_mut(&id("B")).unwrap();
    let ObjectKind::Application(application) = &mut detected.kind else { unreachable!() };
    application.deployment_types[0].detection = Some(Detection::File("/opt/b".into()));
    let steps = ["A", "B", "C"].map(Step::Application);
    sequence(&mut catalog, "P0100020", &steps);
    assert_eq!(rules(&run(&catalog, "P0100020").1), [""; 0]);
    let (architecture, platform) = (Architecture::X64, BootPlatform::Linux);
    add(&mut catalog, "P01000B0", ObjectKind::BootImage { architecture, platform });
    let (_, problems) = run(&catalog, "P0100020");
    assert_eq!(rules(&problems), ["detection-missing"]);
    assert!(own(&problems)[0].message.ends_with(": A, C"), "{problems:#?}");
    assert_eq!(own(&problems)[0].severity, Severity::Note);
}
