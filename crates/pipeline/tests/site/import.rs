//! Importing exports, deployment shares and content libraries.

use std::fs;
use std::path::PathBuf;

use crate::fixture::{LibraryFolder, SiteFolder, rules, write};
use content::{ContentId, ContentLocation, ObjectKind};
use pipeline::import::{
    Action, ImportError, ImportOptions, ImportReport, ItemKind, SourceKind, import,
};
use pipeline::load;
use tasksequence::TaskSequence;
use tasksequence::export::{
    ApplicationInfo, ContentInfo, ContentType, Export, ExportedSequence, write as write_export,
};

const APP: &str = "ScopeId_00000000-0000-4000-8000-000000000001/\
                   Application_00000000-0000-4000-8000-000000000002";

fn id(text: &str) -> ContentId {
    text.parse().unwrap()
}

fn sequence(name: &str) -> TaskSequence {
    let xml = format!(
        "<sequence version=\"3.10\"><referenceList><reference package=\"ABC00011\" \
         program=\"*\"/><reference application=\"{APP}\"/></referenceList><group name=\"G\" \
         description=\"\"><step type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"{name}\" \
         description=\"\" successCodeList=\"0\" retryCount=\"0\" runFromNet=\"false\">\
         <action>smsswd.exe /run:ABC00011 a.cmd</action></step><step \
         type=\"SMS_TaskSequence_InstallApplicationAction\" name=\"A\" description=\"\" \
         successCodeList=\"0\" retryCount=\"2\" runFromNet=\"false\"><action>smsappinstall.exe \
         /app:{APP} /basevar: /continueOnError:False</action></step></group></sequence>"
    );
    TaskSequence::parse(&xml).unwrap().0
}

fn export_bytes(sequence_name: &str) -> Vec<u8> {
    let sequence = sequence(sequence_name);
    let mut exported = ExportedSequence::new("ABC00020", "Deploy", Some("ABC000B0"), sequence);
    let info = |id: &str, name: &str, content_type| ContentInfo {
        id: id.into(),
        name: name.into(),
        content_type,
        program: "*".into(),
        version: "1.2".into(),
        description: String::new(),
    };
    exported.contents = vec![
        info("ABC00011", "Drivers of Contoso", ContentType::DriverPackage),
        info("ABC000B0", "Boot x64", ContentType::BootImage),
    ];
    let properties = [("RefAppModelName", APP), ("RefAppPackageID", "ABC00012")];
    let properties = properties.map(|(name, value)| (name.into(), value.into())).to_vec();
    exported.applications =
        vec![ApplicationInfo { id: APP.into(), package_id: "ABC00012".into(), properties }];
    let export = Export { sequences: vec![exported], ..Export::default() };
    write_export(&export).unwrap()
}

fn export_file(site: &SiteFolder, sequence_name: &str) -> PathBuf {
    let path = site.folder.path().join("export.zip");
    fs::write(&path, export_bytes(sequence_name)).unwrap();
    path
}

fn run(site: &SiteFolder, source: &std::path::Path) -> ImportReport {
    import(&site.path(), source, &ImportOptions::default()).unwrap()
}

fn actions(report: &ImportReport) -> Vec<(&str, Action)> {
    report.items.iter().map(|item| (item.id.as_str(), item.action)).collect()
}

#[test]
fn an_export_becomes_a_sequence_and_objects_to_be_filled() {
    let site = SiteFolder::new();
    let report = run(&site, &export_file(&site, "S"));
    assert_eq!(report.source, SourceKind::ConfigMgrExport);
    let created = |name| (name, Action::Created);
    assert_eq!(actions(&report), ["ABC00020", "ABC00011", "ABC00012", "ABC000B0"].map(created));
    let (_, catalog, problems) = load::catalog(&site.path()).unwrap();
    assert_eq!(problems, []);
    let entry = &catalog.task_sequences[&id("ABC00020")];
    assert_eq!(entry.sequence, sequence("S"));
    assert_eq!(entry.info.name, "Deploy");
    assert_eq!(entry.info.boot_image, Some(id("ABC000B0")));
    assert_eq!(entry.info.references.len(), 3);
    let drivers = &catalog.objects[&id("ABC00011")];
    assert_eq!((&*drivers.name, &drivers.kind), ("Drivers of Contoso", &ObjectKind::DriverPackage));
    assert_eq!(drivers.source, None);
    assert_eq!(catalog.names().object(APP).unwrap().id, id("ABC00012"));
    assert!(matches!(catalog.objects[&id("ABC000B0")].kind, ObjectKind::BootImage { .. }));
}

