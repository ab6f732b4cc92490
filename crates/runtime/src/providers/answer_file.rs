//! Apply Windows Settings, Apply Network Settings, and Join Domain or Workgroup.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use tasksequence::run::{StepEnd, StepRun, Value};

use super::done;
use crate::provider::{Host, Provider, StepFailure};

/// Where the settings are recorded, below the root of the installed system.
const ANSWERS: &str = "etc/tsmedia/answers.json";

/// Records what the step says in an answer file of the installed system, for what configures it.
///
/// A JSON object: the names of the step's variables and their values, those of later steps beside
/// and over those of earlier ones. It may hold passwords, and only the system may read it. Host name
/// and time zone of a Linux system are set at once, too.
pub(super) struct RecordSettings;

impl Provider for RecordSettings {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        let root = match host.volumes().system().and_then(|volume| volume.mount.clone()) {
            Some(root) => root,
            None if host.running() == tasksequence::run::Running::FullOs => "/".into(),
            None => {
                return Err(StepFailure::new(
                    "there is no installed system yet: put the step behind Apply Operating System",
                ));
            }
        };
        record(&root, &step.variables).map_err(|error| {
            StepFailure::new(format!("cannot write `{}`: {error}", root.join(ANSWERS).display()))
        })?;
        Ok(done())
    }
}

fn record(root: &Path, variables: &[(String, Value)]) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let path = root.join(ANSWERS);
    let known = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let mut answers: BTreeMap<String, String> = known;
    for (name, value) in variables.iter().filter(|(_, value)| !value.text().is_empty()) {
        answers.insert(name.clone(), value.text().to_owned());
        match name.to_ascii_lowercase().as_str() {
            "osdcomputername" if root.join("etc").is_dir() => {
                fs::write(root.join("etc/hostname"), format!("{}\n", value.text()))?;
            }
            "osdtimezone" if is_zone(root, value.text()) => {
                let link = root.join("etc/localtime");
                // It may be missing, and is replaced as a whole.
                let _ = fs::remove_file(&link);
                let zone = format!("/usr/share/zoneinfo/{}", value.text());
                std::os::unix::fs::symlink(zone, link)?;
            }
            _ => {}
        }
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    serde_json::to_writer_pretty(file, &answers).map_err(io::Error::other)?;
    fs::rename(new, path)
}

/// Windows has other names of zones; those are recorded and no more.
fn is_zone(root: &Path, name: &str) -> bool {
    !name.split('/').any(|part| matches!(part, "" | "." | ".."))
        && root.join("usr/share/zoneinfo").join(name).is_file()
}
