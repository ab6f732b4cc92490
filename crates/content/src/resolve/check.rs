//! The problems that a resolve can find, each with its place and its remedy.

use tasksequence::children::MAX_CHILD_DEPTH;

use super::steps::{Candidate, Walked};
use crate::{
    AbsentContent, Architecture, BootPlatform, Catalog, CatalogObject, ContentId, MediaDefinition,
    ObjectKind, Place, Problem, ProblemClass,
};

pub(super) fn missing_sequence(id: &ContentId, place: Place) -> Problem {
    let message = format!("the site has no task sequence `{id}`");
    Problem::error("task-sequence-missing", ProblemClass::Missing, message)
        .remedy(format!("import it, or put it into task-sequences/{id}.xml"))
        .at(place)
}

/// The word for a kind that only people can know.
pub(super) const ANY_KIND: &str = "KIND";

/// What mends a name that is no id: no flag of `tsmedia content add` takes it.
pub(super) const REMEDY_ALIAS: &str = "import it from where the task sequence comes from, or \
    write the name into an object's file, as model-name, guid or selection-profile";

pub(super) fn unknown_object(name: &str, kind: &str, why: &str, place: Place) -> Problem {
    let message = format!("the catalog has no object `{name}` ({why})");
    let remedy = match name.parse::<ContentId>() {
        Ok(id) => format!("add it with `tsmedia content add {kind} NAME --id {id} --source PATH`"),
        Err(_) => REMEDY_ALIAS.to_owned(),
    };
    Problem::error("content-missing", ProblemClass::Missing, message).remedy(remedy).at(place)
}

/// What is wrong with a content that has no files: each broken piece, else each place searched.
///
/// `place` is where the content is asked for, as far as that is known.
pub fn absent_content(
    object: &CatalogObject,
    content: &ContentId,
    catalog: &Catalog,
    place: &Place,
) -> Vec<Problem> {
    let nowhere = AbsentContent::default();
    let absent = catalog.absent.get(content).unwrap_or(&nowhere);
    let place = Place { object: Some(object.id.clone()), ..place.clone() };
    let name = &object.name;
    let error = |message: String| {
        Problem::error("content-missing", ProblemClass::Missing, message).at(place.clone())
    };
    if !absent.damage.is_empty() {
        let broken = |damage: &String| {
            error(format!("content `{content}` ({name}) is broken: {damage}"))
                .remedy("distribute the content again")
        };
        return absent.damage.iter().map(broken).collect();
    }
    let update = format!("tsmedia content update {} --source PATH", object.id);
    if absent.places.is_empty() {
        let message = format!("content `{content}` ({name}) has no source");
        return vec![error(message).remedy(format!("say where its files are: `{update}`"))];
    }
    let places = absent.places.join("; ");
    let message = format!(
        "content `{content}` ({name}) has files on no distribution point; looked for at: {places}"
    );
    vec![error(message).remedy(format!("put its files there, or `{update}`"))]
}

/// An application that nobody has described: its content is not known, and so it would be missing.
pub(super) fn no_deployment_type(object: &CatalogObject, place: Place) -> Option<Problem> {
    let ObjectKind::Application(application) = &object.kind else { return None };
    if !application.deployment_types.is_empty() {
        return None;
    }
    let (id, name) = (&object.id, &object.name);
    let message = format!("application `{id}` ({name}) has no deployment type, so no content");
    let problem = Problem::error("content-missing", ProblemClass::Missing, message)
        .remedy(format!("say where its files are: `tsmedia content update {id} --source PATH`"));
    Some(problem.at(Place { object: Some(id.clone()), ..place }))
}

/// The boot image that the media start from, if there is one; else says why not.
pub(super) fn boot_image<'a>(
    definition: &'a MediaDefinition,
    catalog: &'a Catalog,
    problems: &mut Vec<Problem>,
) -> Option<&'a ContentId> {
    let sequence = definition.task_sequence.as_ref().and_then(|id| catalog.task_sequences.get(id));
    let error =
        |message: String| Problem::error("boot-image-missing", ProblemClass::Missing, message);
    let of_sequence = sequence.and_then(|entry| entry.info.boot_image.as_ref());
    let Some(id) = definition.boot_image.as_ref().or(of_sequence) else {
        // Without its task sequence nothing is known of a boot image, and that is reported.
        if sequence.is_some() || definition.task_sequence.is_none() {
            let message = "neither the definition nor the task sequence names a boot image".into();
            let remedy = "write boot-image = \"…\" into the table [media]";
            let place = sequence.map(|entry| Place::sequence(&entry.id)).unwrap_or_default();
            problems.push(error(message).remedy(remedy).at(place));
        }
        return None;
    };
    let place = Place { sequence: sequence.map(|entry| entry.id.clone()), ..Place::object(id) };
    let Some((id, object)) = catalog.objects.get_key_value(id) else {
        let remedy = format!(
            "add it with `tsmedia content add boot-image NAME --id {id} --architecture ARCHITECTURE \
             --source PATH`"
        );
        let message = format!("the catalog has no boot image `{id}`");
        problems.push(error(message).remedy(remedy).at(place));
        return None;
    };
    if !matches!(object.kind, ObjectKind::BootImage { .. }) {
        let message = format!("`{id}` is no boot image but of kind {}", object.kind.as_str());
        problems.push(error(message).remedy("name a boot image").at(place));
        return None;
    }
    if !catalog.locations.contains_key(id) {
        let absent = absent_content(object, id, catalog, &place);
        problems.extend(absent.into_iter().map(|p| Problem { rule: "boot-image-missing", ..p }));
    }
    Some(id)
}

