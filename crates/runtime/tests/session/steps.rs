//! Steps: commands, variables, packages, applications, restarts.

use std::fs;

use content::{
    Application, CatalogObject, DependencyGroup, DeploymentType, Detection, ObjectKind, Program,
};
use runtime::run::RunEnd;
use runtime::session::SessionExit;
use runtime::status::RunState;
use tasksequence::run::Running;

use crate::media::Media;
use crate::target::{Answer, Target};
use crate::{command, command_with};

#[test]
fn commands_run_in_their_order_and_what_they_say_stands_in_the_log() {
    let mut media = Media::with(
        &[command("One", " echo first >&2"), command("Two", " echo second; exit 3010")].concat(),
    );
    media.unattended = true;
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    assert_eq!(ran.end, Some(RunEnd::Restarting));
    assert!(ran.said.contains("step 1 of 2: One\n  done\nstep 2 of 2: Two"), "{}", ran.said);
    let first = ran.log.find("<![LOG[first]LOG]!>").unwrap();
    assert!(first < ran.log.find("<![LOG[second]LOG]!>").unwrap());
    assert_eq!(ran.status.unwrap().state, RunState::Restarting);
    let ran = target.start_again(None, &[]);
    assert_eq!(ran.end, Some(RunEnd::Ended { succeeded: true, code: 0 }), "{}", ran.said);
}

#[test]
fn a_failure_ends_the_run_and_a_caught_one_does_not() {
    let steps = [
        command_with("Caught", " exit 5", "continueOnError=\"true\""),
        command("Fails", " exit 6"),
        command("Never", " echo never"),
    ];
    let mut target = Target::new();
    let discs = Media::with(&steps.concat()).write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Failed);
    assert_eq!(ran.end, Some(RunEnd::Ended { succeeded: false, code: 6 }));
    let status = ran.status.unwrap();
    let steps: Vec<_> = status.steps.iter().map(|it| (it.number, &*it.outcome, it.code)).collect();
    assert_eq!(steps, [(1, "failed", Some(5)), (2, "failed", Some(6))]);
    assert_eq!((status.state, status.code), (RunState::Failed, Some(6)));
    assert!(!ran.log.contains("never"), "{}", ran.log);
    // A failed run cannot be taken up, and leaves no secrets.
    assert!(!target.own_folder().join("state.json").exists());
    assert!(!target.own_folder().join("policy.xml").exists());
}

#[test]
fn commands_read_and_set_variables_and_no_secret_reaches_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let read = format!(" cat \"$TSMEDIA_VARIABLES\" >{}; echo %Made%", out.display());
    let steps = [
        command(
            "Set",
            " echo 'Made=by a script' >>\"$TSMEDIA_SET\"; echo '_SMSTSX=1' >>\"$TSMEDIA_SET\"",
        ),
        command("Read", &read),
        command("Secret", " echo %Pin%"),
    ];
    let mut media = Media::with(&steps.concat());
    media.variables = vec![("Pin".to_owned(), "hush-hush".to_owned())];
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.log);
    let variables: serde_json::Value = serde_json::from_slice(&fs::read(out).unwrap()).unwrap();
    assert_eq!(variables["Made"], "by a script");
    assert_eq!(variables["Pin"], "hush-hush");
    assert_eq!(variables["_SMSTSMediaType"], "FullMedia");
    assert!(ran.log.contains("<![LOG[by a script]"));
    assert!(ran.log.contains("`_SMSTSX` is read-only"), "{}", ran.log);
    assert!(!ran.log.contains("hush-hush"), "{}", ran.log);
}

#[test]
fn a_package_is_the_folder_that_its_command_starts_in() {
    let mut media = Media::with(&command("Files", "P0100200 cat a/b.txt"));
    media.file("P0100200", "a/b.txt", "from the package\n", 1);
    media.file("P0100200", "empty/", "", 1);
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    assert!(ran.log.contains("<![LOG[from the package]"), "{}", ran.log);
}

