//! Adding, changing and removing objects of a catalog.

use std::path::PathBuf;

use crate::fixture::SiteFolder;
use content::{ContentId, ObjectKind, Problem};
use pipeline::catalog_edit::{EditError, NewObject, ObjectChange, ObjectUser, add, remove, update};
use pipeline::load;

fn id(text: &str) -> ContentId {
    text.parse().unwrap()
}

fn new(kind: &str, source: Option<PathBuf>) -> NewObject {
    NewObject {
        id: None,
        kind: ObjectKind::of_name(kind).unwrap(),
        name: "Seven".into(),
        version: "1".into(),
        source,
    }
}

/// The files of the first content, and the problems of the site.
fn loaded(site: &SiteFolder) -> (Vec<ContentId>, Vec<Problem>) {
    let (_, catalog, problems) = load::catalog(&site.path()).unwrap();
    (catalog.locations.into_keys().collect(), problems)
}

#[test]
fn objects_get_the_next_free_id_and_a_source_that_is_found() {
    let site = SiteFolder::new();
    site.write("content/seven/setup.exe", "x");
    site.write("content/eight/setup.exe", "x");
    let absolute = site.folder.path().join("content/seven");
    let first = add(&site.path(), new("package", Some(absolute))).unwrap();
    assert_eq!(first.object.id.as_str(), "P0100001");
    assert_eq!(first.object.source.as_deref(), Some("seven"));
    site.write("task-sequences/P010000F.xml", "<sequence version=\"3.10\"/>");
    let second = add(&site.path(), new("application", Some("eight".into()))).unwrap();
    assert_eq!(second.object.id.as_str(), "P0100010");
    let (located, problems) = loaded(&site);
    assert_eq!(problems, []);
    assert_eq!(located, [id("P0100001"), id("P0100010")]);
}

#[test]
fn an_id_is_given_once() {
    let site = SiteFolder::new();
    let named = NewObject { id: Some(id("P0100005")), ..new("package", None) };
    add(&site.path(), named.clone()).unwrap();
    let before = site.texts();
    assert!(matches!(add(&site.path(), named), Err(EditError::Exists { .. })));
    assert_eq!(site.texts(), before);
}

#[test]
fn names_that_differ_only_in_case_are_the_same() {
    let site = SiteFolder::new();
    let model = "ScopeId_00000000-0000-4000-8000-000000000001/\
                 Application_00000000-0000-4000-8000-000000000002";
    site.write(
        "catalog/ZZZ00001.toml",
        &format!(
            "id = \"ZZZ00001\"\nkind = \"application\"\nname = \"A\"\nmodel-name = \"{model}\"\n\
             [[deployment-type]]\nname = \"Script\"\ninstall = \"i\"\ncontent = \"Content_7a\"\n"
        ),
    );
    site.write("catalog/Broken.toml", "id = ");
    let before = site.texts();
    let refused = |new: NewObject| {
        let Err(EditError::Exists { object, .. }) = add(&site.path(), new) else {
            panic!("nobody noticed")
        };
        object
    };
    for (taken, owner) in
        [("zzz00001", "ZZZ00001"), ("CONTENT_7A", "ZZZ00001"), ("broken", "Broken")]
    {
        let named = NewObject { id: Some(id(taken)), ..new("package", None) };
        assert_eq!(refused(named), id(owner), "{taken}");
    }
    let mut same_model = new("application", None);
    let ObjectKind::Application(application) = &mut same_model.kind else { panic!() };
    application.model_name = Some(model.to_uppercase());
    assert_eq!(refused(same_model), id("ZZZ00001"));
    assert_eq!(site.texts(), before);
}

#[test]
fn the_next_id_is_free_in_every_case() {
    let site = SiteFolder::new();
    site.write("catalog/p010000a.toml", "id = \"p010000a\"\nkind = \"package\"\nname = \"A\"\n");
    let added = add(&site.path(), new("package", None)).unwrap();
    assert_eq!(added.object.id.as_str(), "P010000B");
    assert_eq!(loaded(&site).1, []);
}

