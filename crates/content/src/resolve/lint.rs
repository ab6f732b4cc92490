//! What the rules about task sequences find on these media.

use tasksequence::lint::{CheckContext, check};

use crate::{Catalog, ContentId, MediaDefinition, Problem};

/// Rules about references and boot images, which the resolver applies with all that it knows.
const RESOLVED: [&str; 8] = [
    "boot-image-arch",
    "child-cycle",
    "child-depth",
    "child-missing",
    "content-candidate",
    "content-disabled-only",
    "content-missing",
    "standalone-no-boot-image",
];

/// Rules that judge the whole run: a child sequence alone is no run.
const OF_WHOLE_RUNS: [&str; 3] =
    ["standalone-collection-variables", "standalone-not-os", "standalone-software-before-os"];

/// Checks the task sequences of stand-alone media; the first one runs the others.
pub(super) fn findings(
    definition: &MediaDefinition,
    sequences: &[&ContentId],
    catalog: &Catalog,
) -> Vec<Problem> {
    let variables: Vec<&str> =
        definition.customization.variables.keys().map(String::as_str).collect();
    let entry = |id: &str| catalog.task_sequences.get(&id.parse::<ContentId>().ok()?);
    let has_boot_image = |id: &str| entry(id).is_some_and(|entry| entry.info.boot_image.is_some());
    let context = |id| CheckContext {
        id,
        stand_alone: definition.is_stand_alone(),
        has_boot_image: Some(&has_boot_image),
        media_variables: &variables,
        password: Some(definition.security.password.is_some()),
        ..CheckContext::default()
    };
    let entries = sequences.iter().filter_map(|id| catalog.task_sequences.get(*id));
    let found = entries.enumerate().flat_map(|(position, entry)| {
        let found = check(&entry.sequence, &context(entry.id.as_str())).into_iter();
        let found = found.filter(move |finding| applies(finding.rule, position > 0));
        found.map(|finding| Problem::of_sequence(finding, &entry.id, &entry.file))
    });
    found.collect()
}

fn applies(rule: &str, is_child: bool) -> bool {
    let out_of_place = is_child && OF_WHOLE_RUNS.contains(&rule);
    !out_of_place && !RESOLVED.contains(&rule)
}
