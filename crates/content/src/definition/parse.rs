use std::collections::BTreeMap;
use std::path::PathBuf;

use super::network::{certificate, check_schemes, network};
use super::{
    Customization, DEFAULT_LABEL, ExtraContent, MEDIA_TIMES, MediaDefinition, MediaType, Network,
    Output, OutputKind, Oversize, PartitionTable, PasswordSource, Prestart, Security,
    UserDeviceAffinity, options, prestaged,
};
use crate::fields::{Field, Fields, TomlText};
use crate::{Capacity, Problem, Severity};

/// The longest value that a task sequence variable holds, in characters.
const VARIABLE_VALUE_MAX: usize = 4000;
/// The longest name that a task sequence variable has, in characters.
const VARIABLE_NAME_MAX: usize = 256;
/// The longest label that an ISO 9660 volume identifier holds (ECMA-119 §8.4.6), in UTF-16 units.
const LABEL_MAX: usize = 32;

pub(super) fn definition(text: &str) -> Result<(MediaDefinition, Vec<Problem>), Vec<Problem>> {
    let file = TomlText::new(text);
    let table = file.parse();
    let definition = {
        let root = file.root(&table);
        let media = root.table("media");
        if root.get("media").is_none() {
            root.missing("media", "add a table [media] with type and task-sequence");
        }
        let output = root.table("output");
        if root.get("output").is_none() {
            root.missing("output", "add a table [output] with path");
        }
        let output = output.and_then(self::output);
        let security = root.table("security").map(security).unwrap_or_default();
        let network = root.table("network").map(network).unwrap_or_default();
        let content = root.table("content").map(content).unwrap_or_default();
        let image = root.table("image").and_then(prestaged::image);
        let customization = root.table("customization").map(customization).unwrap_or_default();
        let media = media.and_then(self::media);
        if let (Some(media), Some(output)) = (&media, &output) {
            options::check(&root, media.media_type, output.kind);
            check_schemes(&root, &network, security.certificate.as_ref());
        }
        root.finish();
        media.zip(output).map(|(media, output)| MediaDefinition {
            output,
            image,
            security,
            network,
            content,
            customization,
            ..media
        })
    };
    match definition {
        Some(definition) if !file.has_syntax_errors() => Ok((definition, file.into_problems())),
        _ => Err(file.into_problems()),
    }
}

/// Reads `[media]`; the other tables of the result are defaults.
fn media(fields: Fields) -> Option<MediaDefinition> {
    let media_type = media_type(&fields);
    let task_sequence = fields.id("task-sequence");
    let label = fields.get("label").and_then(|field| label(&field));
    let properties = prestaged::properties(&fields);
    let definition = media_type.map(|media_type| MediaDefinition {
        media_type,
        task_sequence,
        boot_image: fields.id("boot-image"),
        label: label.unwrap_or_else(|| DEFAULT_LABEL.to_owned()),
        unattended: fields.boolean("unattended").unwrap_or(false),
        properties,
        image: None,
        output: Output {
            kind: OutputKind::Iso,
            path: PathBuf::new(),
            size: Capacity::Unlimited,
            timestamp: None,
            autorun: false,
            oversize: Oversize::default(),
            partition_table: PartitionTable::default(),
            part_size: None,
            staging: None,
        },
        security: Security::default(),
        network: Network::default(),
        content: ExtraContent::default(),
        customization: Customization::default(),
    });
    // The keys are known even where the type is not.
    fields.knows(&["boot-image", "unattended"]);
    fields.finish();
    definition
}

fn media_type(fields: &Fields) -> Option<MediaType> {
    let Some(field) = fields.get("type") else {
        fields.missing("type", "type = \"stand-alone\"");
        return None;
    };
    one_of(&field, &MediaType::ALL, MediaType::as_str)
}

/// Reads the label and says what of it a volume cannot hold.
fn label(field: &Field) -> Option<String> {
    let label = field.text()?;
    let rule = "label-characters";
    if label.trim().is_empty() {
        field.wrong(rule, "is empty", "write a label, or leave the key out");
    } else if label.chars().any(char::is_control) {
        field.wrong(rule, "holds a control character", "write it on one line");
    } else if label.encode_utf16().count() > LABEL_MAX {
        let message = format!("has more than {LABEL_MAX} characters: the volume shows only those");
        field.report(rule, Severity::Warning, message, "shorten it");
    }
    const REFUSED_BY_FAT: &str = "\"*+,./:;<=>?[\\]|";
    if let Some(c) = label.chars().find(|c| REFUSED_BY_FAT.contains(*c) || *c > '\u{ffff}') {
        let message = format!("holds `{c}`, which a volume's name cannot hold everywhere");
        field.report(rule, Severity::Warning, message, "use letters, digits, blanks, `-` and `_`");
    }
    Some(label.to_owned())
}

