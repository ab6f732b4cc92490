//! Download Package Content: from the media, which have it already.

use std::path::{Path, PathBuf};

use tasksequence::run::{StepEnd, StepRun, Value};

use super::done;
use crate::provider::{Host, Provider, StepFailure, value_of};

/// Copies packages to a folder, or leaves them where they are, and says in variables where.
pub(super) struct DownloadPackageContent;

impl Provider for DownloadPackageContent {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        let text = |name: &str, host: &dyn Host| value_of(step, host, name).text().to_owned();
        let list = text("OSDDownloadDownloadPackages", host);
        let ids: Vec<&str> = list.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        let variable = text("OSDDownloadDestinationVariable", host);
        let destination = destination_of(step, host)?;
        for (number, id) in (1..).zip(ids) {
            let folder = match &destination {
                None => host.content(id)?,
                Some(base) => {
                    let target = base.join(id);
                    host.copy_content(id, &target)?;
                    target
                }
            };
            if !variable.trim().is_empty() {
                let name = format!("{}{number:02}", variable.trim());
                host.set_variable(&name, Value::plain(folder.display().to_string()))?;
            }
        }
        Ok(done())
    }
}

/// The folder to copy to; `None` for the cache, where content can be used as it is.
fn destination_of(step: &StepRun, host: &dyn Host) -> Result<Option<PathBuf>, StepFailure> {
    let kind = value_of(step, host, "OSDDownloadDestinationLocationType");
    if !kind.text().trim().eq_ignore_ascii_case("Custom") {
        return Ok(None);
    }
    let path = value_of(step, host, "OSDDownloadDestinationPath");
    let path = Path::new(path.text().trim());
    if !path.is_absolute() {
        return Err(StepFailure::new("OSDDownloadDestinationPath is no absolute path"));
    }
    Ok(Some(path.to_owned()))
}
