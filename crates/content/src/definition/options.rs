//! Which media have which option: the matrix of the four types, as data.

use serde_json::{Value, json};

use super::{MediaType, OutputKind};
use crate::fields::Fields;

/// Whether media of a type have an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// There are no such media without it.
    Required,
    /// It may be said.
    Optional,
    /// It has no meaning for them; why.
    Never(&'static str),
}

/// A key of a definition, and which media have it.
#[derive(Clone, Copy, Debug)]
pub struct MediaOption {
    /// The key with its table: `media.task-sequence`.
    pub key: &'static str,
    /// Whether media of each type have it, in the order of [`MediaType::ALL`].
    pub uses: [Use; 4],
    /// The outputs that have it.
    pub kinds: &'static [OutputKind],
}

use OutputKind::{Iso, Usb, Wim};
use Use::{Never, Optional, Required};

const STICKS: &[OutputKind] = &[Usb];
const ALL_KINDS: &[OutputKind] = &[Iso, Usb, Wim];
const DRIVES: &[OutputKind] = &[Iso, Usb];

const BUILT_IN: Use = Never("their task sequence is built in and captures the computer");
const FROM_NETWORK: Use = Never("they fetch task sequence and content over the network");
const NO_NETWORK: Use = Never("they ask no management point");
const NO_CUSTOMIZATION: Use = Never("their task sequence is built in and reads no variables");
const NO_PASSWORD: Use = Never("they hold nothing that a password could protect");
const CERTIFICATE_DATES: Use = Never("the dates of their certificate limit them");
const NO_VOLUME: Use = Never("they are a WIM file without a volume of their own");
const NO_IMAGE: Use = Never("only prestaged media hold an image that is applied in the factory");
const NOT_NOTED: Use = Never("only prestaged media bear such a note");
const WHOLE_SEQUENCE: Use = Never("they hold the images that their task sequence references");

/// Every key that not all media have, and those that some cannot do without.
pub const OPTIONS: &[MediaOption] = &[
    every("media.label", [Optional, Optional, NO_VOLUME, Optional]),
    every("media.task-sequence", [BUILT_IN, FROM_NETWORK, Required, Required]),
    every("media.boot-image", [Required, Required, Optional, Optional]),
    every(
        "media.unattended",
        [Never("they ask where the image goes"), Optional, Optional, Optional],
    ),
    every("media.created-by", noted()),
    every("media.version", noted()),
    every("media.comment", noted()),
    drives("output.size", [Optional, Optional, NO_VOLUME, Optional]),
    drives("output.autorun", [Optional, Optional, NO_VOLUME, Optional]),
    sticks("output.oversize", [Optional, Optional, NO_VOLUME, Optional]),
    sticks("output.partition-table", [Optional, Optional, NO_VOLUME, Optional]),
    MediaOption { key: "output.part-size", uses: [Optional; 4], kinds: &[Usb, Wim] },
    // No media but sticks with solid WIMs over 4 GB need it. It is no fault to name it all the same.
    every("output.staging", [Optional; 4]),
    every("security.password-file", [NO_PASSWORD, Optional, Optional, Optional]),
    every("security.password-command", [NO_PASSWORD, Optional, Optional, Optional]),
    every("security.valid-from", [NO_PASSWORD, CERTIFICATE_DATES, CERTIFICATE_DATES, Optional]),
    every("security.valid-until", [NO_PASSWORD, CERTIFICATE_DATES, CERTIFICATE_DATES, Optional]),
    every("security.unknown-computers", network(Optional)),
    every("security.user-device-affinity", network(Optional)),
    every("security.certificate", network(Optional)),
    every("security.root-certificates", network(Optional)),
    every("network.management", network(Optional)),
    every("network.management-points", network(Required)),
    every("image.os-image", [NO_IMAGE, NO_IMAGE, Required, WHOLE_SEQUENCE]),
    every("image.index", [NO_IMAGE, NO_IMAGE, Optional, WHOLE_SEQUENCE]),
    every("content.application-dependencies", [BUILT_IN, FROM_NETWORK, Optional, Optional]),
    every("content.applications", [BUILT_IN, FROM_NETWORK, Optional, Optional]),
    every("content.packages", [BUILT_IN, FROM_NETWORK, Optional, Optional]),
    every("content.driver-packages", [BUILT_IN, FROM_NETWORK, Optional, Optional]),
    every("customization.variables", [NO_CUSTOMIZATION, Optional, Optional, Optional]),
    every("customization.prestart", [Optional; 4]),
];