fn output(fields: Fields) -> Option<Output> {
    let kind = fields.get("kind").map_or(Some(OutputKind::Iso), |field| {
        one_of(&field, &OutputKind::ALL, OutputKind::as_str)
    });
    let size = fields.get("size").and_then(|field| capacity(&field));
    let timestamp = fields.get("timestamp").and_then(|field| timestamp(&field));
    let path = fields.get("path").map_or_else(
        || {
            fields.missing("path", IMAGE_PATH);
            None
        },
        |field| {
            let path = field.text()?;
            if path.is_empty() || path.ends_with('/') {
                field.wrong("value", "is no file name", IMAGE_PATH);
                return None;
            }
            host_path(&field, path, IMAGE_PATH)
        },
    );
    let staging = fields.get("staging").and_then(|field| staging(&field));
    let autorun = fields.boolean("autorun").unwrap_or(false);
    let oversize = fields
        .get("oversize")
        .and_then(|field| one_of(&field, &Oversize::ALL, Oversize::as_str))
        .unwrap_or_default();
    let partition_table = fields
        .get("partition-table")
        .and_then(|field| one_of(&field, &PartitionTable::ALL, PartitionTable::as_str))
        .unwrap_or_default();
    let part_size = fields.get("part-size").and_then(|field| capacity(&field));
    let part_size = part_size.and_then(Capacity::bytes);
    fields.finish();
    let size = size.unwrap_or(Capacity::Unlimited);
    Some(Output {
        kind: kind?,
        path: path?,
        size,
        timestamp,
        autorun,
        oversize,
        partition_table,
        part_size,
        staging,
    })
}

const IMAGE_PATH: &str = "path = \"out/media.iso\"";

fn staging(field: &Field) -> Option<PathBuf> {
    const REMEDY: &str = "staging = \"/var/tmp/tsmedia\"";
    let path = field.text()?;
    if path.is_empty() {
        field.wrong("value", "is no folder", REMEDY);
        return None;
    }
    host_path(field, path, REMEDY)
}

/// A path of the host that messages can show in one line.
fn host_path(field: &Field, path: &str, remedy: &str) -> Option<PathBuf> {
    if path.chars().any(char::is_control) {
        let message = "holds a control character, such as a tab or the end of a line";
        field.wrong("value", message, remedy);
        return None;
    }
    Some(PathBuf::from(path))
}

fn timestamp(field: &Field) -> Option<jiff::Timestamp> {
    let moment = if field.is_integer() {
        jiff::Timestamp::from_second(field.integer()?).ok()
    } else {
        Some(field.moment()?)
    };
    if moment.is_none_or(|moment| !MEDIA_TIMES.contains(&moment.as_second())) {
        let message = "is no time that media can bear: they hold the years 1980 to 2107";
        field.wrong("value", message, "timestamp = 2026-11-01T00:00:00Z");
    }
    moment
}

fn capacity(field: &Field) -> Option<Capacity> {
    let capacity = if field.is_integer() {
        Capacity::from_bytes(u64::try_from(field.integer()?).unwrap_or(0))
    } else {
        Capacity::parse(field.text()?)
    };
    match capacity {
        Ok(capacity) => Some(capacity),
        Err(error) => {
            field.wrong("output-size", error.to_string(), "");
            None
        }
    }
}

/// Where a password comes from, and what is wrong with how that is said.
pub(super) fn password_source(fields: &Fields) -> Option<PasswordSource> {
    if let Some(field) = fields.get("password") {
        let remedy = "remove it, change that password, and use password-file or password-command";
        field.wrong("password-in-definition", "a password must not stand in the file", remedy);
    }
    let file = fields.text("password-file").map(|path| PasswordSource::File(path.into()));
    let command =
        fields.text("password-command").map(|line| PasswordSource::Command(line.to_owned()));
    if let (Some(_), Some(field)) = (&file, fields.get("password-command")) {
        field.wrong("value", "password-file is given too", "keep one of the two");
    }
    file.or(command)
}

/// One of the words of a list.
pub(super) fn one_of<T: Copy>(field: &Field, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
    let text = field.text()?;
    let found = all.iter().copied().find(|known| word(*known) == text);
    if found.is_none() {
        let known = all.iter().map(|known| word(*known)).collect::<Vec<_>>().join(", ");
        field.wrong("value", format!("`{text}` is not known here"), format!("one of {known}"));
    }
    found
}