#[test]
fn a_command_that_hangs_is_ended_and_fails() {
    let steps = command_with("Hangs", " sleep 1000", "timeout=\"1\"");
    let mut target = Target::new();
    let discs = Media::with(&steps).write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.end, Some(RunEnd::Ended { succeeded: false, code: 1460 }), "{}", ran.said);
}

#[test]
fn a_program_of_a_package_is_found_by_its_name() {
    let step = |program: &str| {
        format!(
            "<step type=\"SMS_TaskSequence_InstallSoftwareAction\" name=\"Install\" \
             successCodeList=\"0\"><action>smsswd.exe /pkg:P0100200 /install /basevar: \
             /continueOnError:False</action><defaultVarList><variable \
             name=\"_SMSSWDProgramName\" property=\"ProgramName\">{program}</variable>\
             </defaultVarList></step>"
        )
    };
    let program = |name: &str, command: &str| Program {
        name: name.to_owned(),
        command: command.to_owned(),
        working_directory: Some("sub".to_owned()),
    };
    let package = CatalogObject {
        id: "P0100200".parse().unwrap(),
        name: "Tools".to_owned(),
        version: String::new(),
        source_version: 1,
        source: None,
        guid: None,
        selection_profile: None,
        kind: ObjectKind::Package {
            programs: vec![program("Install", "sh setup.sh"), program("Other", "exit 9")],
        },
    };
    for (name, code) in [("Install", 0), ("Other", 9)] {
        let mut media = Media::with(&step(name));
        media.objects.push(package.clone());
        media.file("P0100200", "sub/setup.sh", "echo in `pwd`\n", 1);
        let mut target = Target::new();
        let discs = media.write(target.folder.path());
        let ran = target.start(&discs[0], &[]);
        assert_eq!(ran.end, Some(RunEnd::Ended { succeeded: code == 0, code }), "{}", ran.said);
        assert_eq!(ran.log.contains("SMS/PKG/P0100200/sub"), code == 0, "{}", ran.log);
    }
    let mut media = Media::with(&step("install"));
    media.objects.push(package);
    media.file("P0100200", "sub/setup.sh", "", 1);
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert!(
        ran.said.contains("has no program `install`; it has `Install`, `Other`"),
        "{}",
        ran.said
    );
}

fn application(id: &str, name: &str, kind: DeploymentType) -> CatalogObject {
    CatalogObject {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        version: String::new(),
        source_version: 1,
        source: None,
        guid: None,
        selection_profile: None,
        kind: ObjectKind::Application(Application {
            model_name: Some(format!("ScopeId_1/Application_{id}")),
            deployment_types: vec![kind],
            supersedes: Vec::new(),
        }),
    }
}

const INSTALL: &str = "<step type=\"SMS_TaskSequence_InstallApplicationAction\" name=\"Install\" \
    successCodeList=\"0\" runIn=\"FullOS\"><action>smsappinstall.exe \
    /app:ScopeId_1/Application_APP00001 /basevar: /continueOnError:False</action>\
    <defaultVarList/></step>";

#[test]
fn what_an_application_depends_on_is_installed_first_and_nothing_twice() {
    let installed = tempfile::tempdir().unwrap();
    let path = |name: &str| installed.path().join(name).display().to_string();
    let kind = |name: &str, depends: Vec<DependencyGroup>| DeploymentType {
        name: name.to_owned(),
        install: format!("echo installing {name}; cp {name} {}", path(name)),
        content: Some(format!("Content_{name}").parse().unwrap()),
        dependencies: depends,
        detection: Some(Detection::File(path(name))),
        ..DeploymentType::default()
    };
    let depends = DependencyGroup(vec!["APP00002".parse().unwrap()]);
    let mut media = Media::with(&[INSTALL, INSTALL].concat());
    media.objects = vec![
        application("APP00001", "Editor", kind("editor", vec![depends])),
        application("APP00002", "Library", kind("library", Vec::new())),
    ];
    media.file("Content_editor", "editor", "e", 1);
    media.file("Content_library", "library", "l", 1);
    let mut target = Target::new();
    target.running = Running::FullOs;
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    let at = |text: &str| ran.log.find(text).unwrap_or_else(|| panic!("{text}: {}", ran.log));
    assert!(at("<![LOG[installing library]") < at("<![LOG[installing editor]"));
    assert_eq!(ran.log.matches("<![LOG[installing editor]").count(), 1);
    at("the application `Editor` is installed already");
}