#[test]
fn importing_again_changes_nothing() {
    let site = SiteFolder::new();
    let export = export_file(&site, "S");
    run(&site, &export);
    let before = site.texts();
    let report = run(&site, &export);
    assert_eq!(site.texts(), before);
    assert_eq!(report.items[0].action, Action::Unchanged);
    assert!(report.items.iter().all(|item| item.action != Action::Created));
}

#[test]
fn what_the_site_says_is_kept_unless_sequences_may_be_overwritten() {
    let site = SiteFolder::new();
    run(&site, &export_file(&site, "S"));
    let mine = site.read("catalog/ABC00011.toml").replace("Contoso", "Fabrikam");
    site.write("catalog/ABC00011.toml", &mine);
    let changed = export_file(&site, "Renamed");
    let before = site.texts();
    assert_eq!(run(&site, &changed).items[0].action, Action::Kept);
    assert_eq!(site.texts(), before);
    let report = import(&site.path(), &changed, &ImportOptions { overwrite: true }).unwrap();
    assert_eq!(report.items[0].action, Action::Updated);
    assert!(site.read("task-sequences/ABC00020.xml").contains("Renamed"));
    assert_eq!(site.read("catalog/ABC00011.toml"), mine);
}

#[test]
fn damaged_exports_leave_the_site_as_it_was() {
    let site = SiteFolder::new();
    let before = site.texts();
    let bytes = export_bytes("S");
    let hostile = String::from_utf8_lossy(b"SMS_TaskSequencePackage/ABC00020").into_owned();
    let traversal = replaced(&bytes, hostile.as_bytes(), b"../../../../../../../../../../AB");
    let cut = bytes[..bytes.len() / 2].to_vec();
    for bytes in [traversal, cut, Vec::new(), b"no zip file".to_vec()] {
        let path = site.folder.path().join("bad.zip");
        fs::write(&path, bytes).unwrap();
        let refused = import(&site.path(), &path, &ImportOptions::default());
        assert!(matches!(refused, Err(ImportError::Export { .. })), "{refused:?}");
    }
    assert_eq!(site.texts(), before);
}

/// The bytes with every `from` replaced by `to` of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let mut count = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + from.len()].copy_from_slice(to);
            count += 1;
        }
    }
    assert!(count > 0);
    bytes
}

#[test]
fn a_failed_write_leaves_nothing_half_imported() {
    let site = SiteFolder::new();
    let export = export_file(&site, "S");
    // A file in the place of the folder: the sequence cannot be written.
    site.write("task-sequences", "in the way");
    import(&site.path(), &export, &ImportOptions::default()).unwrap_err();
    fs::remove_file(site.folder.path().join("task-sequences")).unwrap();
    assert_eq!(site.texts().len(), 1);
}

