//! JSON Schemas (draft 2020-12) of the files of a site, for editors that complete and check them.

use serde_json::{Map, Value, json};

use crate::{
    Architecture, BootPlatform, CertificateKind, DEFAULT_LABEL, DeploymentType, Management,
    MediaType, NAMED_CAPACITIES, ObjectKind, OutputKind, Oversize, PartitionTable,
    UserDeviceAffinity,
};

/// The dialect of all schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// The texts that are ids; see [`crate::ContentId`].
const ID: &str = "^(?!\\.)[A-Za-z0-9_.-]{1,64}(?<!\\.)$";

/// A key of a table: its name, its schema, and what it is for.
type Key = (&'static str, Value, &'static str);

/// The schema of a media definition.
pub fn definition() -> Value {
    let media = table(
        "What kind of media, and of what",
        vec![
            ("type", words(&MediaType::ALL.map(MediaType::as_str)), "the media type"),
            ("task-sequence", id(), "the task sequence; for stand-alone and prestaged media"),
            ("label", with_default(text(), DEFAULT_LABEL), "the label of the volume"),
            ("unattended", with_default(boolean(), false), "ask for nothing but the password"),
            ("boot-image", id(), "the boot image; the task sequence's own unless said"),
            ("created-by", short(50), "who made prestaged media"),
            ("version", short(32), "the version of prestaged media"),
            ("comment", short(127), "anything else about prestaged media"),
        ],
        &["type"],
    );
    let output = table(
        "What is written, and where",
        vec![
            ("kind", with_default(words(&OutputKind::ALL.map(OutputKind::as_str)), "iso"), "what"),
            ("path", text(), "the file, relative to the site"),
            ("size", size(), "how much a disc or stick holds"),
            ("timestamp", moment_or_seconds(), "the time that everything on the media bears"),
            ("autorun", with_default(boolean(), false), "write an autorun.inf"),
            (
                "oversize",
                with_default(words(&Oversize::ALL.map(Oversize::as_str)), "cut"),
                "what becomes of files that FAT32 cannot hold; second-partition: their contents lie \
                 on a partition with exFAT",
            ),
            (
                "partition-table",
                with_default(words(&PartitionTable::ALL.map(PartitionTable::as_str)), "mbr"),
                "what a FAT32 volume lies in",
            ),
            ("part-size", size(), "how long a part of a WIM, or a file on a stick, may be"),
            (
                "staging",
                text(),
                "the folder for solid WIMs that FAT32 cannot hold, which are exported before they \
                 are split; relative to the site",
            ),
        ],
        &["path"],
    );
    let (security, network) = (security(), network());
    let dependencies = with_default(boolean(), true);
    let content = table(
        "What is on the media beside what the steps need",
        vec![
            ("application-dependencies", dependencies, "what applications depend on, too"),
            ("applications", list(id()), "applications"),
            ("packages", list(id()), "packages"),
            ("driver-packages", list(id()), "driver packages"),
        ],
        &[],
    );
    let image = table(
        "The OS image on prestaged media",
        vec![
            ("os-image", id(), "the OS image"),
            ("index", number(), "which image of its WIM; the only one unless said"),
        ],
        &["os-image"],
    );
    let prestart = table(
        "What runs before the task sequence is chosen",
        vec![
            ("command", text(), "the command line"),
            ("package", id(), "the package with its files"),
        ],
        &["command"],
    );
    let variables = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let customization = table(
        "Variables and the prestart command",
        vec![
            ("variables", variables, "the values of media variables by their names"),
            ("prestart", prestart, "the prestart command"),
        ],
        &[],
    );
    document(
        "Media definition",
        table(
            "A media definition",
            vec![
                ("media", media, "what kind of media, and of what"),
                ("output", output, "what is written, and where"),
                ("security", security, "who may start the media, and until when"),
                ("network", network, "how the media find their site"),
                ("image", image, "the OS image on prestaged media"),
                ("content", content, "what else is on the media"),
                ("customization", customization, "variables and the prestart command"),
            ],
            &["media", "output"],
        ),
    )
}

fn security() -> Value {
    let affinity = words(&UserDeviceAffinity::ALL.map(UserDeviceAffinity::as_str));
    let certificate = table(
        "The certificate by which media make themselves known",
        vec![
            ("kind", with_default(words(&CertificateKind::NAMES), "self-signed"), "who vouches"),
            ("file", text(), "the PKCS #12 file; a self-signed one is made if it is not there"),
            ("password-file", text(), "the file whose first line is the password of that file"),
            ("password-command", text(), "the command that prints it"),
            ("valid-from", moment(), "when a self-signed certificate begins to count"),
            ("valid-until", moment(), "when it ends to count; a year later unless said"),
        ],
        &["file"],
    );
    table(
        "Who may start the media, until when, and how they make themselves known",
        vec![
            ("password-file", text(), "the file whose first line is the password"),
            ("password-command", text(), "the command that prints the password"),
            ("valid-from", moment(), "the media do not start before"),
            ("valid-until", moment(), "the media do not start after"),
            ("unknown-computers", with_default(boolean(), false), "serve unknown computers"),
            (
                "user-device-affinity",
                with_default(affinity, UserDeviceAffinity::default().as_str()),
                "may they make the computer somebody's",
            ),
            ("certificate", certificate, "the certificate"),
            ("root-certificates", list(text()), "files with certificates of authorities"),
        ],
        &[],
    )
}

