//! Finds the task sequence that an argument means: a file, or an id of the site.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use content::{
    Catalog, ContentId, ObjectKind, Place, Problem, ProblemClass, SequenceInfo, Severity,
};
use pipeline::{IoContext, chain, load};
use tasksequence::export::{
    self, ApplicationInfo, ContentInfo, ContentType, ExportError, ExportedSequence,
};
use tasksequence::show::{Show, show, show_export};
use tasksequence::{TaskSequence, encoding};

use crate::args::Global;
use crate::exit::CommandError;
use crate::session;

/// The largest file that is read; without content an export has less than a megabyte.
const FILE_MAX: u64 = 512 << 20;

/// A task sequence that was named on the command line.
pub(super) struct NamedSequence {
    /// The file that it was read from.
    pub(super) file: String,
    /// What reading it found.
    pub(super) problems: Vec<tasksequence::Problem>,
    pub(super) form: Form,
}

/// How much is known of a task sequence.
pub(super) enum Form {
    /// Its steps alone.
    Bare(Box<TaskSequence>),
    /// What an export says of it.
    Exported(Box<ExportedSequence>),
    /// What the site says of it; the export is made of that.
    OfSite { exported: Box<ExportedSequence>, info: SequenceInfo },
}

impl NamedSequence {
    pub(super) fn sequence(&self) -> &TaskSequence {
        match &self.form {
            Form::Bare(sequence) => sequence,
            Form::Exported(exported) | Form::OfSite { exported, .. } => &exported.sequence,
        }
    }

    /// The export of the sequence; `None` where only its steps are known.
    pub(super) fn exported(&self) -> Option<&ExportedSequence> {
        match &self.form {
            Form::Bare(_) => None,
            Form::Exported(exported) | Form::OfSite { exported, .. } => Some(exported),
        }
    }

    pub(super) fn show(&self) -> Show {
        match &self.form {
            Form::Bare(sequence) => show(sequence, &self.problems),
            Form::Exported(exported) => show_export(exported, &self.problems),
            Form::OfSite { exported, info } => {
                let mut shown = show_export(exported, &self.problems);
                shown.source_version = None;
                shown.description = Some(info.description.clone()).filter(|text| !text.is_empty());
                shown
            }
        }
    }

    /// What was found, in the words of the command line.
    pub(super) fn problem(&self, finding: &tasksequence::Problem) -> Problem {
        let severity = match finding.severity {
            tasksequence::Severity::Error => Severity::Error,
            tasksequence::Severity::Warning => Severity::Warning,
            tasksequence::Severity::Note => Severity::Note,
        };
        let own = || self.exported().map(|exported| exported.object.id());
        let id = finding.child.as_deref().or_else(own).and_then(|id| id.parse().ok());
        let place = Place {
            file: Some(self.file.clone()),
            sequence: id,
            step: Some(finding.place.to_string()),
            ..Place::default()
        };
        Problem::new(finding.rule, severity, ProblemClass::Finding, finding.message.clone())
            .remedy(finding.remedy.clone())
            .at(place)
    }
}

/// Whether an argument names a file rather than an id of the site.
pub(super) fn is_file(argument: &str) -> bool {
    argument.contains('/') || extension_is(argument, "xml") || extension_is(argument, "zip")
}

fn extension_is(path: &str, wanted: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

/// Reads the sequences that an argument means; an export can hold several.
pub(super) fn read(global: &Global, argument: &str) -> Result<Vec<NamedSequence>, CommandError> {
    if is_file(argument) {
        return read_file(argument);
    }
    Ok(vec![of_site(global, argument)?])
}

/// Reads the only sequence that an argument means.
pub(super) fn read_one(global: &Global, argument: &str) -> Result<NamedSequence, CommandError> {
    let mut found = read(global, argument)?;
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only),
        (_, others) => {
            let message = format!("`{argument}` holds {} task sequences", others + 1);
            Err(CommandError::usage(message).hint("import it, then name one of them by its id"))
        }
    }
}

/// Reads the sequences of a file: one of a document, any number of an export.
pub(super) fn read_file(argument: &str) -> Result<Vec<NamedSequence>, CommandError> {
    if extension_is(argument, "zip") {
        let bytes = bytes(Path::new(argument))?;
        let export = export::read(&bytes).map_err(|error| unreadable_export(argument, &error))?;
        return Ok(export.sequences.into_iter().map(|found| of_export(argument, found)).collect());
    }
    let (sequence, problems) = read_document(Path::new(argument))?;
    let form = Form::Bare(Box::new(sequence));
    Ok(vec![NamedSequence { file: argument.to_owned(), problems, form }])
}

type Parsed = (TaskSequence, Vec<tasksequence::Problem>);

