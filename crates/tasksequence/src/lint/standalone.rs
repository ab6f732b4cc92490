//! What stand-alone media do not support.

use super::Check;
use crate::problem::{Place, Severity};
use crate::reference::DynamicKind;
use crate::sequence::{Dialect, TaskSequence};
use crate::walk::Placed;

/// Variables that turn user device affinity on.
const AFFINITY: &[&str] = &["SMSTSAssignUsersMode", "SMSTSUDAUsers"];

pub(super) fn check(check: &mut Check<'_, '_>) {
    if check.sequence.dialect() != Dialect::ConfigMgr {
        return;
    }
    let steps = check.steps();
    for placed in &steps {
        by_type(check, placed);
    }
    before_setup(check, &steps);
    dynamic(check);
    affinity(check);
    installs_system(check);
}

fn by_type(check: &mut Check<'_, '_>, placed: &Placed<'_>) {
    let Some(step) = placed.step() else { return };
    let variables = step.variables();
    let filled = |name: &str| variables.get(name).is_some_and(|value| !value.trim().is_empty());
    let (rule, severity, message, remedy) = match step.stem() {
        "AutoApply" => (
            "standalone-auto-apply-drivers",
            Severity::Error,
            "Auto Apply Drivers needs the driver catalog of a site",
            "use Apply Driver Package with conditions",
        ),
        "DownloadPackageContent" => (
            "standalone-download-content",
            Severity::Error,
            "Download Package Content needs a management point",
            "use steps that name the packages; the vendor's client fails here even if the media \
             hold them",
        ),
        "InstallUpdate" => (
            "standalone-software-updates",
            Severity::Error,
            "Install Software Updates needs a software update point",
            "put the updates into the image, or install them offline from a package",
        ),
        "InstallSoftware" => (
            "standalone-install-package",
            Severity::Note,
            "Install Package fails on media of a central administration site",
            "nothing to do unless the medium is for the vendor's client",
        ),
        "SetupWindowsAndSMS" if filled("_SMSClientPreProductionPackageID") => (
            "standalone-preproduction-client",
            Severity::Error,
            "the step installs the pre-production client package",
            "use the production client package",
        ),
        "UpgradeOperatingSystem"
            if filled("OSDUpgradeFeatureUpdateName") || filled("OSDFeatureUpdateAssignmentID") =>
        {
            (
                "standalone-feature-update",
                Severity::Error,
                "the step upgrades by a feature update",
                "use an operating-system upgrade package",
            )
        }
        _ => return,
    };
    check.add_for_media(rule, severity, placed, message, remedy);
}

fn before_setup(check: &mut Check<'_, '_>, steps: &[Placed<'_>]) {
    let is = |placed: &Placed<'_>, stem: &str| placed.step().is_some_and(|s| s.stem() == stem);
    let Some(setup) = steps.iter().rposition(|placed| is(placed, "SetupWindowsAndSMS")) else {
        return;
    };
    for placed in &steps[..setup] {
        if is(placed, "InstallApplication") || is(placed, "InstallSoftware") {
            check.add_for_media(
                "standalone-software-before-os",
                Severity::Error,
                placed,
                "software is installed before Setup Windows and ConfigMgr",
                "move the step behind Setup Windows and ConfigMgr",
            );
        }
    }
}

fn dynamic(check: &mut Check<'_, '_>) {
    for list in check.sequence.dynamic_lists().into_iter().filter(|list| list.enabled) {
        let (rule, message) = match list.kind {
            DynamicKind::Packages => (
                "standalone-dynamic-packages",
                format!("the packages come from the variables `{}001` and following", list.base),
            ),
            DynamicKind::Applications => (
                "standalone-dynamic-applications",
                format!("the applications come from the variables `{}01` and following", list.base),
            ),
            DynamicKind::Download => (
                "standalone-download-content",
                "the command is Download Package Content, which needs a management point"
                    .to_owned(),
            ),
            DynamicKind::Id => continue,
        };
        let remedy = "name the objects in steps; listed as extra content they are on the media, \
                      but the vendor's client does not find them";
        if let Some(placed) = check.step_at(&list.place) {
            check.add_for_media(rule, Severity::Error, &placed, &message, remedy);
        }
    }
}

fn affinity(check: &mut Check<'_, '_>) {
    let remedy = "remove the variable";
    let is_affinity = |name: &str| AFFINITY.iter().any(|known| known.eq_ignore_ascii_case(name));
    for assignment in check.sequence.assignments() {
        let sets = assignment.enabled && !assignment.value.trim().is_empty();
        if !sets || !is_affinity(&assignment.variable) {
            continue;
        }
        let message = format!("`{}` asks for user device affinity", assignment.variable);
        if let Some(placed) = check.step_at(&assignment.place) {
            check.add_for_media("standalone-affinity", Severity::Error, &placed, &message, remedy);
        }
    }
    for name in check.context.media_variables.iter().filter(|name| is_affinity(name)) {
        let message = format!("the media variable `{name}` asks for user device affinity");
        let place = Place::document("media variables");
        check.add("standalone-affinity", Severity::Error, place, message, remedy);
    }
}

fn installs_system(check: &mut Check<'_, '_>) {
    let children = check.followed.iter().flat_map(|followed| &followed.sequences);
    let mut sequences = children.map(|child| child.sequence).chain([check.sequence]);
    if !sequences.any(installs) {
        check.add(
            "standalone-not-os",
            Severity::Note,
            Place::document("sequence"),
            "no step applies or upgrades an operating system".to_owned(),
            "nothing to do unless the medium is for the vendor's client, which refuses it",
        );
    }
}

fn installs(sequence: &TaskSequence) -> bool {
    sequence.walk().iter().filter(|placed| placed.enabled).any(|placed| {
        let stem = placed.step().map_or("", |step| step.stem());
        matches!(stem, "ApplyOperatingSystem" | "UpgradeOperatingSystem")
    })
}