const fn every(key: &'static str, uses: [Use; 4]) -> MediaOption {
    MediaOption { key, uses, kinds: ALL_KINDS }
}

const fn drives(key: &'static str, uses: [Use; 4]) -> MediaOption {
    MediaOption { key, uses, kinds: DRIVES }
}

const fn sticks(key: &'static str, uses: [Use; 4]) -> MediaOption {
    MediaOption { key, uses, kinds: STICKS }
}

const fn network(bootable_and_prestaged: Use) -> [Use; 4] {
    [NO_NETWORK, bootable_and_prestaged, bootable_and_prestaged, NO_NETWORK]
}

const fn noted() -> [Use; 4] {
    [NOT_NOTED, NOT_NOTED, Optional, NOT_NOTED]
}

/// The outputs that media of a type are written as.
pub fn kinds(media_type: MediaType) -> &'static [OutputKind] {
    match media_type {
        MediaType::Prestaged => &[Wim],
        _ => DRIVES,
    }
}

impl MediaOption {
    /// Whether media of this type have the option.
    pub fn of(&self, media_type: MediaType) -> Use {
        let position = MediaType::ALL.iter().position(|known| *known == media_type);
        self.uses[position.expect("because ALL holds every type")]
    }
}

/// Reports what a definition says and its media cannot have, and what they cannot do without.
pub(super) fn check(root: &Fields, media_type: MediaType, kind: OutputKind) {
    for option in OPTIONS {
        let (table, key) = option.key.split_once('.').expect("because every key has its table");
        let fields = root.peek(table).and_then(|field| field.as_table());
        let field = fields.as_ref().and_then(|fields| fields.peek(key));
        match (option.of(media_type), field) {
            (Never(why), Some(field)) => {
                let message = format!("{} media have no such option: {why}", media_type.as_str());
                field.wrong("option-of-type", message, "remove the key");
            }
            (_, Some(field)) if !option.kinds.contains(&kind) => {
                let words = option.kinds.iter().map(|kind| format!("\"{}\"", kind.as_str()));
                let kinds: Vec<String> = words.collect();
                let message = format!("output of kind {} has no such option", kind.as_str());
                field.wrong(
                    "option-of-kind",
                    message,
                    format!("remove it, or write kind = {}", kinds.join(" or ")),
                );
            }
            (Required, None) => match &fields {
                Some(fields) => fields.missing(key, remedy(option.key)),
                None => root.missing(option.key, remedy(option.key)),
            },
            _ => {}
        }
    }
    if !kinds(media_type).contains(&kind) {
        let known: Vec<&str> = kinds(media_type).iter().map(|kind| kind.as_str()).collect();
        let message =
            format!("{} media cannot be written as {}", media_type.as_str(), kind.as_str());
        let output = root.peek("output").and_then(|field| field.as_table());
        let remedy = format!("kind = \"{}\"", known.join("\" or \""));
        match output.as_ref().and_then(|output| output.peek("kind")) {
            Some(field) => field.wrong("output-kind", message, remedy),
            None => {
                if let Some(output) = output {
                    output.missing("kind", &remedy);
                }
            }
        }
    }
}

/// What mends the absence of a required key.
fn remedy(key: &str) -> &'static str {
    match key {
        "media.task-sequence" => "name the task sequence by its id",
        "media.boot-image" => "name the boot image by its id",
        "network.management-points" => "management-points = [\"http://mp.example.org\"]",
        _ => "name the OS image by its id",
    }
}

/// The matrix as a document: for each key and type `required`, `optional` or why not.
pub fn document() -> Value {
    let word = |media: Use| match media {
        Required => json!({ "use": "required" }),
        Optional => json!({ "use": "optional" }),
        Never(why) => json!({ "use": "never", "because": why }),
    };
    let names = |kinds: &[OutputKind]| -> Vec<&str> { kinds.iter().map(|k| k.as_str()).collect() };
    let options: Vec<Value> = OPTIONS
        .iter()
        .map(|option| {
            let mut entry = json!({ "key": option.key, "kinds": names(option.kinds) });
            for media_type in MediaType::ALL {
                entry[media_type.as_str()] = word(option.of(media_type));
            }
            entry
        })
        .collect();
    let kinds: serde_json::Map<String, Value> = MediaType::ALL
        .iter()
        .map(|media_type| (media_type.as_str().to_owned(), json!(names(kinds(*media_type)))))
        .collect();
    json!({ "kinds": kinds, "options": options })
}
