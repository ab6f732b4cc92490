//! Steps that nothing on a platform does.

use crate::problem::{Finding, Place, Severity};
use crate::run;
use crate::sequence::{Dialect, TaskSequence};
use crate::step::Item;

/// Finds the enabled steps that nothing on a platform does.
///
/// `has_provider` says whether something there does the steps of a type; a type is empty where a
/// step has none. Steps that the run does itself need nobody ([`run::does_itself`]), and a child
/// sequence is checked by itself. `platform` is what messages call it: `linux`.
pub fn without_provider(
    sequence: &TaskSequence,
    platform: &str,
    has_provider: &dyn Fn(Dialect, &str) -> bool,
) -> Vec<Finding> {
    let dialect = sequence.dialect();
    let enabled = sequence.walk().into_iter().filter(|placed| placed.enabled);
    let found = enabled.filter_map(|placed| {
        let Item::Step(step) = placed.item else { return None };
        let type_name = step.type_name().unwrap_or_default();
        if run::does_itself(dialect, step) || has_provider(dialect, type_name) {
            return None;
        }
        let path = &placed.path;
        let what = match type_name {
            "" => "which has no type".to_owned(),
            _ => format!("of type `{}`", type_name.escape_debug()),
        };
        Some(Finding {
            rule: "no-provider",
            severity: Severity::Error,
            message: format!("nothing on {platform} does the step `{path}`, {what}"),
            child: None,
            place: Place::Step(placed.path),
            remedy: format!(
                "disable it, do its work with a command line, or start the media with something \
                 else than {platform}"
            ),
        })
    });
    found.collect()
}
