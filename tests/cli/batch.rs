//! Several definitions in one run.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::session::{Session, each};

/// A site with a definition for each thing that can be wrong before the media are written.
fn with_failures() -> Session {
    let session = Session::with_site();
    let example = session.read("farm/media/example.toml");
    let variant = |name: &str, from: &str, to: &str| {
        let text = example.replace("out/example.iso", &format!("out/{name}.iso"));
        assert!(text.contains(from), "the example does not hold `{from}`");
        session.write(&format!("farm/media/{name}.toml"), text.replace(from, to));
    };
    variant("syntax", "[output]", "[output");
    variant("lost", "P0100020", "P0100099");
    let extra = "\n[customization]\n";
    variant("broken", extra, &format!("\n[content]\npackages = [\"P0100030\"]\n{extra}"));
    session.write(
        "farm/catalog/P0100030.toml",
        "id = \"P0100030\"\nkind = \"package\"\nname = \"Broken\"\nsource-version = 1\n\
         source = \"packages/broken\"\n",
    );
    fs::create_dir_all(session.path("farm/content/packages/broken")).unwrap();
    symlink("nowhere", session.path("farm/content/packages/broken/link")).unwrap();
    session
}

fn exists(session: &Session, image: &str) -> bool {
    session.path(&format!("farm/out/{image}")).exists()
}

#[test]
fn everything_that_can_be_built_is_built() {
    let session = with_failures();
    let built = session.farm("build lost syntax example broken nosuch two-discs --json");
    let built = built.exits(4);
    let document = built.json();
    let builds = document["builds"].as_array().unwrap();
    let names = ["lost", "syntax", "example", "broken", "nosuch", "two-discs"];
    assert_eq!(each(&document["builds"], "definition"), names);
    let code = |position: usize| builds[position]["error"]["code"].as_str();
    let expected = [
        Some("content-missing"),
        Some("usage"),
        None,
        Some("content-missing"),
        Some("usage"),
        None,
    ];
    assert_eq!([0, 1, 2, 3, 4, 5].map(code), expected);
    assert_eq!(builds[0]["error"]["exit"], 4);
    assert!(builds[3]["error"]["message"].as_str().unwrap().contains("packages/broken/link"));
    assert!(builds[4]["error"]["hints"][0].as_str().unwrap().contains("two-discs"));
    assert_eq!(builds[5]["discs"].as_array().unwrap().len(), 2);
    for image in ["example.iso", "two-discs.1.iso", "two-discs.2.iso"] {
        assert!(exists(&session, image), "{image}");
    }
    let errors = built.stderr.lines().filter(|line| line.contains("\"message_type\":\"error\""));
    assert_eq!(errors.count(), 4, "{}", built.stderr);
}

#[test]
fn the_exit_code_is_that_of_the_first_definition_that_fails() {
    let session = with_failures();
    for (words, exit) in [("example lost syntax", 4), ("syntax lost", 2), ("example", 0)] {
        let built = session.farm(&format!("build {words}")).exits(exit);
        assert_eq!(built.stdout.contains("example: set "), words.contains("example"), "{words}");
    }
    let text = session.farm("build example nosuch").exits(2).stderr;
    assert!(text.contains("error: nosuch: there is no definition"), "{text}");
}

#[test]
fn content_that_several_lack_stops_each_of_them() {
    let session = Session::with_site();
    fs::remove_dir_all(session.path("farm/content/packages/tools")).unwrap();
    let document = session.farm("build example two-discs --json").exits(4).json();
    for build in document["builds"].as_array().unwrap() {
        assert_eq!(build["error"]["code"], "content-missing", "{build}");
    }
    assert!(!exists(&session, "example.iso") && !exists(&session, "two-discs.1.iso"));
}

#[test]
fn a_definition_that_was_named_twice_is_built_once() {
    let session = Session::with_site();
    let document = session.farm("build example example.toml --json").exits(0).json();
    assert_eq!(document["definition"], "example");
}

#[test]
fn a_definition_that_is_not_there_is_refused_with_those_that_are() {
    let session = Session::with_site();
    for verb in ["build", "plan", "check"] {
        let refused = session.farm(&format!("{verb} nosuch"));
        refused.refused(2, &["`nosuch`", "hint:", "example, two-discs"]);
    }
    fs::remove_dir_all(session.path("farm/media")).unwrap();
    session.farm("build nosuch").refused(2, &["`nosuch`", "media/NAME.toml"]);
}

