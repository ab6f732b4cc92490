//! Remedies that name a command: what they say can be typed.

use std::fs;

use crate::session::Session;

/// The commands in backticks that a text names, without the program's own name.
fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|quoted| quoted.strip_prefix("tsmedia ").map(str::to_owned)).collect()
}

/// Types what the remedies of `check` name, with real values in place of the words in capitals,
/// until nothing of these rules is found any more.
fn mend(session: &Session, kind: &str, source: &str) -> Vec<String> {
    let found = session.farm("check example --json").exits(4).json();
    // The example's boot image is a placeholder that starts nothing.
    let problems = found["problems"].as_array().unwrap().iter();
    let mended = problems.filter(|problem| problem["rule"] != "boot-image-incomplete");
    let typed: Vec<String> =
        mended.flat_map(|problem| commands(problem["remedy"].as_str().unwrap())).collect();
    for command in &typed {
        let words: Vec<&str> = ["--site", "farm"]
            .into_iter()
            .chain(command.split(' ').map(|word| match word {
                "KIND" => kind,
                "NAME" => "Given again",
                "ARCHITECTURE" => "x64",
                "PATH" => source,
                word => word,
            }))
            .collect();
        session.run_words(&words).done();
    }
    session.farm("check example").exits(0);
    typed
}

#[test]
fn a_boot_image_that_is_not_there_is_added_as_the_remedy_says() {
    let session = Session::with_site();
    fs::remove_file(session.path("farm/catalog/P0100001.toml")).unwrap();
    let typed = mend(&session, "boot-image", "boot/linux-x64");
    assert_eq!(
        typed,
        ["content add boot-image NAME --id P0100001 --architecture ARCHITECTURE --source PATH"]
    );
}

#[test]
fn an_object_that_is_not_there_is_added_as_the_remedy_says() {
    let session = Session::with_site();
    fs::remove_file(session.path("farm/catalog/P0100004.toml")).unwrap();
    let typed = mend(&session, "package", "packages/tools");
    assert_eq!(typed, ["content add KIND NAME --id P0100004 --source PATH"]);
}

#[test]
fn an_application_that_is_not_there_is_added_as_the_remedy_says() {
    let session = Session::with_site();
    fs::remove_file(session.path("farm/catalog/P0100006.toml")).unwrap();
    let typed = mend(&session, "KIND", "applications/runtime");
    assert_eq!(typed, ["content add application NAME --id P0100006 --source PATH"]);
}

#[test]
fn content_without_files_is_given_some_as_the_remedy_says() {
    let session = Session::with_site();
    session.replace("farm/catalog/P0100004.toml", "source = \"packages/tools\"\n", "");
    let typed = mend(&session, "package", "packages/tools");
    assert_eq!(typed, ["content update P0100004 --source PATH"]);
    let (from, to) = ("farm/content/packages/tools", "farm/content/packages/moved");
    fs::rename(session.path(from), session.path(to)).unwrap();
    mend(&session, "package", "packages/moved");
}

#[test]
fn the_remedy_of_a_name_that_is_no_id_names_no_command() {
    let session = Session::with_site();
    let guid = "{11111111-2222-3333-4444-555555555555}";
    session.write(
        "farm/task-sequences/OFFICE.xml",
        format!(
            "<sequence version=\"3.00\" name=\"Office\"><step type=\"BDD_InstallApplication\" \
             name=\"Viewer\" successCodeList=\"0\"><defaultVarList><variable \
             name=\"ApplicationGUID\" property=\"ApplicationGUID\">{guid}</variable>\
             </defaultVarList><action>cscript.exe \"%SCRIPTROOT%\\ZTIApplications.wsf\"</action>\
             </step></sequence>"
        ),
    );
    session.replace("farm/media/example.toml", "\"P0100020\"", "\"OFFICE\"");
    let found = session.farm("check example --json").exits(4).json();
    let problems = found["problems"].as_array().unwrap();
    let open = problems.iter().find(|problem| problem["message"].as_str().unwrap().contains(guid));
    let remedy = open.unwrap()["remedy"].as_str().unwrap();
    assert!(remedy.contains("guid") && !remedy.contains("tsmedia"), "{remedy}");
}