#[test]
fn sources_outside_of_every_distribution_point_are_refused() {
    let site = SiteFolder::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let content = site.folder.path().join("content");
    for path in [elsewhere.path().to_owned(), content, "missing".into(), "../..".into()] {
        let refused = add(&site.path(), new("package", Some(path.clone())));
        assert!(matches!(refused, Err(EditError::Source { .. })), "{}", path.display());
    }
    assert_eq!(site.texts().len(), 1);
}

#[test]
fn an_update_raises_the_source_version_and_keeps_what_a_person_wrote() {
    let site = SiteFolder::new();
    site.write("content/new/x", "x");
    site.write(
        "catalog/P0100001.toml",
        "# Ours.\nid = \"P0100001\"\nkind = \"package\"\nname = \"Old\" # for now\n\
         source-version = 7\nsource = \"old\"\n\n[[program]]\nname = \"a\"\ncommand = \"b\"\n",
    );
    let change = ObjectChange {
        source: Some("new".into()),
        name: Some("New".into()),
        version: Some("2".into()),
    };
    let edited = update(&site.path(), &id("P0100001"), &change).unwrap();
    assert_eq!(edited.object.source_version, 8);
    let expected = "# Ours.\nid = \"P0100001\"\nkind = \"package\"\nname = \"New\" # for now\n\
                    source-version = 8\nsource = \"new\"\nversion = \"2\"\n\n[[program]]\n\
                    name = \"a\"\ncommand = \"b\"\n";
    assert_eq!(site.read("catalog/P0100001.toml"), expected);
    let again = update(&site.path(), &id("P0100001"), &ObjectChange::default()).unwrap();
    assert_eq!(again.object.source_version, 9);
}

#[test]
fn an_application_gets_its_source_at_its_deployment_type() {
    let site = SiteFolder::new();
    site.write("content/new/x", "x");
    let change = ObjectChange { source: Some("new".into()), ..ObjectChange::default() };
    let head = "id = \"A\"\nkind = \"application\"\nname = \"A\"\n";
    for rest in [
        "",
        "[[deployment-type]]\nname = \"Script\"\ninstall = \"i\"\n",
        "deployment-type = [{ name = \"Script\", source = \"old\" }]\n",
    ] {
        site.write("catalog/A.toml", &format!("{head}{rest}"));
        let edited = update(&site.path(), &id("A"), &change).unwrap();
        let contents = edited.object.contents();
        assert_eq!((contents.len(), contents[0].source), (1, Some("new")), "{rest}");
    }
}

#[test]
fn objects_that_others_use_are_removed_only_by_force() {
    let site = SiteFolder::new();
    for name in ["P0100001", "P0100002"] {
        let text = format!("id = \"{name}\"\nkind = \"package\"\nname = \"{name}\"\n");
        site.write(&format!("catalog/{name}.toml"), &text);
    }
    site.write(
        "task-sequences/P0100020.xml",
        "<sequence version=\"3.10\"><group name=\"G\" description=\"\" disable=\"true\"><step \
         type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"S\" description=\"\" \
         successCodeList=\"0\"><action>smsswd.exe /run:P0100001 a</action></step></group></sequence>",
    );
    site.write(
        "media/m.toml",
        "[media]\ntype = \"stand-alone\"\ntask-sequence = \"P0100020\"\n[output]\npath = \"m.iso\"\n\
         [content]\npackages = [\"P0100001\"]\n",
    );
    let users =
        vec![ObjectUser::TaskSequence(id("P0100020")), ObjectUser::Definition("m".to_owned())];
    let Err(EditError::InUse { users: found, .. }) = remove(&site.path(), &id("P0100001"), false)
    else {
        panic!("a package that is used was removed");
    };
    assert_eq!(found, users);
    assert_eq!(remove(&site.path(), &id("P0100001"), true).unwrap(), users);
    assert_eq!(remove(&site.path(), &id("P0100002"), false).unwrap(), []);
    let gone = remove(&site.path(), &id("P0100002"), false);
    assert!(matches!(gone, Err(EditError::NotFound(_))));
    assert!(site.texts().iter().all(|(name, _)| !name.starts_with("catalog")));
}
