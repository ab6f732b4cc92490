//! Loading sites: what is read, where contents are found, and what damage is named.

use std::fs;

use crate::fixture::{LibraryFolder, SiteFolder, hash_text, rules, write};
use content::{ContentId, ContentLocation, resolve};
use pipeline::catalog_edit::verify;
use pipeline::load::{self, LoadError, SitePath};
use pipeline::progress::Cancel;

fn id(text: &str) -> ContentId {
    text.parse().unwrap()
}

fn package(name: &str, rest: &str) -> String {
    format!("id = \"{name}\"\nkind = \"package\"\nname = \"{name}\"\n{rest}")
}

const SEQUENCE: &str = "<sequence version=\"3.10\"><referenceList><reference \
    package=\"P0100001\" program=\"*\"/></referenceList><group name=\"G\" description=\"\"><step \
    type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"S\" description=\"\" \
    successCodeList=\"0\" retryCount=\"0\" runFromNet=\"false\"><action>smsswd.exe /run:P0100001 \
    a.cmd</action><defaultVarList><variable name=\"PackageID\" property=\"PackageID\" \
    hidden=\"true\">P0100001</variable></defaultVarList></step></group></sequence>";

#[test]
fn a_site_is_found_from_any_folder_below_it() {
    let site = SiteFolder::new();
    site.write("catalog/deep/er/x", "");
    let found = SitePath::find(&site.folder.path().join("catalog/deep/er")).unwrap();
    assert_eq!(found.root(), site.folder.path());
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(matches!(SitePath::find(elsewhere.path()), Err(LoadError::NoSite { .. })));
}

#[test]
fn objects_sequences_and_definitions_are_loaded_and_resolved() {
    let site = SiteFolder::new();
    site.write("content/one/setup.exe", "x");
    site.write("catalog/P0100001.toml", &package("P0100001", "source = 'one'\n"));
    let boot = "id = \"P01000B0\"\nkind = \"boot-image\"\nname = \"b\"\narchitecture = \"x64\"\n\
                platform = \"linux\"\nsource = \"boot\"\n";
    site.write("catalog/P01000B0.toml", boot);
    site.write("boot/vmlinuz", "x");
    site.write("task-sequences/P0100020.xml", &format!("\u{feff}{SEQUENCE}"));
    site.write("task-sequences/P0100020.toml", "name = \"Main\"\nboot-image = \"P01000B0\"\n");
    site.write(
        "media/main.toml",
        "[media]\ntype = \"stand-alone\"\ntask-sequence = \"P0100020\"\n[output]\npath = \"m.iso\"\n",
    );
    let (described, catalog, problems) = load::catalog(&site.path()).unwrap();
    assert_eq!(problems, []);
    assert_eq!(described.code, "P01");
    assert_eq!(catalog.sequence_name(&id("P0100020")), "Main");
    let one = ContentLocation::Path(site.folder.path().join("content/one"));
    assert_eq!(catalog.locations[&id("P0100001")], one);
    // The site's own folder is the last place.
    let boot = ContentLocation::Path(site.folder.path().join("boot"));
    assert_eq!(catalog.locations[&id("P01000B0")], boot);
    let (named, problems) = load::definition(&site.path(), "main").unwrap();
    assert_eq!(problems, []);
    let (graph, _) = resolve(&[named], &catalog);
    assert_eq!(graph.media[0].obstacles().count(), 0);
    assert_eq!(load::definition_names(&site.path()).unwrap(), ["main"]);
}