fn security(fields: Fields) -> Security {
    let fields = fields.secret();
    let password = password_source(&fields);
    let valid_from = fields.get("valid-from").and_then(|field| field.moment());
    let valid_until = fields.get("valid-until").and_then(|field| field.moment());
    if let (Some(from), Some(until), Some(field)) =
        (valid_from, valid_until, fields.get("valid-until"))
        && from >= until
    {
        let message = format!("`{until}` is not after valid-from `{from}`");
        field.wrong("dates-order", message, "give an end after the start");
    }
    let unknown_computers = fields.boolean("unknown-computers").unwrap_or(false);
    let affinity = fields
        .get("user-device-affinity")
        .and_then(|field| one_of(&field, &UserDeviceAffinity::ALL, UserDeviceAffinity::as_str));
    let certificate = fields.table("certificate").and_then(certificate);
    let root_certificates = fields.texts("root-certificates").into_iter().map(PathBuf::from);
    let root_certificates = root_certificates.collect();
    fields.finish();
    Security {
        password,
        valid_from,
        valid_until,
        unknown_computers,
        user_device_affinity: affinity.unwrap_or_default(),
        certificate,
        root_certificates,
    }
}

fn content(fields: Fields) -> ExtraContent {
    let content = ExtraContent {
        application_dependencies: fields.boolean("application-dependencies").unwrap_or(true),
        applications: fields.ids("applications"),
        packages: fields.ids("packages"),
        driver_packages: fields.ids("driver-packages"),
    };
    fields.finish();
    content
}

fn customization(fields: Fields) -> Customization {
    let fields = fields.secret();
    let mut customization = Customization::default();
    if let Some(variables) = fields.table("variables") {
        let mut names: BTreeMap<String, &str> = BTreeMap::new();
        for (name, field) in variables.entries() {
            if let Some(other) = names.insert(name.to_ascii_lowercase(), name) {
                let message = format!("is `{other}` once more: cases make no difference in names");
                field.wrong("variable-name", message, "keep one of the two");
            }
            if let Some(value) = variable(name, &field) {
                customization.variables.insert(name.to_owned(), value);
            }
        }
    }
    customization.prestart = fields.table("prestart").and_then(prestart);
    fields.finish();
    customization
}

/// Reads a variable and checks its name and length (limits of the field's documentation).
fn variable(name: &str, field: &Field) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let rule = "variable-name";
    if name.starts_with('_') {
        let message = "a name that begins with `_` is set by the engine only";
        field.wrong(rule, message, "choose another name");
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(plain) {
        let message = "is no name: a letter, then letters, digits, `_` and `-`";
        field.wrong(rule, message, "choose another name");
    } else if name.len() > VARIABLE_NAME_MAX {
        field.wrong(rule, format!("has more than {VARIABLE_NAME_MAX} characters"), "shorten it");
    }
    let value = field.text()?;
    if value.chars().count() > VARIABLE_VALUE_MAX {
        let message = format!("its value has more than {VARIABLE_VALUE_MAX} characters");
        field.wrong("variable-value", message, "shorten it");
    }
    field.fits_xml("variable-value", value);
    Some(value.to_owned())
}

fn prestart(fields: Fields) -> Option<Prestart> {
    let package = fields.id("package");
    let Some(field) = fields.get("command") else {
        fields.missing("command", "command = \"cmd /C prestart.cmd\"");
        fields.finish();
        return None;
    };
    let command = field.text().map(str::to_owned);
    if let Some(command) = &command {
        field.fits_xml("prestart-form", command);
        let lower = command.to_ascii_lowercase();
        let shell = lower.starts_with("cmd /c ") || lower.starts_with("cmd.exe /c ");
        let bytes = command.as_bytes();
        let drive = bytes
            .windows(3)
            .any(|at| at[0].is_ascii_alphabetic() && at[1] == b':' && at[2] == b'\\');
        if command.trim().is_empty() {
            field.wrong("prestart-form", "is empty", "command = \"cmd /C prestart.cmd\"");
        } else if !shell || drive {
            let message = "has no `cmd /C`, or names a drive, whose letter varies on the target";
            let remedy = "write `cmd /C name`, with the file in the prestart package";
            field.report("prestart-form", Severity::Warning, message, remedy);
        }
    }
    fields.finish();
    command.map(|command| Prestart { command, package })
}
