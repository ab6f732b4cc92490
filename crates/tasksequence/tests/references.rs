//! References by position, candidates, dynamic lists.

use proptest::prelude::*;
use tasksequence::lint::{CheckContext, check};
use tasksequence::reference::{DynamicKind, is_guid, is_package_id};
use tasksequence::{ReferenceKind, TaskSequence};

const CONFIGMGR: &str = include_str!("fixtures/configmgr.xml");
const MDT: &str = include_str!("fixtures/mdt.xml");

/// The stem of a step's type, its action, its variables, and the ids that they reference.
type PositionCase =
    (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// The stem of a step's type, its action, its variables, and what is chosen by which variables.
type DynamicCase = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    DynamicKind,
    &'static str,
);

fn read(text: &str) -> TaskSequence {
    TaskSequence::parse(text).expect("the text is a sequence").0
}

/// A sequence of one Configuration Manager step.
fn one_step(stem: &str, action: &str, variables: &[(&str, &str)]) -> TaskSequence {
    let variables: String = variables
        .iter()
        .map(|(name, value)| format!("<variable name=\"{name}\">{value}</variable>"))
        .collect();
    read(&format!(
        "<sequence version=\"3.10\"><step type=\"SMS_TaskSequence_{stem}Action\" name=\"S\">\
         <action>{action}</action><defaultVarList>{variables}</defaultVarList></step></sequence>"
    ))
}

fn ids(sequence: &TaskSequence) -> Vec<String> {
    sequence.references().into_iter().map(|reference| reference.id).collect()
}

#[test]
fn enabled_references_equal_the_documents_own_list() {
    let sequence = read(CONFIGMGR);
    let walked: Vec<String> =
        sequence.references().into_iter().filter(|r| r.enabled).map(|r| r.id).collect();
    let listed = sequence.reference_list().expect("the fixture has a list").into_iter();
    assert_eq!(walked, listed.map(|entry| entry.id).collect::<Vec<_>>());
}

