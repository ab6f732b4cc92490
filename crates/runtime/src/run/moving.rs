//! Moving the run's folder to the target's disk, and away from one that is erased.

use std::path::PathBuf;

use cmtrace::{Log, LogType};
use tasksequence::run::{Event, Value};

use super::{LOG_COMPONENT, LOG_NAME, Run};
use crate::media::Medium;
use crate::place::{OWN_FOLDER, RunFolder};
use crate::provider::StepFailure;
use crate::volume::{FileSystem, Volume, VolumeRole, Volumes};

impl Run<'_> {
    /// Takes over what partitions there are now, mounts them, and moves the run's folder to the one
    /// that is best for it.
    pub(super) fn take_volumes(&mut self, volumes: Volumes) -> Result<(), StepFailure> {
        self.volumes = volumes;
        self.computer
            .mount(&mut self.volumes)
            .map_err(|error| StepFailure::new(format!("cannot mount a partition: {error}")))?;
        if self.volumes.holding(self.folder.path()).is_none()
            && let Some(folder) = self.best_folder()
        {
            self.move_folder(&folder)?;
        }
        self.save();
        Ok(())
    }

    /// Where the run's folder is best: where `SMSTSLocalDataDrive` says, else on the largest
    /// partition for data.
    fn best_folder(&self) -> Option<RunFolder> {
        let said = self.machine.environment().text("SMSTSLocalDataDrive").trim().to_owned();
        let usable = |volume: &&Volume| {
            volume.role == VolumeRole::Data
                && volume.mount.is_some()
                && volume.file_system != Some(FileSystem::Fat32)
        };
        let named = self.volumes.0.iter().find(|volume| {
            !said.is_empty() && volume.mount.as_ref().is_some_and(|at| at.as_os_str() == &*said)
        });
        let free = |volume: &Volume| -> u64 {
            let space = volume.mount.as_ref().map(rustix::fs::statvfs);
            space.and_then(Result::ok).map_or(0, |space| space.f_bavail * space.f_frsize)
        };
        let best = named
            .or_else(|| self.volumes.0.iter().filter(usable).max_by_key(|volume| free(volume)))?;
        Some(RunFolder::new(best.mount.as_ref()?.join(OWN_FOLDER)))
    }

    /// Moves the run's folder; contents that were in its cache are fetched again when they are
    /// needed.
    pub(super) fn move_folder(&mut self, folder: &RunFolder) -> Result<(), StepFailure> {
        let failed = |what: &str, error: std::io::Error| {
            StepFailure::new(format!("{what} `{}`: {error}", folder.path().display()))
        };
        self.folder.move_to(folder).map_err(|error| failed("cannot move the run to", error))?;
        self.folder = folder.clone();
        if let Some(medium) = &self.medium {
            let kept = folder.keep_manifests(&medium.root);
            kept.map_err(|error| failed("cannot copy the manifests to", error))?;
        }
        let has_manifests = folder.path().join("SMS/data/media.json").exists();
        let manifests = match &self.medium {
            Some(Medium { root, .. }) if !has_manifests => root.clone(),
            _ => folder.path().to_owned(),
        };
        self.contents.move_to(manifests, folder.cache());
        self.log = Log::open(&folder.logs().join(LOG_NAME), LOG_COMPONENT)
            .map_err(|error| failed("cannot write the log in", error))?;
        self.set_folder_variables();
        let path = folder.path().display();
        self.log.write(LogType::Info, &format!("the run's folder is `{path}`"));
        Ok(())
    }

    pub(super) fn set_folder_variables(&mut self) {
        let text = |path: PathBuf| Value::plain(path.display().to_string());
        let logs = text(self.folder.logs());
        let data = text(self.folder.path().to_owned());
        for (name, value) in [("_SMSTSLogPath", logs), ("_SMSTSMDataPath", data)] {
            self.handle(Event::EngineVariableSet { name: name.to_owned(), value });
        }
    }

    /// Lets go of a disk that is about to be erased.
    pub(super) fn leave_disk(&mut self, disk: u32) -> Result<(), StepFailure> {
        let holds = self.volumes.holding(self.folder.path()).is_some_and(|it| it.disk == disk);
        if holds {
            let folder = RunFolder::new(self.in_memory.clone());
            self.move_folder(&folder)?;
        }
        let (mut leaving, staying): (Vec<Volume>, Vec<Volume>) =
            std::mem::take(&mut self.volumes.0).into_iter().partition(|it| it.disk == disk);
        self.volumes.0 = staying;
        let mut gone = Volumes(std::mem::take(&mut leaving));
        self.computer.unmount(&mut gone);
        Ok(())
    }
}
