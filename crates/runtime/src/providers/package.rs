//! Install Package.

use cmtrace::LogType;
use content::{CatalogObject, ObjectKind, Program};
use tasksequence::run::{InstallList, StepEnd, StepRun};

use super::command_words::CommandWords;
use super::done;
use crate::commands::{Command, run_command};
use crate::provider::{Host, Provider, StepFailure, value_of};

/// Runs a program of a package, or those that variables list, one after the other.
pub(super) struct InstallPackage;

impl Provider for InstallPackage {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        let words = CommandWords::of(step.action.text());
        let program = value_of(step, host, "_SMSSWDProgramName");
        let listed: Vec<(String, String)> = match &step.install {
            Some(InstallList::Packages(packages)) => {
                packages.iter().map(|it| (it.package.clone(), it.program.clone())).collect()
            }
            _ => match words.option("/pkg:").filter(|package| !package.is_empty()) {
                Some(package) => vec![(package.to_owned(), program.text().to_owned())],
                None => return Err(StepFailure::new("it names no package")),
            },
        };
        let goes_on = step.install.is_some()
            && words
                .option("/continueOnError:")
                .is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let mut last = done();
        for (package, program) in listed {
            let end = install(step, host, &package, &program)?;
            let failed = !matches!(&end, StepEnd::Exited { code, .. }
                if step.success_codes.contains(code) || *code == 3010);
            if failed && goes_on {
                host.log(LogType::Error, &format!("`{program}` of {package} failed: {end:?}"));
                continue;
            }
            // A restart that one of several asks for is made once all are done.
            if failed || !matches!(&end, StepEnd::Exited { code: 0, .. }) {
                last = end;
            }
            if failed {
                break;
            }
        }
        Ok(last)
    }
}

fn install(
    step: &StepRun,
    host: &mut dyn Host,
    package: &str,
    name: &str,
) -> Result<StepEnd, StepFailure> {
    let program = {
        let object = host.object(package).ok_or_else(|| {
            StepFailure::new(format!("the media say nothing of the package `{package}`"))
        })?;
        program_of(object, name)?.clone()
    };
    let mut folder = host.content(package)?;
    if let Some(inside) = &program.working_directory {
        folder.push(inside.replace('\\', "/"));
    }
    host.log(LogType::Info, &format!("program `{}` of {package}", program.name));
    let command = Command { folder: Some(folder), ..Command::of_step(step, &program.command) };
    run_command(&command, host)
}

/// Names of programs have a case.
fn program_of<'o>(object: &'o CatalogObject, name: &str) -> Result<&'o Program, StepFailure> {
    let ObjectKind::Package { programs } = &object.kind else {
        return Err(StepFailure::new(format!("`{}` is no package", object.id)));
    };
    let found = match (name.trim(), &programs[..]) {
        ("" | "*", [only]) => Some(only),
        (name, programs) => programs.iter().find(|program| program.name == name),
    };
    found.ok_or_else(|| {
        let names: Vec<String> = programs.iter().map(|it| format!("`{}`", it.name)).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        StepFailure::new(format!(
            "the package `{}` has no program `{name}`; it has {names}",
            object.id
        ))
    })
}