#[test]
fn a_reference_says_where_it_is_used_and_whether_that_is_enabled() {
    let sequence = read(CONFIGMGR);
    let references = sequence.references();
    let shown: Vec<String> = references
        .iter()
        .map(|r| {
            let uses: Vec<String> =
                r.uses.iter().map(|used| format!("{} in {}", used.source, used.place)).collect();
            format!("{} {:?} {} [{}]", r.id, r.kind, r.enabled, uses.join("; "))
        })
        .collect();
    let group = "Prepare & \"wipe\" <Zürich>";
    let expected = [
        format!("XYZ00012 Package true [/run: in {group}/With package (step 5); PackageID in {group}/With package (step 5)]"),
        "XYZ00010 Package true [/install: in Install/Drivers (step 6); OSDApplyDriverDriverPackageID in Install/Drivers (step 6)]".to_owned(),
        "XYZ00077 Package false [OSDDownloadDownloadPackages in Install/Old download (step 9)]".to_owned(),
        "XYZ00078 Package false [OSDDownloadDownloadPackages in Install/Old download (step 9)]".to_owned(),
        "XYZ00099 TaskSequence true [OSDSubTasksequencePackageID in Install/Child (step 13)]".to_owned(),
        "ScopeId_1A2B/Application_AA Application true [OSDSubTasksequenceTsReferenceApplications in Install/Child (step 13)]".to_owned(),
        "ScopeId_1A2B/Application_BB Application true [OSDSubTasksequenceTsReferenceApplications in Install/Child (step 13)]".to_owned(),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn every_position_of_an_id_is_read() {
    let cases: &[PositionCase] = &[
        ("RunCommandLine", "smsswd.exe /run:ABC00010 a.cmd", &[], &["ABC00010"]),
        ("RunCommandLine", "SMSSWD.EXE /RUN:ABC00010", &[], &["ABC00010"]),
        ("RunCommandLine", "smsswd.exe /run: a.cmd /install:ABC00010", &[], &[]),
        ("RunCommandLine", "smsswd.exe /run: REG ADD X /D 00000000", &[], &[]),
        ("RunCommandLine", "smsswd.exe /x /run:ABC00010", &[], &[]),
        (
            "ApplyOperatingSystem",
            "OSDApplyOS.exe /image:ABC00001,%OSDImageIndex% \"/config:ABC00002,%OSDConfigFileName%\" /runfromnet:False",
            &[],
            &["ABC00001", "ABC00002"],
        ),
        (
            "ApplyOperatingSystem",
            "OSDApplyOS.exe /install:ABC00001,%OSDInstallEditionIndex%",
            &[],
            &["ABC00001"],
        ),
        ("ApplyDataImage", "OSDApplyOS.exe /data:ABC00001,%OSDDataImageIndex%", &[], &["ABC00001"]),
        (
            "ApplyDataImage",
            "OSDApplyOS.exe /data:ABC00001 \"/config:ABC00002,x\"",
            &[],
            &["ABC00001"],
        ),
        (
            "InstallSoftware",
            "smsswd.exe /pkg:ABC00003 /install /basevar: /continueOnError:",
            &[],
            &["ABC00003"],
        ),
        ("InstallDeployTools", "osdprepareos.exe /install:ABC00004", &[], &["ABC00004"]),
        (
            "InstallApplication",
            "smsappinstall.exe /app:ScopeId_1/Application_2,ScopeId_1/Application_1 /basevar: /continueOnError:False",
            &[("ApplicationName", "ScopeId_1/Application_2,ScopeId_1/Application_1")],
            &["ScopeId_1/Application_2", "ScopeId_1/Application_1"],
        ),
        (
            "SetupWindowsAndSMS",
            "OSDSetupWindows.exe",
            &[("_SMSClientPackageID", "ABC00005")],
            &["ABC00005"],
        ),
        (
            "CaptureUserState",
            "osdmigrateuserstate.exe",
            &[("_OSDMigrateUsmtPackageID", " ABC00006 ")],
            &["ABC00006"],
        ),
        (
            "RestoreUserState",
            "osdmigrateuserstate.exe",
            &[("_OSDMigrateUsmtRestorePackageID", "ABC00006")],
            &["ABC00006"],
        ),
        (
            "BDD_UsePackage",
            "smsswd.exe /run:ABC00007 cscript.exe x.wsf",
            &[("BDDPackageID", "ABC00007")],
            &["ABC00007"],
        ),
        (
            "RunPowerShellScript",
            "OSDRunPowerShellScript.exe",
            &[("OSDRunPowerShellScriptPackageID", "ABC00008")],
            &["ABC00008"],
        ),
        (
            "UpgradeOperatingSystem",
            "OSDUpgradeOS.exe ",
            &[("OSDUpgradeInstallPackageID", "ABC00009")],
            &["ABC00009"],
        ),
        (
            "DownloadPackageContent",
            "OsdDownloadContent.exe ",
            &[("OSDDownloadDownloadPackages", "ABC00001, ABC00002,")],
            &["ABC00001", "ABC00002"],
        ),
        (
            "DownloadPackageContent",
            "OsdDownloadContent.exe ",
            &[("OSDPackage0PackageId", "ABC00001")],
            &[],
        ),
        ("SetVariable", "tsenv.exe \"P=ABC00001\"", &[("VariableValue", "ABC00001")], &[]),
    ];
    for (stem, action, variables, expected) in cases {
        let action = action.replace('"', "&quot;");
        assert_eq!(ids(&one_step(stem, &action, variables)), *expected, "{stem}: {action}");
    }
}

#[test]
fn an_id_used_twice_is_one_reference_even_in_another_case() {
    let text = "<sequence version=\"3.10\">\
        <step type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"A\" disable=\"true\"><action>smsswd.exe /run:abc0001f x</action></step>\
        <step type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"B\"><action>smsswd.exe /run:ABC0001F x</action></step></sequence>";
    let references = read(text).references();
    assert_eq!(references.len(), 1);
    assert!(references[0].enabled);
    assert_eq!(
        references[0].uses.iter().map(|used| used.enabled).collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn the_order_is_that_of_the_enabled_uses() {
    let use_of = |attributes: &str, id: &str| {
        format!(
            "<step type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"S\"{attributes}><action>smsswd.exe /run:{id} x\
             </action></step>"
        )
    };
    let disabled = " disable=\"true\"";
    let steps = [
        use_of(disabled, "ABC00002"),
        use_of(disabled, "ABC00003"),
        use_of("", "ABC00001"),
        use_of("", "ABC00002"),
    ];
    let sequence = read(&format!("<sequence version=\"3.10\">{}</sequence>", steps.concat()));
    assert_eq!(ids(&sequence), ["ABC00003", "ABC00001", "ABC00002"]);
}

#[test]
fn install_package_names_its_program() {
    let sequence = one_step(
        "InstallSoftware",
        "smsswd.exe /pkg:ABC00003 /install",
        &[("_SMSSWDProgramName", "Install silently"), ("PackageID", "ABC00003")],
    );
    assert_eq!(sequence.references()[0].program.as_deref(), Some("Install silently"));
}

#[test]
fn mdt_references_are_guids_without_the_empty_one() {
    let references = read(MDT).references();
    let shown: Vec<_> = references
        .iter()
        .map(|r| {
            let places: Vec<String> = r.uses.iter().map(|used| used.place.to_string()).collect();
            (r.id.as_str(), r.kind, r.enabled, places.join("; "))
        })
        .collect();
    let expected = [
        (
            "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
            ReferenceKind::Guid,
            true,
            "globalVarList; Install/Install operating system (step 5)".to_owned(),
        ),
        (
            "{11111111-2222-3333-4444-555555555555}",
            ReferenceKind::Guid,
            false,
            "Install/Install one (step 8)".to_owned(),
        ),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn selection_profiles_and_run_time_applications_of_mdt_are_listed() {
    let sequence = read(MDT);
    let profiles = sequence.selection_profiles();
    assert_eq!(
        (profiles[0].name.as_str(), profiles[0].source),
        ("All Drivers", "DriverSelectionProfile")
    );
    let lists = sequence.dynamic_lists();
    assert_eq!(lists.len(), 1);
    assert_eq!(
        (lists[0].kind, lists[0].base.as_str()),
        (DynamicKind::Applications, "Applications")
    );
}

#[test]
fn dynamic_lists_are_found_in_every_form() {
    let cases: &[DynamicCase] = &[
        (
            "InstallSoftware",
            "smsswd.exe /pkg: /install /basevar:PKG /continueOnError:True",
            &[],
            DynamicKind::Packages,
            "PKG",
        ),
        (
            "InstallSoftware",
            "smsswd.exe /install",
            &[("BaseVariableName", "PKG")],
            DynamicKind::Packages,
            "PKG",
        ),
        (
            "InstallApplication",
            "smsappinstall.exe /app: /basevar:APP /continueOnError:False",
            &[],
            DynamicKind::Applications,
            "APP",
        ),
        (
            "RunCommandLine",
            "smsswd.exe /run: OSDDownloadContent.exe",
            &[],
            DynamicKind::Download,
            "OSDDownload",
        ),
        (
            "RunCommandLine",
            "smsswd.exe /run: C:\\Windows\\OsdDownloadContent.exe /x",
            &[],
            DynamicKind::Download,
            "OSDDownload",
        ),
        (
            "ApplyDriverPackage",
            "osddriverclient.exe /install:%DRV%  /x",
            &[("OSDApplyDriverDriverPackageID", "%DRV%")],
            DynamicKind::Id,
            "%DRV%",
        ),
    ];
    for (stem, action, variables, kind, base) in cases {
        let sequence = one_step(stem, action, variables);
        let lists = sequence.dynamic_lists();
        assert_eq!(lists.len(), 1, "{action}");
        assert_eq!((lists[0].kind, lists[0].base.as_str()), (*kind, *base), "{action}");
        assert!(sequence.references().is_empty(), "{action}");
        assert!(sequence.malformed_references().is_empty(), "{action}");
    }
    let fixed = one_step(
        "InstallApplication",
        "smsappinstall.exe /app:ScopeId_1/Application_2 /basevar:APP",
        &[],
    );
    assert!(fixed.dynamic_lists().is_empty());
}

#[test]
fn a_value_that_is_no_id_is_malformed() {
    let sequence = one_step("RunCommandLine", "smsswd.exe /run:tools x", &[("PackageID", "tools")]);
    let malformed = sequence.malformed_references();
    assert_eq!((malformed[0].value.as_str(), malformed[0].source), ("tools", "PackageID"));
    assert_eq!(malformed.len(), 1);
}

#[test]
fn candidates_need_a_whole_value_and_a_known_site_code() {
    let value = |value: &str, codes: &[&str]| {
        let set = one_step(
            "SetVariable",
            "tsenv.exe",
            &[("VariableName", "P"), ("VariableValue", value)],
        );
        let found = set.candidates(codes).into_iter();
        found.map(|candidate| (candidate.id, candidate.program)).collect::<Vec<_>>()
    };
    let id = |id: &str| (id.to_owned(), None);
    assert_eq!(value("ABC00031", &["abc"]), [id("ABC00031")]);
    assert_eq!(value("ABC00031,ABC00032", &["ABC"]), [id("ABC00031"), id("ABC00032")]);
    let program = ("ABC00031".to_owned(), Some("Install".to_owned()));
    assert_eq!(value("ABC00031:Install", &["ABC"]), [program]);
    for nothing in ["see ABC00031", "ABC00031,other", "00000000", ""] {
        assert_eq!(value(nothing, &["ABC"]), [], "{nothing}");
    }
    assert_eq!(value("ABC00031", &["XYZ"]), []);
    // The fixture's own references make the site code known.
    let candidates = read(CONFIGMGR).candidates(&[]);
    assert_eq!(candidates.len(), 1);
    assert_eq!((candidates[0].id.as_str(), candidates[0].assignment.rule), ("XYZ00031", Some(1)));
}

#[test]
fn ids_have_their_exact_form() {
    assert!(is_package_id("ABC0001F") && is_package_id("p0100020"));
    for wrong in ["", "ABC0001", "ABC0001G", "ABC000100", "AB-00010", "ÄBC0001", "ABC 0001"] {
        assert!(!is_package_id(wrong), "{wrong}");
    }
    assert!(is_guid("{3f2504e0-4f89-11d3-9a0c-0305e82c3301}"));
    for wrong in [
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "{}",
        "{3f2504e0-4f8911d3-9a0c-0305e82c3301}",
        "{3f2504e0-4f89-11d3-9a0c-0305e82c330g}",
    ] {
        assert!(!is_guid(wrong), "{wrong}");
    }
}

/// A generated item: a group, or a step that uses a package.
#[derive(Debug, Clone)]
enum Plan {
    Group { disabled: bool, items: Vec<Plan> },
    Step { disabled: bool, id: u8, shape: u8 },
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let step = (prop::bool::weighted(0.2), 0..6_u8, 0..4_u8)
        .prop_map(|(disabled, id, shape)| Plan::Step { disabled, id, shape });
    let plan = step.prop_recursive(4, 32, 5, |inner| {
        (prop::bool::weighted(0.2), prop::collection::vec(inner, 0..5))
            .prop_map(|(disabled, items)| Plan::Group { disabled, items })
    });
    prop::collection::vec(plan, 0..6)
}

/// Writes the items as XML, and notes each enabled id at its first use.
fn write(plans: &[Plan], enabled: bool, xml: &mut String, used: &mut Vec<String>) {
    for plan in plans {
        match plan {
            Plan::Group { disabled, items } => {
                xml.push_str(&format!("<group name=\"g\" disable=\"{disabled}\">"));
                write(items, enabled && !disabled, xml, used);
                xml.push_str("</group>");
            }
            Plan::Step { disabled, id, shape } => {
                let id = format!("ABC0000{id:X}");
                let (stem, action, variable) = match shape {
                    0 => ("RunCommandLine", format!("smsswd.exe /run:{id} x /d 00000000"), "none"),
                    1 => (
                        "ApplyDriverPackage",
                        format!("osddriverclient.exe /install:{id}  /x"),
                        "none",
                    ),
                    2 => (
                        "UpgradeOperatingSystem",
                        "OSDUpgradeOS.exe ".to_owned(),
                        "OSDUpgradeInstallPackageID",
                    ),
                    _ => (
                        "DownloadPackageContent",
                        "OsdDownloadContent.exe ".to_owned(),
                        "OSDDownloadDownloadPackages",
                    ),
                };
                xml.push_str(&format!(
                    "<step type=\"SMS_TaskSequence_{stem}Action\" name=\"s\" disable=\"{disabled}\"><action>{action}\
                     </action><defaultVarList><variable name=\"{variable}\">{id}</variable></defaultVarList></step>"
                ));
                if enabled && !disabled && !used.contains(&id) {
                    used.push(id);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn the_walk_finds_exactly_what_enabled_steps_use(plans in plans(), dropped in any::<prop::sample::Index>()) {
        let (mut items, mut used) = (String::new(), Vec::new());
        write(&plans, true, &mut items, &mut used);
        let sequence = |listed: &[String]| {
            let list: String = listed.iter().map(|id| format!("<reference package=\"{id}\"/>")).collect();
            read(&format!("<sequence version=\"3.10\"><referenceList>{list}</referenceList>{items}</sequence>"))
        };
        let differs = |sequence: &TaskSequence| {
            let findings = check(sequence, &CheckContext::default());
            findings.iter().filter(|finding| finding.rule == "reference-list-differs").count()
        };
        let whole = sequence(&used);
        let references = whole.references();
        let enabled: Vec<String> =
            references.iter().filter(|reference| reference.enabled).map(|r| r.id.clone()).collect();
        prop_assert_eq!(&enabled, &used);
        prop_assert!(references.iter().all(|r| r.enabled == r.uses.iter().any(|used| used.enabled)));
        prop_assert_eq!(differs(&whole), 0);
        if !used.is_empty() {
            let mut shorter = used.clone();
            shorter.remove(dropped.index(used.len()));
            prop_assert_eq!(differs(&sequence(&shorter)), 1);
        }
    }
}