#[test]
fn files_that_cannot_be_used_are_named_and_the_others_are_loaded() {
    let site = SiteFolder::new();
    site.write("catalog/P0100001.toml", &package("P0100001", ""));
    site.write("catalog/P0100002.toml", "id = \n");
    site.write("catalog/P0100003.toml", &package("P0100004", ""));
    site.write("catalog/P0100005.toml", &package("P0100005", "colour = 1\n"));
    site.write("catalog/.P0100006.toml.swp", "editor");
    site.write("task-sequences/P0100020.xml", SEQUENCE);
    site.write("task-sequences/P0100021.xml", "<sequence><step></sequence>");
    site.write("task-sequences/no id!.xml", SEQUENCE);
    let (_, catalog, problems) = load::catalog(&site.path()).unwrap();
    let mut found: Vec<_> = problems
        .iter()
        .map(|problem| (problem.place.file.as_deref().unwrap(), problem.rule))
        .collect();
    found.dedup();
    let expected = [
        ("catalog/P0100002.toml", "toml-syntax"),
        ("catalog/P0100003.toml", "catalog-file-name"),
        ("catalog/P0100005.toml", "unknown-key"),
        ("task-sequences/P0100021.xml", "sequence-unreadable"),
        ("task-sequences/no id!.xml", "sequence-unreadable"),
    ];
    for expected in expected {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    assert!(found.iter().all(|found| expected.iter().any(|e| e.0 == found.0)), "{found:?}");
    let objects: Vec<_> = catalog.objects.keys().map(ContentId::as_str).collect();
    assert_eq!(objects, ["P0100001", "P0100005"]);
    assert_eq!(catalog.task_sequences.len(), 1);
}

#[test]
fn names_that_two_objects_claim_are_found() {
    let site = SiteFolder::new();
    let guid = "guid = \"{01234567-89AB-CDEF-0123-456789ABCDEF}\"\n";
    site.write("catalog/P0100001.toml", &package("P0100001", guid));
    site.write("catalog/P0100002.toml", &package("P0100002", &guid.to_lowercase()));
    let (_, _, problems) = load::catalog(&site.path()).unwrap();
    assert_eq!(rules(&problems), ["catalog-name"]);
}

#[test]
fn a_broken_site_file_is_an_error_with_every_problem() {
    let site = SiteFolder::new();
    site.write("site.toml", "[site]\ncode = 1\ncolour = 2\n");
    let Err(LoadError::Unusable { problems, .. }) = load::catalog(&site.path()) else {
        panic!("a site without a code was loaded");
    };
    assert_eq!(rules(&problems), ["wrong-type", "unknown-key"]);
}

#[test]
fn content_that_is_nowhere_has_every_place_that_was_searched() {
    let site = SiteFolder::new();
    site.write("catalog/P0100001.toml", &package("P0100001", "source = 'gone'\n"));
    site.write("catalog/P0100002.toml", &package("P0100002", ""));
    let (_, catalog, _) = load::catalog(&site.path()).unwrap();
    let places = &catalog.absent[&id("P0100001")].places;
    assert_eq!(places.len(), 2);
    assert!(places[0].starts_with("local (") && places[0].ends_with("content/gone)"), "{places:?}");
    assert!(catalog.absent[&id("P0100002")].places.is_empty());
}

/// A site whose package `P0100001` lies in a content library, version 2 of 3 files.
fn library_site() -> (SiteFolder, LibraryFolder) {
    let site = SiteFolder::new();
    let library = LibraryFolder::new(site.folder.path().join("lib/SCCMContentLib"));
    site.write(
        "site.toml",
        "[site]\ncode = \"P01\"\n[[distribution-point]]\nname = \"dp\"\n\
         kind = \"content-library\"\npath = \"lib/SCCMContentLib\"\ndrives = [\"lib/E\"]\n",
    );
    fs::create_dir_all(site.folder.path().join("lib/E/FileLib")).unwrap();
    library.package("P0100001", &["P0100001.1", "P0100001.2"]);
    library.file("P0100001.1", "old.txt", b"old");
    library.file("P0100001.2", "setup.exe", b"setup");
    library.file("P0100001.2", "sub/x.ini", b"[x]");
    library.file("P0100001.2", "copy.exe", b"setup");
    fs::create_dir(library.root.join("DataLib/P0100001.2/empty")).unwrap();
    site.write("catalog/P0100001.toml", &package("P0100001", "source-version = 2\n"));
    (site, library)
}

fn damage_of(site: &SiteFolder) -> Vec<String> {
    let (_, catalog, problems) = load::catalog(&site.path()).unwrap();
    assert_eq!(problems, []);
    assert!(!catalog.locations.contains_key(&id("P0100001")));
    catalog.absent[&id("P0100001")].damage.clone()
}

#[test]
fn files_of_a_content_library_are_found_on_every_drive() {
    let (site, library) = library_site();
    let moved = library.file_path(b"setup");
    let hash = hash_text(b"setup");
    write(&site.folder.path().join(format!("lib/E/FileLib/{}/{hash}", &hash[..4])), b"setup");
    fs::remove_file(moved).unwrap();
    let (_, catalog, problems) = load::catalog(&site.path()).unwrap();
    assert_eq!(problems, []);
    let ContentLocation::Files { files, empty_directories } = &catalog.locations[&id("P0100001")]
    else {
        panic!("a content library is no folder of the content's own names");
    };
    let names: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    assert_eq!(names, [("copy.exe", 5), ("setup.exe", 5), ("sub/x.ini", 3)]);
    assert_eq!(empty_directories, &["empty"]);
    for file in files {
        assert_eq!(fs::read(&file.source).unwrap().len() as u64, file.size);
    }
    let report = verify(&site.path(), &[], &Cancel::new()).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!((report.contents[0].files, report.contents[0].checked), (3, 3));
}

#[test]
fn the_newest_version_of_a_library_counts() {
    let (site, library) = library_site();
    library.package("P0100001", &["P0100001.10", "P0100001.2"]);
    library.file("P0100001.10", "new.exe", b"new");
    let (_, catalog, _) = load::catalog(&site.path()).unwrap();
    assert_eq!(catalog.objects[&id("P0100001")].source_version, 10);
    site.write("catalog/P0100001.toml", &package("P0100001", "source-version = 11\n"));
    let (_, catalog, _) = load::catalog(&site.path()).unwrap();
    let place = &catalog.absent[&id("P0100001")].places[0];
    assert!(place.contains("holds version 10 while the catalog says 11"), "{place}");
}

#[test]
fn every_missing_file_of_a_library_is_named() {
    let (site, library) = library_site();
    fs::remove_file(library.file_path(b"setup")).unwrap();
    let damage = damage_of(&site);
    assert_eq!(damage.len(), 2);
    assert!(damage[0].contains("file `copy.exe`: no `FileLib` holds"), "{damage:?}");
    assert!(damage[1].contains("file `setup.exe`"), "{damage:?}");
}

#[test]
fn a_file_of_another_size_and_a_broken_description_are_named() {
    let (site, library) = library_site();
    write(&library.file_path(b"[x]"), b"longer");
    write(&library.root.join("DataLib/P0100001.2/copy.exe.INI"), b"[File]\nSize=few\n");
    let damage = damage_of(&site);
    assert_eq!(damage.len(), 2);
    assert!(damage[0].contains("file `copy.exe`") && damage[0].contains("`Size` is `few`"));
    assert!(damage[1].contains("has 6 bytes, the library says 3"), "{damage:?}");
}

#[test]
fn a_listed_content_without_its_folder_is_named() {
    let (site, library) = library_site();
    fs::remove_dir_all(library.root.join("DataLib/P0100001.2")).unwrap();
    assert!(damage_of(&site)[0].contains("`DataLib` has no folder `P0100001.2`"));
}

#[test]
fn a_file_with_a_wrong_digest_is_found_when_it_is_verified() {
    let (site, library) = library_site();
    write(&library.file_path(b"setup"), b"SETUP");
    let (_, catalog, _) = load::catalog(&site.path()).unwrap();
    assert!(catalog.locations.contains_key(&id("P0100001")), "only reading the bytes shows it");
    let report = verify(&site.path(), &[id("P0100001")], &Cancel::new()).unwrap();
    assert_eq!(rules(&report.problems), ["content-digest", "content-digest"]);
    assert!(report.problems[0].message.contains("file `copy.exe`"));
}

#[test]
fn a_directory_hash_that_differs_is_a_warning() {
    let (site, library) = library_site();
    library.directory_hash("P0100001.2", &"AB".repeat(32));
    let report = verify(&site.path(), &[], &Cancel::new()).unwrap();
    assert_eq!(rules(&report.problems), ["content-directory-hash"]);
    assert_eq!(report.problems[0].severity, content::Severity::Warning);
}

#[test]
fn a_distribution_point_that_is_not_there_is_a_warning() {
    let (site, library) = library_site();
    fs::remove_dir_all(library.root.join("PkgLib")).unwrap();
    let (_, _, problems) = load::catalog(&site.path()).unwrap();
    assert_eq!(rules(&problems), ["distribution-point"]);
    assert!(problems[0].message.contains("has no folder `PkgLib`"));
}

#[test]
fn ids_of_a_library_never_lead_out_of_it() {
    let (site, library) = library_site();
    library.package("P0100001", &["../../../P0100001.9", "P0100001.2"]);
    let (_, catalog, _) = load::catalog(&site.path()).unwrap();
    assert_eq!(catalog.objects[&id("P0100001")].source_version, 2);
}