#[test]
fn an_application_that_its_detection_does_not_find_has_failed() {
    let kind = DeploymentType {
        install: "true".to_owned(),
        detection: Some(Detection::Command("exit 1".to_owned())),
        ..DeploymentType::default()
    };
    let mut media = Media::with(INSTALL);
    media.objects = vec![application("APP00001", "Editor", kind)];
    let mut target = Target::new();
    target.running = Running::FullOs;
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Failed);
    assert!(ran.said.contains("its detection does not find it"), "{}", ran.said);
}

#[test]
fn the_prestart_command_talks_and_sets_variables_before_all_else() {
    let mut media = Media::with(&command("Use", " echo chosen %Choice%"));
    media.prestart = Some("echo Choice=blue >>\"$TSMEDIA_SET\"".to_owned());
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    assert!(ran.log.contains("<![LOG[chosen blue]"), "{}", ran.log);
}

#[test]
fn power_that_fails_in_a_step_is_a_failure_of_the_step_or_starts_it_again() {
    for (retries, succeeds) in [(0, false), (1, true)] {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        // The first time it saves the state as it is while it runs.
        let line = format!(
            " if [ -e {mark} ]; then exit 0; fi; touch {mark}; cp {own}/state.json {own}/cut.json",
            mark = mark.display(),
            own = "%_SMSTSMDataPath%",
        );
        let steps = command_with("Cut", &line, &format!("retryCount=\"{retries}\""));
        let mut target = Target::new();
        let discs = Media::with(&steps).write(target.folder.path());
        let ran = target.start(&discs[0], &[]);
        assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
        let own = target.own_folder();
        fs::rename(own.join("cut.json"), own.join("state.json")).unwrap();
        let media = Media::with(&steps);
        let policy = content::documents::PolicyDocument {
            sequences: vec![content::documents::PolicySequence {
                id: "P0100100".parse().unwrap(),
                name: "Test".to_owned(),
                boot_image: None,
                document: media.sequence.clone(),
            }],
            objects: Vec::new(),
        };
        fs::write(own.join("policy.xml"), policy.to_xml(false)).unwrap();
        fs::create_dir_all(own.join("SMS/data")).unwrap();
        fs::copy(discs[0].join("SMS/data/media.json"), own.join("SMS/data/media.json")).unwrap();
        let ran = target.start_again(Some(&discs[0]), &[]);
        assert_eq!(ran.exit == SessionExit::Done, succeeds, "{retries}: {}", ran.said);
    }
}

#[test]
fn capture_media_ask_where_the_image_goes() {
    let mut target = Target::new();
    let out = target.folder.path().join("out");
    let line = format!(" echo goes to %OSDCaptureDestination% >{}", out.display());
    let mut media = Media::with(&command("Use", &line));
    media.media_type = "CaptureMedia";
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[Answer::Type(""), Answer::Type("1,1:/pc.wim")]);
    assert_eq!(ran.exit, SessionExit::Done, "{}", ran.said);
    assert!(ran.said.contains("Where the image of this computer goes"), "{}", ran.said);
    assert_eq!(fs::read_to_string(out).unwrap(), "goes to 1,1:/pc.wim\n");
}

#[test]
fn a_failure_is_shown_until_somebody_has_seen_it() {
    let mut media = Media::with(&command("Fails", " exit 6"));
    media.unattended = false;
    let mut target = Target::new();
    let discs = media.write(target.folder.path());
    let ran = target.start(&discs[0], &[Answer::Type("")]);
    assert!(ran.said.contains("failed with code 6"), "{}", ran.said);
    assert!(ran.said.contains("smsts.log"), "{}", ran.said);
}