/// A deployment share in the site's folder.
fn share(site: &SiteFolder) -> PathBuf {
    let root = site.folder.path().join("Share");
    let put = |name: &str, text: &str| write(&root.join(name), text.as_bytes());
    put(
        "Control/TaskSequences.xml",
        "<tss><ts guid=\"{00000000-0000-4000-8000-0000000000A1}\" enable=\"True\"><Name>Client</Name>\
         <ID>W11</ID><Version>1.0</Version><LastModifiedBy>CONTOSO\\jane</LastModifiedBy></ts></tss>",
    );
    put(
        "Control/OperatingSystems.xml",
        "<oss><os guid=\"{00000001-0000-4000-8000-000000000001}\"><Name>W11 Pro</Name>\
         <Platform>x64</Platform><Build>10.0.1</Build><Source>.\\Operating Systems\\W11</Source>\
         <IncludesSetup>True</IncludesSetup><ImageFile>.\\Operating Systems\\W11\\i.wim</ImageFile>\
         <ImageIndex>3</ImageIndex><ImageName>Pro</ImageName></os></oss>",
    );
    put(
        "Control/Applications.xml",
        "<applications><application guid=\"{00000002-0000-4000-8000-000000000001}\"><Name>Seven\
         </Name><Version>24</Version><Source>.\\applications\\seven</Source><CommandLine>setup /s\
         </CommandLine><WorkingDirectory>.\\Applications\\Seven\\x64</WorkingDirectory><Dependency>\
         {00000003-0000-4000-8000-000000000001}</Dependency></application><application \
         guid=\"{00000003-0000-4000-8000-000000000001}\"><Name>Bundle</Name></application>\
         </applications>",
    );
    put(
        "Control/Drivers.xml",
        "<drivers><driver guid=\"{00000004-0000-4000-8000-000000000001}\"><Name>Net</Name><Source>\
         .\\Out-of-Box Drivers\\Net\\e1\\e1.inf</Source></driver></drivers>",
    );
    put(
        "Control/DriverGroups.xml",
        "<groups><group guid=\"{00000005-0000-4000-8000-000000000001}\"><Name>Windows 11\\Dell\
         </Name><Member>{00000004-0000-4000-8000-000000000001}</Member></group></groups>",
    );
    put(
        "Control/SelectionProfiles.xml",
        "<selectionProfiles><selectionProfile guid=\"{00000006-0000-4000-8000-000000000001}\">\
         <Name>Dell</Name><Definition>&lt;SelectionProfile&gt;&lt;Include path=\"Out-of-Box \
         Drivers\\Windows 11\" /&gt;&lt;/SelectionProfile&gt;</Definition></selectionProfile>\
         </selectionProfiles>",
    );
    put(
        "Control/W11/ts.xml",
        "<?xml version=\"1.0\"?>\n<sequence version=\"3.00\" name=\"Client\" description=\"\">\n\
         <globalVarList><variable name=\"OSGUID\" property=\"OSGUID\">\
         {00000001-0000-4000-8000-000000000001}</variable></globalVarList>\n<group name=\"G\">\
         <step type=\"BDD_InjectDrivers\" name=\"D\" description=\"\" disable=\"false\" \
         successCodeList=\"0\"><defaultVarList><variable name=\"DriverSelectionProfile\" \
         property=\"DriverSelectionProfile\">Dell</variable></defaultVarList><action>cscript.exe \
         \"%SCRIPTROOT%\\ZTIDrivers.wsf\"</action></step><step type=\"BDD_InstallApplication\" \
         name=\"A\" description=\"\" successCodeList=\"0\"><defaultVarList><variable \
         name=\"ApplicationGUID\" property=\"ApplicationGUID\">\
         {00000002-0000-4000-8000-000000000001}</variable></defaultVarList><action>cscript.exe \
         \"%SCRIPTROOT%\\ZTIApplications.wsf\"</action></step></group></sequence>\n",
    );
    put("Operating Systems/W11/i.wim", "wim");
    put("Applications/Seven/setup.exe", "x");
    put("Out-of-Box Drivers/Net/e1/e1.inf", "x");
    root
}

