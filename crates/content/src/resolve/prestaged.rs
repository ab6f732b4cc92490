//! What can be wrong with prestaged media only.

use crate::{
    Catalog, ContentId, MediaDefinition, ObjectKind, Place, Problem, ProblemClass, SequenceEntry,
};

/// What of the boot image and the OS image would make the factory's work useless.
pub(super) fn problems(
    definition: &MediaDefinition,
    sequence: Option<&SequenceEntry>,
    catalog: &Catalog,
) -> Vec<Problem> {
    let boot_image = sequence.and_then(|entry| boot_image_differs(definition, entry));
    boot_image.into_iter().chain(no_such_index(definition, catalog)).collect()
}

/// The computer starts the boot image on its disk and asks for the task sequence, which fails when
/// it wants another one.
fn boot_image_differs(definition: &MediaDefinition, sequence: &SequenceEntry) -> Option<Problem> {
    let of_definition = definition.boot_image.as_ref()?;
    let of_sequence = sequence.info.boot_image.as_ref()?;
    let message = format!(
        "the definition names boot image `{of_definition}`, task sequence `{}` runs from \
         `{of_sequence}`",
        sequence.id
    );
    (of_definition != of_sequence).then(|| {
        Problem::error("boot-image-differs", ProblemClass::Finding, message)
            .remedy("remove boot-image from [media], or change that of the task sequence")
            .at(Place::sequence(&sequence.id))
    })
}

fn no_such_index(definition: &MediaDefinition, catalog: &Catalog) -> Option<Problem> {
    let wanted = definition.image.as_ref()?;
    let object = catalog.objects.get(&wanted.os_image)?;
    let ObjectKind::OsImage { images } = &object.kind else { return None };
    let index = wanted.index?;
    if images.is_empty() || images.iter().any(|image| image.index == index) {
        return None;
    }
    let known: Vec<String> = images.iter().map(|image| image.index.to_string()).collect();
    let message = format!(
        "`{}` ({}) has no image {index}, but {}",
        wanted.os_image,
        object.name,
        known.join(", ")
    );
    let problem = Problem::error("image-index", ProblemClass::Definition, message);
    Some(problem.remedy("name one of these as image.index").at(Place::object(&object.id)))
}

/// A note: what is on the disk and never used only costs room.
pub(super) fn not_referenced(id: &ContentId) -> Problem {
    let message = format!("no step of the task sequence uses `{id}`, which is on the media");
    Problem::note("prestaged-unused", message)
        .remedy("remove it from the definition, or reference it in the task sequence")
        .at(Place::object(id))
}
