//! The documents on media, as a target reads them.

use std::fs;

use ::content::documents::{PolicyDocument, VariablesDocument};
use ::content::{CatalogObject, envelope};

use tasksequence::TaskSequence;

use crate::session::Session;

#[test]
fn the_policy_tells_a_target_what_its_steps_install_and_nothing_of_the_site() {
    let session = Session::with_site();
    session.farm("build example --progress none").exits(0);
    session.run("extract farm/out/example.iso -o data").exits(0);
    let text = session.read("data/SMS/data/policy.xml");
    let policy = PolicyDocument::parse(&text).unwrap();
    let of_site = |id: &str| {
        let text = session.read(&format!("farm/catalog/{id}.toml"));
        CatalogObject::parse(&text).unwrap().0.for_target()
    };
    // The runtime is there because the editor depends on it, and before it.
    let objects = ["P0100004", "P0100003", "P0100006", "P0100007"].map(of_site);
    let mut told: Vec<_> = policy.objects.iter().map(|object| object.id.as_str()).collect();
    assert!(
        told.iter().position(|id| *id == "P0100006") < told.iter().position(|id| *id == "P0100007")
    );
    told.sort_unstable();
    assert_eq!(told, ["P0100003", "P0100004", "P0100006", "P0100007"]);
    assert!(objects.iter().all(|object| policy.objects.contains(object)), "{text}");
    for source in ["applications/", "packages/", "farm"] {
        assert!(!text.contains(source), "{source}: {text}");
    }
    assert_eq!(policy.sequences.len(), 1);
    let root = |text: &str| TaskSequence::parse(text).unwrap().0.document().root.clone();
    let sequence = session.read("farm/task-sequences/P0100020.xml");
    assert_eq!(root(&policy.sequences[0].document), root(&sequence));
}

#[test]
fn a_variable_that_a_person_sets_is_there_once_and_wins() {
    let session = Session::with_site();
    let definition = "[media]\ntype = \"bootable\"\nboot-image = \"P0100001\"\n\n\
        [output]\npath = \"out/start.iso\"\n\n\
        [security]\npassword-file = \"secret\"\n\
        certificate = { file = \"media.pfx\", valid-until = 2099-01-01T00:00:00Z }\n\n\
        [network]\nmanagement-points = [\"http://mp1.example.org\"]\n\n\
        [customization]\nvariables = { smstslocationmps = \"http://other.example.org\" }\n";
    session.write("farm/media/start.toml", definition);
    session.write("farm/secret", "correct horse\n");
    session.farm("build start --progress none").exits(0);
    session.run("extract farm/out/start.iso -o start").exits(0);
    let sealed = session.read_bytes("start/SMS/data/variables.dat");
    let plain = envelope::open(&sealed, "correct horse").unwrap();
    let read = VariablesDocument::parse(std::str::from_utf8(&plain).unwrap()).unwrap();
    let is_it = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("SMSTSLocationMPs");
    let found: Vec<_> = read.variables.iter().filter(is_it).collect();
    assert_eq!(found, [&("smstslocationmps".to_owned(), "http://other.example.org".to_owned())]);
    assert!(read.variables.iter().any(|(name, _)| name == "_SMSMediaGuid"));
}

#[test]
fn a_password_protects_documents_that_are_otherwise_the_same() {
    let session = Session::with_site();
    session.farm("build example --progress none").exits(0);
    session.run("extract farm/out/example.iso -o plain").exits(0);
    session.write("farm/secret", "correct horse\n");
    let mut definition = session.read("farm/media/example.toml");
    definition += "\n[security]\npassword-file = \"secret\"\n";
    session.write("farm/media/example.toml", definition);
    session.farm("build example --progress none").exits(0);
    session.run("extract farm/out/example.iso -o sealed").exits(0);
    let open = |name: &str| {
        let sealed = fs::read(session.path(&format!("sealed/SMS/data/{name}"))).unwrap();
        let plain = envelope::open(&sealed, "correct horse").unwrap();
        String::from_utf8(plain.to_vec()).unwrap()
    };
    let plain = |name: &str| session.read(&format!("plain/SMS/data/{name}"));
    let policies = [open("policy.xml"), plain("policy.xml")].map(|it| PolicyDocument::parse(&it));
    assert!(policies[0].is_ok() && policies[0] == policies[1], "{policies:?}");
    let variables =
        [open("variables.dat"), plain("variables.dat")].map(|it| VariablesDocument::parse(&it));
    assert!(variables[0].is_ok() && variables[0] == variables[1], "{variables:?}");
}