fn network() -> Value {
    let management = words(&Management::ALL.map(Management::as_str));
    table(
        "How the media find their site",
        vec![
            (
                "management",
                with_default(management, Management::default().as_str()),
                "may a management point send the computer to another one",
            ),
            ("management-points", list(text()), "their addresses in the order of preference"),
        ],
        &["management-points"],
    )
}

/// The schema of a catalog object.
pub fn object() -> Value {
    let program = table(
        "A program of a package",
        vec![
            ("name", text(), "its name, which steps call it by"),
            ("command", text(), "its command line"),
            ("working-directory", text(), "the folder that it starts in"),
        ],
        &["name", "command"],
    );
    let image = table(
        "An image of a WIM file",
        vec![
            ("index", number(), "its number, from 1 on"),
            ("name", text(), "its name"),
            ("architecture", architecture(), "of which processors"),
        ],
        &["index"],
    );
    let group = json!({ "anyOf": [id(), list(id())] });
    let success_codes = with_default(
        list(json!({ "type": "integer", "minimum": i32::MIN, "maximum": u32::MAX })),
        DeploymentType::SUCCESS_CODES.to_vec(),
    );
    let mut detection = table(
        "What shows that an application is installed; one of the two",
        vec![
            ("file", text(), "a file or folder on the target"),
            ("command", text(), "a command line that ends with 0"),
        ],
        &[],
    );
    detection["minProperties"] = json!(1);
    detection["maxProperties"] = json!(1);
    let deployment_type = table(
        "A way to install an application",
        vec![
            ("name", text(), "its name"),
            ("install", text(), "the command line that installs"),
            ("uninstall", text(), "the command line that removes"),
            ("working-directory", text(), "the folder that commands start in"),
            ("source", text(), "the file or folder with its files"),
            ("content", id(), "the id of its content; the application's unless said"),
            ("success-codes", success_codes, "the exit codes of commands that did their work"),
            ("detection", detection, "how to find out whether it is installed"),
            ("dependencies", list(group), "what must be installed before: of each group one"),
        ],
        &["name"],
    );
    let platforms = with_default(words(&BootPlatform::ALL.map(BootPlatform::as_str)), "winpe");
    document(
        "Catalog object",
        table(
            "An object of the catalog",
            vec![
                ("id", id(), "its id, the same as the file's name"),
                ("kind", words(&ObjectKind::NAMES), "what it is"),
                ("name", text(), "the name that people know it by"),
                ("version", text(), "the version of what it holds"),
                ("source-version", with_default(number(), 1), "how often its files changed"),
                ("source", text(), "the file or folder with its files"),
                ("guid", text(), "the GUID in braces that MDT sequences know it by"),
                ("selection-profile", text(), "the profile that MDT sequences know it by"),
                ("program", list(program), "the programs of a package"),
                ("model-name", text(), "an application's `ScopeId_…/Application_…`"),
                ("deployment-type", list(deployment_type), "the ways to install an application"),
                ("supersedes", list(id()), "the applications that an application replaces"),
                ("architecture", architecture(), "of which processors a boot image is"),
                ("platform", platforms, "the operating system of a boot image"),
                ("image", list(image), "the images of an OS image"),
            ],
            &["id", "kind", "name"],
        ),
    )
}

/// The schema of `site.toml`.
pub fn site() -> Value {
    let site = table(
        "The site",
        vec![
            ("code", text(), "three letters or digits; ids of new objects begin with it"),
            ("name", text(), "the name that people know it by"),
        ],
        &["code"],
    );
    let point = table(
        "Where the site keeps files of contents",
        vec![
            ("name", text(), "its name"),
            ("kind", words(&["folder", "content-library", "http"]), "what it is"),
            ("path", text(), "the folder"),
            ("drives", list(text()), "further folders with a FileLib"),
            ("url", text(), "the address of a server"),
        ],
        &["kind"],
    );
    document(
        "Site",
        table(
            "A site",
            vec![
                ("site", site, "the site"),
                ("distribution-point", list(point), "where content is looked for, in order"),
            ],
            &["site"],
        ),
    )
}

fn document(title: &str, mut schema: Value) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".into(), DIALECT.into());
        schema.insert("title".into(), title.into());
    }
    schema
}

fn table(description: &str, keys: Vec<Key>, required: &[&str]) -> Value {
    let mut properties = Map::new();
    for (key, mut schema, what) in keys {
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".into(), what.into());
        }
        properties.insert(key.to_owned(), schema);
    }
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn short(max: usize) -> Value {
    json!({ "type": "string", "maxLength": max })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
}

fn id() -> Value {
    json!({ "type": "string", "pattern": ID })
}

fn words(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn architecture() -> Value {
    words(&Architecture::ALL.map(Architecture::as_str))
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// Editors see TOML dates as texts of this format.
fn moment() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn moment_or_seconds() -> Value {
    json!({ "anyOf": [moment(), { "type": "integer" }] })
}

fn size() -> Value {
    let names = NAMED_CAPACITIES.iter().map(|(name, _)| *name).chain(["unlimited"]);
    let counts = json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?([kKMGT]i?B)?$" });
    let named = words(&names.collect::<Vec<_>>());
    with_default(json!({ "anyOf": [named, counts, { "type": "integer" }] }), "unlimited")
}

fn with_default(mut schema: Value, default: impl Into<Value>) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("default".into(), default.into());
    }
    schema
}
