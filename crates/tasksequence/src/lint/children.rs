//! Child sequences.

use super::Check;
use crate::problem::Severity;

pub(super) fn check(check: &mut Check<'_, '_>) {
    if let Some(followed) = &check.followed {
        check.findings.extend(followed.problems.iter().cloned());
    }
    let Some(has_boot_image) = check.context.has_boot_image else { return };
    for child in check.sequence.child_uses() {
        if child.enabled && has_boot_image(&child.id) {
            let message = format!("child sequence `{}` has a boot image of its own", child.id);
            let remedy = "remove it from the child: the parent's boot image counts";
            check.add("child-boot-image", Severity::Warning, child.place, message, remedy);
        }
    }
}
