use cmtrace::LogType;
use tasksequence::run::{StepEnd, StepRun};

use super::command_words::CommandWords;
use super::done;
use crate::copy_tree::copy_whole;
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
        let content = host.content(&id)?;
        let target = root.join(FOLDER).join(&id);
        copy_whole(&content, &target, host)?;
        host.log(LogType::Info, &format!("the drivers are in `{}`", target.display()));
        Ok(done())
    }
}
