//! The boot image, and Setup Windows.

use super::{Architecture, BootImage, Check};
use crate::problem::{Place, Severity};
use crate::sequence::Dialect;
use crate::step::RunIn;

pub(super) fn check(check: &mut Check<'_, '_>) {
    if check.sequence.dialect() != Dialect::ConfigMgr {
        return;
    }
    match check.context.boot_image {
        BootImage::Unknown => {}
        BootImage::Absent => {
            if check.context.stand_alone {
                check.add(
                    "standalone-no-boot-image",
                    Severity::Error,
                    Place::document("BootImageID"),
                    "the sequence has no boot image".to_owned(),
                    "name a boot image",
                );
            }
        }
        BootImage::Named { powershell, .. } => {
            architecture(check);
            if powershell == Some(false) {
                scripts(check);
            }
        }
    }
    setup(check);
}

fn architecture(check: &mut Check<'_, '_>) {
    let BootImage::Named { id: boot_id, architecture: Some(boot), .. } = check.context.boot_image
    else {
        return;
    };
    let Some(architecture_of) = check.context.image_architecture else { return };
    for placed in check.steps() {
        let Some(step) = placed.step().filter(|step| step.stem() == "ApplyOperatingSystem") else {
            continue;
        };
        let variables = step.variables();
        for source in ["ImagePackageID", "InstallPackageID"] {
            let id = variables.get(source).unwrap_or_default().trim();
            let system = (!id.is_empty()).then(|| architecture_of(id)).flatten();
            if let Some(system) = system.filter(|system| !starts_on(boot, *system)) {
                let message = format!(
                    "the boot image `{boot_id}` is for {}, the operating system `{id}` for {}",
                    boot.as_str(),
                    system.as_str(),
                );
                let remedy = "choose a boot image of the operating system's architecture";
                let place = Place::Step(placed.path.clone());
                check.add("boot-image-arch", Severity::Error, place, message, remedy);
            }
        }
    }
}

/// Whether a computer for this operating system starts this boot image: one for 64-bit Intel
/// processors starts the 32-bit boot image too.
fn starts_on(boot: Architecture, system: Architecture) -> bool {
    boot == system || (boot == Architecture::X86 && system == Architecture::X64)
}

/// Scripts run in Windows PE up to Setup Windows, unless the step says otherwise.
fn scripts(check: &mut Check<'_, '_>) {
    for placed in check.steps() {
        let Some(step) = placed.step() else { continue };
        match step.stem() {
            "SetupWindowsAndSMS" => break,
            "RunPowerShellScript" if step.run_in() != Some(RunIn::FullOs) => {
                check.add(
                    "prestart-powershell",
                    Severity::Error,
                    Place::Step(placed.path.clone()),
                    "the script may run in the boot image, which has no PowerShell".to_owned(),
                    "add the PowerShell component to the boot image",
                );
            }
            _ => {}
        }
    }
}

fn setup(check: &mut Check<'_, '_>) {
    for placed in check.steps() {
        let is_setup = placed
            .step()
            .is_some_and(|s| s.stem() == "SetupWindowsAndSMS" && s.continue_on_error());
        if is_setup {
            check.add(
                "setup-coe",
                Severity::Warning,
                Place::Step(placed.path.clone()),
                "continue on error has no effect on Setup Windows and ConfigMgr".to_owned(),
                "remove continue on error from the step",
            );
        }
    }
}
