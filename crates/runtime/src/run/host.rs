//! What steps get from a run.

use std::path::{Path, PathBuf};

use ::content::CatalogObject;
use cmtrace::LogType;
use tasksequence::run::{Environment, Event, Running, Value};

use super::Run;
use crate::place::OWN_FOLDER;
use crate::provider::{Host, StepFailure};
use crate::volume::Volumes;

impl Host for Run<'_> {
    fn environment(&self) -> &Environment {
        self.machine.environment()
    }

    fn set_variable(&mut self, name: &str, value: Value) -> Result<(), StepFailure> {
        let event = Event::VariableSet { name: name.to_owned(), value };
        self.machine.handle(event).map_err(|error| StepFailure::because(&error))
    }

    fn set_engine_variable(&mut self, name: &str, value: Value) -> Result<(), StepFailure> {
        let event = Event::EngineVariableSet { name: name.to_owned(), value };
        self.machine.handle(event).map_err(|error| StepFailure::because(&error))
    }

    fn running(&self) -> Running {
        self.running
    }

    fn content(&mut self, id: &str) -> Result<PathBuf, StepFailure> {
        self.provide(id)
    }

    fn copy_content(&mut self, id: &str, to: &Path) -> Result<(), StepFailure> {
        self.copy_out(id, to)
    }

    fn object(&self, id: &str) -> Option<&CatalogObject> {
        self.objects.find(id)
    }

    fn volumes(&self) -> &Volumes {
        &self.volumes
    }

    fn set_volumes(&mut self, volumes: Volumes) -> Result<(), StepFailure> {
        self.take_volumes(volumes)
    }

    fn release_disk(&mut self, disk: u32) -> Result<(), StepFailure> {
        self.leave_disk(disk)
    }

    fn media_device(&self) -> Option<&Path> {
        self.medium.as_ref()?.device.as_deref()
    }

    fn prestaged_device(&self) -> Option<&Path> {
        self.prestaged.as_ref()?.device.as_deref()
    }

    fn own_folder(&self) -> &'static str {
        OWN_FOLDER
    }

    fn scratch_folder(&self) -> PathBuf {
        self.folder.path().join("Temp")
    }

    fn log(&mut self, kind: LogType, text: &str) {
        self.log.write(kind, text);
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.screen.progress(done, total);
    }
}
