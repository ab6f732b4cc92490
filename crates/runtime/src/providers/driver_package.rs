use std::fs::{self, File};
use std::io;
use std::path::Path;

use cmtrace::LogType;
use tasksequence::run::{StepEnd, StepRun};

use super::command_words::CommandWords;
use super::done;
use crate::provider::{Host, Provider, StepFailure};

/// Where a system finds the drivers that were laid there for it.
const FOLDER: &str = "usr/lib/tsmedia/drivers";

/// Apply Driver Package: its files go to `/usr/lib/tsmedia/drivers/<id>` of the system that was
/// applied, for a later step or the system's own first start to install.
pub struct ApplyDriverPackage;

impl Provider for ApplyDriverPackage {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        let words = CommandWords::of(step.action.text());
        let id = words.option("/install:").unwrap_or_default().trim().to_owned();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || !id.chars().all(is_plain) {
            return Err(StepFailure::new("the step names no driver package: /install is missing"));
        }
        let system = host.volumes().system().and_then(|volume| volume.mount.clone());
        let Some(root) = system else {
            return Err(StepFailure::new(
                "no operating system was applied yet that drivers could go to: Apply Operating \
                 System has to come first",
            ));
        };
        let target = root.join(FOLDER).join(&id);
        place(&id, &target, host)?;
        host.log(LogType::Info, &format!("the drivers are in `{}`", target.display()));
        Ok(done())
    }
}

/// Copies a content to a folder that has its name only when it is whole and on its disk, and takes
/// the place of what was there.
fn place(id: &str, to: &Path, host: &mut dyn Host) -> Result<(), StepFailure> {
    let partial = to.with_extension("partial");
    let failed = |path: &Path, error: io::Error| {
        StepFailure::new(format!("cannot make `{}`: {error}", path.display()))
    };
    for folder in [&*partial, to] {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(folder, error));
            }
            _ => {}
        }
    }
    fs::create_dir_all(&partial).map_err(|error| failed(&partial, error))?;
    host.copy_content(id, &partial)?;
    File::open(&partial)
        .and_then(|it| Ok(rustix::fs::syncfs(it)?))
        .and_then(|()| fs::rename(&partial, to))
        .map_err(|error| failed(to, error))
}
