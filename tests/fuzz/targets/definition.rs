//! The TOML files of a site: media definitions, catalog objects, sequence information, the site.

#![no_main]

use content::{CatalogObject, MediaDefinition, SequenceInfo, Site};
use libfuzzer_sys::fuzz_target;

const DEFINITION: &str = r#"
[media]
type = "stand-alone"
task-sequence = "P0100020"
label = "Configuration Manager"
unattended = false
[output]
kind = "iso"
path = "out/windows11.iso"
size = "4.7 GB"
timestamp = 2026-01-02T03:04:05Z
autorun = true
[security]
password-file = "password"
valid-from = 2026-11-01T00:00:00Z
valid-until = 2027-11-01T00:00:00Z
[content]
application-dependencies = true
packages = ["P0100031"]
[customization]
variables = { OSDTimeZone = "UTC" }
prestart = { command = "cmd /C prestart.cmd", package = "P0100031" }
"#;

const OBJECT: &str = r#"
id = "P0100001"
kind = "application"
name = "Editor"
source-version = 1
model-name = "ScopeId_1/Application_1"
[[deployment-type]]
name = "Script"
install = "install.cmd"
source = "editor"
dependencies = [["P0100002"]]
"#;

const SITE: &str = r#"
[site]
code = "P01"
name = "Lab"
[[distribution-point]]
name = "files"
kind = "folder"
path = "content"
"#;

const SEQUENCE: &str = "name = \"Clients\"\nboot-image = \"P0100001\"\n";

fuzz_target!(
    init: seeds::write([
        DEFINITION.as_bytes(),
        OBJECT.as_bytes(),
        SITE.as_bytes(),
        SEQUENCE.as_bytes(),
    ]),
    |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        // Every problem is one that somebody can read.
        let shown = |problems: &[content::Problem]| {
            assert!(problems.iter().all(|problem| !problem.message.is_empty()));
        };
        match MediaDefinition::parse(&text) {
            Ok((_, problems)) | Err(problems) => shown(&problems),
        }
        match CatalogObject::parse(&text) {
            Ok((_, problems)) | Err(problems) => shown(&problems),
        }
        match SequenceInfo::parse(&text) {
            Ok((_, problems)) | Err(problems) => shown(&problems),
        }
        match Site::parse(&text) {
            Ok((_, problems)) | Err(problems) => shown(&problems),
        }
    }
);
