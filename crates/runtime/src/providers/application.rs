//! Install Application.

use cmtrace::LogType;
use content::{CatalogObject, ContentId, DeploymentType};
use tasksequence::run::{InstallList, StepEnd, StepRun};

use super::command_words::CommandWords;
use crate::commands::{Command, run_command};
use crate::objects::application;
use crate::provider::{Host, Provider, StepFailure};

/// Installs applications that the step or variables name: what they depend on first, and nothing
/// that is there already.
pub(super) struct InstallApplication;

impl Provider for InstallApplication {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        let words = CommandWords::of(step.action.text());
        let named: Vec<String> = match &step.install {
            Some(InstallList::Applications { names, skipped }) => {
                for variable in skipped {
                    let text = format!("the value of {variable} is no application; it is skipped");
                    host.log(LogType::Warning, &text);
                }
                names.clone()
            }
            _ => {
                let list = words.option("/app:").unwrap_or_default();
                list.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect()
            }
        };
        let goes_on =
            words.option("/continueOnError:").is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let mut installer = Installer { step, host, way: Vec::new(), restart: false };
        for name in &named {
            let end = match installer.install(name)? {
                Done::Installed => continue,
                Done::Failed(end) => end,
            };
            if !goes_on {
                return Ok(end);
            }
            installer.host.log(LogType::Error, &format!("`{name}` failed; the next one follows"));
        }
        let code = if installer.restart { 3010 } else { 0 };
        Ok(StepEnd::Exited { code, output: Default::default() })
    }
}

enum Done {
    Installed,
    Failed(StepEnd),
}

struct Installer<'a> {
    step: &'a StepRun,
    host: &'a mut dyn Host,
    /// The applications that wait for what they depend on.
    way: Vec<ContentId>,
    /// Whether one of them wants a restart, which is made once all are done.
    restart: bool,
}

impl Installer<'_> {
    fn install(&mut self, name: &str) -> Result<Done, StepFailure> {
        let object = self.host.object(name).cloned().ok_or_else(|| {
            StepFailure::new(format!("the media say nothing of the application `{name}`"))
        })?;
        if self.way.contains(&object.id) {
            return Err(StepFailure::new(format!("`{}` depends on itself", object.id)));
        }
        let kind = type_of(&object)?.clone();
        if self.is_installed(&kind)? {
            let text = format!("the application `{}` is installed already", object.name);
            self.host.log(LogType::Info, &text);
            return Ok(Done::Installed);
        }
        self.way.push(object.id.clone());
        let dependencies = self.install_dependencies(&kind);
        self.way.pop();
        if let Done::Failed(end) = dependencies? {
            return Ok(Done::Failed(end));
        }
        self.run_installer(&object, &kind)
    }

    /// Of each group one must be installed: the first one is, unless another one is there.
    fn install_dependencies(&mut self, kind: &DeploymentType) -> Result<Done, StepFailure> {
        for group in &kind.dependencies {
            let mut there = false;
            for id in &group.0 {
                let Some(object) = self.host.object(id.as_str()).cloned() else { continue };
                there |= self.is_installed(type_of(&object)?)?;
            }
            let Some(first) = group.0.first().filter(|_| !there) else { continue };
            if let Done::Failed(end) = self.install(first.as_str())? {
                return Ok(Done::Failed(end));
            }
        }
        Ok(Done::Installed)
    }

    fn run_installer(
        &mut self,
        object: &CatalogObject,
        kind: &DeploymentType,
    ) -> Result<Done, StepFailure> {
        self.host.log(LogType::Info, &format!("installing `{}` ({})", object.name, kind.name));
        let folder = match content_of(object, kind) {
            Some(id) => Some(self.host.content(id.as_str())?),
            None => None,
        };
        let folder = match (folder, &kind.working_directory) {
            (Some(folder), Some(inside)) => Some(folder.join(inside.replace('\\', "/"))),
            (folder, _) => folder,
        };
        let command = Command {
            folder,
            success_codes: &kind.success_codes,
            ..Command::of_step(self.step, &kind.install)
        };
        let end = run_command(&command, self.host)?;
        let StepEnd::Exited { code, .. } = &end else { return Ok(Done::Failed(end)) };
        if !kind.success_codes.contains(code) {
            return Ok(Done::Failed(end));
        }
        self.restart |= *code == 3010;
        if kind.detection.is_some() && !self.is_installed(kind)? {
            return Err(StepFailure::new(format!(
                "`{}` was installed with code {code}, and its detection does not find it",
                object.name
            )));
        }
        Ok(Done::Installed)
    }

    /// What has no detection is never there already.
    fn is_installed(&mut self, kind: &DeploymentType) -> Result<bool, StepFailure> {
        use content::Detection;
        Ok(match &kind.detection {
            None => false,
            Some(Detection::File(path)) => std::fs::symlink_metadata(path).is_ok(),
            Some(Detection::Command(line)) => {
                let command = Command { hidden: true, ..Command::of_step(self.step, line) };
                matches!(run_command(&command, self.host)?, StepEnd::Exited { code: 0, .. })
            }
        })
    }
}

/// The deployment type that counts: the first.
fn type_of(object: &CatalogObject) -> Result<&DeploymentType, StepFailure> {
    let types = application(object).map(|it| &it.deployment_types[..]);
    types.and_then(<[_]>::first).ok_or_else(|| {
        StepFailure::new(format!("`{}` is no application with a deployment type", object.id))
    })
}

fn content_of(object: &CatalogObject, kind: &DeploymentType) -> Option<ContentId> {
    let own = kind.source.is_some().then(|| object.id.clone());
    kind.content.clone().or(own)
}