#[test]
fn definitions_that_write_one_image_are_refused() {
    let session = Session::with_site();
    let example = session.read("farm/media/example.toml");
    for output in ["out/two-discs.iso", "out/two-discs.2.iso", "./out/../out/two-discs.iso"] {
        session.write("farm/media/example.toml", example.replace("out/example.iso", output));
        let found = session.farm("check --json").exits(2).json();
        let mut rules = each(&found["problems"], "rule");
        rules.retain(|rule| *rule != "boot-image-incomplete");
        assert_eq!(rules, ["output-shared"; 2], "{output}");
        session.farm("plan example two-discs").exits(2);
        let refused = session.farm("build example two-discs").exits(2);
        assert!(refused.stderr.contains("output-shared"), "{}", refused.stderr);
        assert!(!exists(&session, "two-discs.iso") && !exists(&session, "two-discs.1.iso"));
    }
    session.farm("check two-discs").done();
    session.farm("build two-discs --progress none").exits(0);
}

#[test]
fn a_cache_that_cannot_be_kept_is_a_warning() {
    let session = Session::with_site();
    // The cache takes only what is older than a clock tick.
    let site = fs::metadata(session.path("farm/site.toml")).unwrap().modified().unwrap();
    while site.elapsed().unwrap_or_default().as_millis() < 50 {
        std::thread::yield_now();
    }
    for verb in ["plan", "build"] {
        let done =
            session.farm(&format!("{verb} example --json --cache farm/site.toml/x")).exits(0);
        assert_eq!(done.json()["definition"], "example");
        let told = |line: &str| line.starts_with("warning: what was learnt");
        assert!(done.stderr.lines().any(told), "{verb}: {}", done.stderr);
    }
}

#[test]
fn the_log_has_what_kept_media_from_being_built() {
    let session = with_failures();
    session.farm("build lost").exits(4);
    session.farm("build broken").exits(4);
    let log = session.read("farm/out/CreateTSMedia.log");
    let entries: Vec<&str> = log.lines().collect();
    assert_eq!(entries.len(), 2, "{log}");
    assert!(entries[0].contains("lost: nothing was built because of 1 error"), "{log}");
    assert!(entries[1].contains("broken: ") && entries[1].contains("link"), "{log}");
    assert!(entries.iter().all(|entry| entry.contains("type=\"3\"")), "{log}");
}

#[test]
fn names_that_windows_cannot_hold_stop_media_that_start_it() {
    let session = Session::with_site();
    session.write("farm/content/packages/tools/aux.txt", "x");
    session.write("farm/content/packages/tools/a?b/c", "x");
    let warned = session.farm("build example").exits(0);
    for part in ["warning[name-windows]", "P0100004", "2 files", "`a?b/c`", "`aux.txt`"] {
        assert!(warned.stderr.contains(part), "no `{part}` in:\n{}", warned.stderr);
    }
    let planned = session.farm("plan example --json").exits(0).json();
    let is_told = |problem: &Value| problem["rule"] == "name-windows";
    assert!(planned["problems"].as_array().unwrap().iter().any(is_told));

    let boot_image = "farm/catalog/P0100001.toml";
    session.replace(boot_image, "platform = \"linux\"", "platform = \"winpe\"");
    fs::remove_dir_all(session.path("farm/out")).unwrap();
    let refused = session.farm("build example").refused(3, &["error[name-windows]", "remedy"]);
    assert!(refused.stderr.contains("nothing was built"), "{}", refused.stderr);
    assert!(!exists(&session, "example.iso"));
    let planned = session.farm("plan example --json").exits(3).json();
    assert!(planned["problems"].as_array().unwrap().iter().any(is_told));
}

#[test]
fn a_definition_that_cannot_be_planned_hides_no_plan_of_another() {
    let session = Session::with_site();
    let worse = session.read("farm/media/example.toml").replace("P0100020", "P0100999");
    session.write("farm/media/worse.toml", worse.replace("out/example.iso", "out/worse.iso"));
    let planned = session.farm("plan worse example --progress none").exits(4);
    assert!(planned.stdout.contains("example: stand-alone media"), "{}", planned.stdout);
    assert!(planned.stderr.contains("task-sequence-missing"), "{}", planned.stderr);
    let planned = session.farm("plan worse example --json --progress none").exits(4).json();
    let plans = planned["plans"].as_array().unwrap();
    assert_eq!(each(&planned["plans"], "definition"), ["worse", "example"]);
    assert!(plans[0]["media"].is_null() && plans[1]["discs"][0]["bytes"].is_u64());
}

#[test]
fn a_run_without_digests_keeps_none_even_where_the_environment_names_a_file() {
    let session = Session::with_site();
    let words = ["--site", "farm", "build", "example", "--progress", "none"];
    let variables = [("TSMEDIA_CACHE", "digests")];
    session.run_with(&variables, &[&words[..], &["--no-cache"]].concat()).exits(0);
    assert!(!session.path("digests").exists());
    session.run_with(&variables, &words).exits(0);
    assert!(session.path("digests").exists());
}
