//! The types of steps that this computer can do, and what does them.

mod answer_file;
mod application;
#[cfg(feature = "wim")]
mod apply_image;
#[cfg(feature = "wim")]
mod capture;
mod check_readiness;
mod command_line;
mod command_words;
mod download;
mod driver_package;
#[cfg(feature = "wim")]
mod existing;
mod package;
mod partition_disk;
mod powershell;

use tasksequence::Dialect;
use tasksequence::run::{StepEnd, Value};

#[cfg(feature = "wim")]
pub use apply_image::{ApplyDataImage, ApplyOperatingSystem};
#[cfg(feature = "wim")]
pub use capture::CaptureSystemImage;
pub use check_readiness::CheckReadiness;
pub use driver_package::ApplyDriverPackage;
pub use partition_disk::PartitionDisk;

use crate::provider::Provider;

/// The provider of a step type, such as `SMS_TaskSequence_RunCommandLineAction`.
///
/// `None` when there is none for this platform: `tsmedia ts check --target linux` finds those
/// before media are made.
pub fn provider_of(dialect: Dialect, type_name: &str) -> Option<&'static dyn Provider> {
    if dialect != Dialect::ConfigMgr {
        return None;
    }
    let stem = type_name.strip_prefix("SMS_TaskSequence_")?.strip_suffix("Action")?;
    Some(match stem {
        "RunCommandLine" => &command_line::RunCommandLine,
        "RunPowerShellScript" => &powershell::RunPowerShellScript,
        "InstallSoftware" => &package::InstallPackage,
        "InstallApplication" => &application::InstallApplication,
        "DownloadPackageContent" => &download::DownloadPackageContent,
        "ApplyWindowsSettings" | "ApplyNetworkSettings" | "JoinDomainWorkgroup" => {
            &answer_file::RecordSettings
        }
        #[cfg(feature = "wim")]
        "ApplyDataImage" => &ApplyDataImage,
        "ApplyDriverPackage" => &ApplyDriverPackage,
        #[cfg(feature = "wim")]
        "ApplyOperatingSystem" => &ApplyOperatingSystem,
        #[cfg(feature = "wim")]
        "CaptureSystemImage" => &CaptureSystemImage,
        "PartitionDisk" => &PartitionDisk,
        "PrestartCheck" => &CheckReadiness,
        _ => return None,
    })
}

/// A step that did all there was to do.
fn done() -> StepEnd {
    StepEnd::Exited { code: 0, output: Value::default() }
}