pub(super) fn missing_child(name: &str, place: Place) -> Problem {
    let message = format!("the site has no task sequence `{name}`, which the step runs");
    Problem::error("child-missing", ProblemClass::Missing, message)
        .remedy("import it, or disable the step")
        .at(place)
}

pub(super) fn child_cycle(path: &[&ContentId], child: &ContentId, place: Place) -> Problem {
    let from = path.iter().position(|id| *id == child).unwrap_or(0);
    let mut words: Vec<&str> = path[from..].iter().map(|id| id.as_str()).collect();
    words.push(child.as_str());
    let message = format!("task sequences run each other in a circle: {}", words.join(" → "));
    Problem::error("child-cycle", ProblemClass::Finding, message)
        .remedy("remove or disable one of these steps")
        .at(place)
}

pub(super) fn child_depth(path: &[&ContentId], place: Place) -> Problem {
    let words: Vec<&str> = path.iter().map(|id| id.as_str()).collect();
    let message =
        format!("child sequences nest deeper than {MAX_CHILD_DEPTH} levels: {}", words.join(" → "));
    Problem::error("child-depth", ProblemClass::Finding, message)
        .remedy("make the chain of children shorter")
        .at(place)
}

pub(super) fn lacking_dependencies(id: &ContentId, lacking: &[&str], place: Place) -> Problem {
    let lacking = lacking.join(", ");
    let message = format!("application `{id}` depends on {lacking}, which the media do not hold");
    Problem::warning("standalone-application-dependency", message)
        .remedy("write application-dependencies = true into the table [content]")
        .at(Place { object: Some(id.clone()), ..place })
}

/// The applications that the runtime would install each time, as nothing says when they are there.
/// Other runtimes know rules of their own.
pub(super) fn no_detection(
    objects: &[ContentId],
    boot_image: &ContentId,
    catalog: &Catalog,
) -> Option<Problem> {
    let boot = catalog.objects.get(boot_image).map(|object| &object.kind);
    let Some(ObjectKind::BootImage { platform: BootPlatform::Linux, .. }) = boot else {
        return None;
    };
    let undetected = objects.iter().filter(|id| {
        let kind = catalog.objects.get(*id).map(|object| &object.kind);
        let Some(ObjectKind::Application(application)) = kind else { return false };
        application.deployment_types.iter().any(|known| known.detection.is_none())
    });
    let names: Vec<&str> = undetected.map(ContentId::as_str).collect();
    let names = (!names.is_empty()).then(|| names.join(", "))?;
    let message = format!("nothing says whether these applications are installed: {names}");
    let problem = Problem::note("detection-missing", message);
    Some(problem.remedy("write `detection` into their deployment types, or let them install again"))
}

pub(super) fn candidate(candidate: &Candidate) -> Problem {
    let id = &candidate.object;
    let message = format!("`{id}` is the value of a variable, and the media do not hold it");
    Problem::note("content-candidate", message)
        .remedy("if a step uses it, list it in the table [content]")
        .at(candidate.place.clone())
}

/// Compares the boot image's architecture with those of the images that steps apply.
pub(super) fn architectures(
    walked: &Walked,
    sequence: &ContentId,
    boot_image: &ContentId,
    catalog: &Catalog,
) -> Vec<Problem> {
    let boot = catalog.objects.get(boot_image).map(|object| &object.kind);
    let Some(ObjectKind::BootImage { architecture, .. }) = boot else { return Vec::new() };
    let mut problems = Vec::new();
    for step in &walked.steps {
        let place = || Place { step: Some(step.path.clone()), ..Place::sequence(sequence) };
        let objects = step.objects.iter().filter_map(|id| catalog.objects.get(id));
        problems.extend(objects.filter_map(|object| {
            Some(
                unfit(object, *architecture, boot_image)?
                    .at(Place { object: Some(object.id.clone()), ..place() }),
            )
        }));
    }
    problems
}

fn unfit(object: &CatalogObject, boot: Architecture, boot_image: &ContentId) -> Option<Problem> {
    let ObjectKind::OsImage { images } = &object.kind else { return None };
    let known: Vec<Architecture> = images.iter().filter_map(|image| image.architecture).collect();
    let unfit = known.iter().find(|os| !boot.installs(**os))?;
    let message = format!(
        "boot image `{boot_image}` is for {}, but `{}` ({}) holds an image for {}",
        boot.as_str(),
        object.id,
        object.name,
        unfit.as_str()
    );
    // Which of several images the step applies may depend on a variable.
    let all = known.iter().all(|os| !boot.installs(*os)) && known.len() == images.len();
    let problem = if all {
        Problem::error("boot-image-arch", ProblemClass::Finding, message)
    } else {
        Problem::warning("boot-image-arch", message)
    };
    let fitting = if *unfit == Architecture::X64 { "x64 or x86" } else { unfit.as_str() };
    Some(problem.remedy(format!("use a boot image for {fitting}")))
}