fn read_document(path: &Path) -> Result<Parsed, CommandError> {
    let bytes = bytes(path)?;
    let unreadable = |why: String| {
        CommandError::usage(format!("`{}` is no task sequence: {why}", path.display()))
            .hint("export the task sequence again, or correct the file")
    };
    let text = encoding::decode(&bytes).map_err(|error| unreadable(error.to_string()))?;
    TaskSequence::parse(&text).map_err(|error| unreadable(chain(&error)))
}

fn of_export(file: &str, mut exported: ExportedSequence) -> NamedSequence {
    let problems = std::mem::take(&mut exported.problems);
    NamedSequence { file: file.to_owned(), problems, form: Form::Exported(Box::new(exported)) }
}

fn unreadable_export(file: &str, error: &ExportError) -> CommandError {
    CommandError::usage(format!("`{file}` is no task sequence export: {}", chain(error)))
        .hint("export the task sequence again in the Configuration Manager console")
}

fn bytes(path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let file = File::open(path).at("open", path)?;
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).at("read", path)?;
    if bytes.len() as u64 > FILE_MAX {
        let message = format!("`{}` is larger than {FILE_MAX} bytes", path.display());
        return Err(CommandError::usage(message).hint("no task sequence is that large"));
    }
    Ok(bytes)
}

fn of_site(global: &Global, argument: &str) -> Result<NamedSequence, CommandError> {
    let path = session::site_path(global)?;
    let hint = "`tsmedia ts list` shows the ids; a file has the extension .xml or .zip";
    let id: ContentId =
        argument.parse().map_err(|error| CommandError::usage(format!("{error}")).hint(hint))?;
    let file = path.task_sequences().join(format!("{id}.xml"));
    if !file.exists() {
        let message = format!("the site has no task sequence `{id}`");
        return Err(CommandError::usage(message).hint(hint));
    }
    let (sequence, problems) = read_document(&file)?;
    let (catalog, _) = load::entries(&path)?;
    let entry = catalog.task_sequences.get(&id);
    let info = entry.map(|entry| entry.info.clone()).unwrap_or_default();
    let exported = Box::new(exported(&id, &info, sequence, &catalog));
    let form = Form::OfSite { exported, info };
    Ok(NamedSequence { file: path.relative(&file), problems, form })
}

/// Makes the export of a site's sequence: the catalog says most of what it references, and the
/// export that it was imported from the rest.
fn exported(
    id: &ContentId,
    info: &SequenceInfo,
    sequence: TaskSequence,
    catalog: &Catalog,
) -> ExportedSequence {
    let boot_image = info.boot_image.as_ref().map(ContentId::as_str);
    let name = if info.name.is_empty() { id.as_str() } else { &info.name };
    let mut exported = ExportedSequence::new(id.as_str(), name, boot_image, sequence);
    let of_document = exported.object.description().to_owned();
    let description = if info.description.is_empty() { &of_document } else { &info.description };
    exported.object.describe(description, &info.version);
    let names = catalog.names();
    for reference in exported.references().into_iter().filter(|reference| reference.enabled) {
        let told = info.references.iter().find(|told| told.id.eq_ignore_ascii_case(&reference.id));
        let (name, kind, version) = match (names.object(&reference.id), told) {
            (Some(object), _) => {
                (object.name.as_str(), object.kind.as_str(), object.version.as_str())
            }
            (None, Some(told)) => (told.name.as_str(), told.kind.as_str(), ""),
            (None, None) => match names.task_sequence(&reference.id) {
                Some(child) => {
                    (catalog.task_sequences[child].info.name.as_str(), "task-sequence", "")
                }
                None => continue,
            },
        };
        if kind == "application" {
            let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            exported.applications.push(ApplicationInfo {
                id: reference.id.clone(),
                package_id: String::new(),
                properties: vec![
                    text("RefAppDisplayName", name),
                    text("RefAppModelName", &reference.id),
                ],
            });
        } else {
            exported.contents.push(ContentInfo {
                id: reference.id.clone(),
                name: name.to_owned(),
                content_type: content_type(kind),
                program: "*".to_owned(),
                version: version.to_owned(),
                description: String::new(),
            });
        }
    }
    exported
}

fn content_type(kind: &str) -> ContentType {
    match (kind, ObjectKind::of_name(kind)) {
        ("task-sequence", _) => ContentType::TaskSequence,
        (_, Some(ObjectKind::DriverPackage)) => ContentType::DriverPackage,
        (_, Some(ObjectKind::BootImage { .. })) => ContentType::BootImage,
        (_, Some(ObjectKind::OsImage { .. })) => ContentType::OsImage,
        (_, Some(ObjectKind::OsUpgrade { .. })) => ContentType::OsUpgrade,
        _ => ContentType::Package,
    }
}