#[test]
fn a_deployment_share_becomes_plain_files_that_resolve() {
    let site = SiteFolder::new();
    let report = run(&site, &share(&site));
    assert_eq!(report.source, SourceKind::MdtShare);
    assert_eq!(report.problems, []);
    let (_, catalog, problems) = load::catalog(&site.path()).unwrap();
    assert_eq!(problems, []);
    let by_name =
        |name: &str| catalog.objects.values().find(|object| object.name.contains(name)).unwrap();
    let root = site.folder.path().join("Share");
    let location = |name: &str| catalog.locations.get(&by_name(name).id);
    let at = |path: &str| Some(ContentLocation::Path(root.join(path)));
    assert_eq!(location("W11 Pro").cloned(), at("Operating Systems/W11"));
    assert_eq!(location("Seven").cloned(), at("Applications/Seven"));
    assert_eq!(location("Dell").cloned(), at("Out-of-Box Drivers/Net/e1"));
    assert_eq!(location("Bundle"), None);
    assert!(by_name("Bundle").contents().is_empty());
    let ObjectKind::Application(seven) = &by_name("Seven").kind else { panic!("no application") };
    let deployment_type = &seven.deployment_types[0];
    assert_eq!(deployment_type.install, "setup /s");
    assert_eq!(deployment_type.working_directory.as_deref(), Some("x64"));
    assert_eq!(deployment_type.dependencies[0].0, [by_name("Bundle").id.clone()]);

    let definition = "[media]\ntype = \"stand-alone\"\ntask-sequence = \"W11\"\n\
                      [output]\npath = \"m.iso\"\n";
    site.write("media/m.toml", definition);
    let (named, _) = load::definition(&site.path(), "m").unwrap();
    let (graph, _) = content::resolve(&[named], &catalog);
    let needs: Vec<_> = graph.media[0].needs.iter().map(|need| &need.content).collect();
    assert_eq!(needs, [&by_name("W11 Pro").id, &by_name("Dell").id, &by_name("Seven").id]);
}

#[test]
fn names_of_people_stay_in_the_share() {
    let site = SiteFolder::new();
    run(&site, &share(&site));
    for (name, text) in site.texts() {
        assert!(!text.contains("jane"), "{name}");
    }
}

#[test]
fn importing_a_share_again_changes_nothing() {
    let site = SiteFolder::new();
    let share = share(&site);
    run(&site, &share);
    let before = site.texts();
    let report = run(&site, &share);
    assert_eq!(site.texts(), before);
    let unchanged = |action: &Action| *action == Action::Unchanged;
    assert!(actions(&report).iter().all(|(_, action)| unchanged(action)), "{report:?}");
}

#[test]
fn sources_that_are_not_in_the_share_are_reported() {
    let site = SiteFolder::new();
    let share = share(&site);
    fs::remove_dir_all(share.join("Applications")).unwrap();
    let report = run(&site, &share);
    assert_eq!(rules(&report.problems), ["import-source"]);
    assert!(report.problems[0].message.contains("Seven"));
}

#[test]
fn a_content_library_fills_in_what_an_export_left_open() {
    let site = SiteFolder::new();
    run(&site, &export_file(&site, "S"));
    let library = LibraryFolder::new(site.folder.path().join("lib"));
    library.package("ABC00011", &["ABC00011.4"]);
    library.file("ABC00011.4", "net/e1.inf", b"inf");
    library.package("ABC00012", &["Content_7a.2"]);
    library.file("Content_7a.2", "setup.exe", b"setup");
    library.package("ABC00099", &["ABC00099.1"]);
    library.file("ABC00099.1", "install.wim", b"wim");
    let report = run(&site, &library.root);
    assert_eq!(report.source, SourceKind::ContentLibrary);
    assert_eq!(
        actions(&report),
        [
            ("ABC00011", Action::Updated),
            ("ABC00012", Action::Updated),
            ("ABC00099", Action::Created),
            ("lib", Action::Updated),
        ]
    );
    assert_eq!(report.items[3].kind, ItemKind::DistributionPoint);
    let (_, catalog, problems) = load::catalog(&site.path()).unwrap();
    assert_eq!(problems, []);
    let drivers = &catalog.objects[&id("ABC00011")];
    assert_eq!((drivers.source_version, &drivers.kind), (4, &ObjectKind::DriverPackage));
    assert!(matches!(catalog.objects[&id("ABC00099")].kind, ObjectKind::OsImage { .. }));
    for content in ["ABC00011", "Content_7a", "ABC00099"] {
        assert!(catalog.locations.contains_key(&id(content)), "{content}");
    }
    let before = site.texts();
    run(&site, &library.root);
    assert_eq!(site.texts(), before);
}

#[test]
fn other_folders_are_refused() {
    let site = SiteFolder::new();
    let folder = site.folder.path().join("content");
    let refused = import(&site.path(), &folder, &ImportOptions::default());
    assert!(matches!(refused, Err(ImportError::Unknown(_))));
}
