//! Run PowerShell Script.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use tasksequence::run::{StepEnd, StepRun};

use crate::commands::{Command, run_command};
use crate::provider::{Host, Provider, StepFailure, value_of};

/// Runs a script of a package, or one that the sequence holds, with `pwsh`.
pub(super) struct RunPowerShellScript;

impl Provider for RunPowerShellScript {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        let pwsh = program().ok_or_else(|| {
            StepFailure::new("there is no `pwsh` on this computer: put PowerShell into the image")
        })?;
        let value = |host: &dyn Host, name: &str| value_of(step, host, name).text().to_owned();
        let source = value(host, "OSDRunPowerShellScriptSourceScript");
        let package = value(host, "OSDRunPowerShellScriptPackageID");
        let (script, package) = if source.trim().is_empty() {
            let name = value(host, "OSDRunPowerShellScriptScriptName").replace('\\', "/");
            if name.trim().is_empty() || package.trim().is_empty() {
                return Err(StepFailure::new("it names neither a script nor a package with one"));
            }
            let folder = host.content(package.trim())?;
            (folder.join(name.trim().trim_start_matches("./")), Some(folder))
        } else {
            (write_script(&source, host)?, None)
        };
        let parameters = value(host, "OSDRunPowerShellScriptParameters");
        // The shell takes quotes and blanks apart, as PowerShell's own command line would.
        let line = format!(
            "exec \"$0\" -NoProfile -NonInteractive -File \"$1\" {}",
            parameters.replace(['\r', '\n'], " ")
        );
        let words = ["/bin/sh", "-c", &line].map(OsString::from);
        let words = words.into_iter().chain([pwsh.into(), script.into()]).collect();
        let said = value(host, "SMSTSRunPowerShellWorkingDirectory");
        let folder = if said.trim().is_empty() { package } else { Some(said.trim().into()) };
        run_command(&Command { words, folder, ..Command::of_step(step, "") }, host)
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join("pwsh")).find(|it| it.is_file())
}

/// Writes a script that the sequence holds to a file; PowerShell reads UTF-8.
fn write_script(source: &str, host: &dyn Host) -> Result<PathBuf, StepFailure> {
    let text = tasksequence::script::decode_script(source)
        .map_err(|error| StepFailure::new(format!("its script cannot be read: {error}")))?;
    let folder = host.scratch_folder();
    let path = folder.join("script.ps1");
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| StepFailure::new(format!("cannot write `{}`: {error}", path.display())))?;
    Ok(path)
}
