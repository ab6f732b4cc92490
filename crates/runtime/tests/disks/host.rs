//! A run of which only one step is played.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cmtrace::LogType;
use content::CatalogObject;
use runtime::provider::{Host, StepFailure};
use runtime::volume::Volumes;
use tasksequence::run::{Environment, Running, StepRef, StepRun, Value};
use tasksequence::{Dialect, StepPath};

use crate::tool;

/// The run: what it was asked for can be looked at afterwards.
#[derive(Default)]
pub struct FakeHost {
    pub environment: Environment,
    pub contents: BTreeMap<String, PathBuf>,
    pub volumes: Volumes,
    pub media: Option<PathBuf>,
    pub prestaged: Option<PathBuf>,
    pub released: Vec<u32>,
    pub log: Vec<String>,
    pub progress: Vec<(u64, u64)>,
    pub scratch: PathBuf,
}

impl Host for FakeHost {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn set_variable(&mut self, name: &str, value: Value) -> Result<(), StepFailure> {
        self.environment.set(name, value).map_err(|error| StepFailure::because(&error))
    }

    fn set_engine_variable(&mut self, name: &str, value: Value) -> Result<(), StepFailure> {
        self.environment.set_by_engine(name, value).map_err(|error| StepFailure::because(&error))
    }

    fn running(&self) -> Running {
        Running::WinPe
    }

    fn content(&mut self, id: &str) -> Result<PathBuf, StepFailure> {
        let found = self.contents.get(id).cloned();
        found.ok_or_else(|| StepFailure::new(format!("there is no content {id}")))
    }

    fn copy_content(&mut self, id: &str, to: &Path) -> Result<(), StepFailure> {
        let from = self.content(id)?;
        tool(&format!("mkdir -p {to} && cp -a {}/. {to}", from.display(), to = to.display()));
        Ok(())
    }

    fn object(&self, _: &str) -> Option<&CatalogObject> {
        None
    }

    fn volumes(&self) -> &Volumes {
        &self.volumes
    }

    fn set_volumes(&mut self, volumes: Volumes) -> Result<(), StepFailure> {
        self.volumes = volumes;
        Ok(())
    }

    fn release_disk(&mut self, disk: u32) -> Result<(), StepFailure> {
        self.released.push(disk);
        for volume in self.volumes.0.iter().filter(|volume| volume.disk == disk) {
            if let Some(folder) = &volume.mount {
                runtime::mount::unmount(folder)
                    .map_err(|error| StepFailure::new(error.to_string()))?;
            }
        }
        Ok(())
    }

    fn media_device(&self) -> Option<&Path> {
        self.media.as_deref()
    }

    fn prestaged_device(&self) -> Option<&Path> {
        self.prestaged.as_deref()
    }

    fn own_folder(&self) -> &'static str {
        "_tsmedia"
    }

    fn scratch_folder(&self) -> PathBuf {
        self.scratch.clone()
    }

    fn log(&mut self, _: LogType, text: &str) {
        self.log.push(text.to_owned());
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.progress.push((done, total));
    }
}

/// A step of a type with an action and variables of its own.
pub fn step(stem: &str, action: &str, variables: &[(String, String)]) -> StepRun {
    let own = |(name, value): &(String, String)| (name.clone(), Value::plain(value));
    StepRun {
        step: StepRef {
            sequence: "P0100020".into(),
            path: StepPath { number: 1, is_group: false, names: Vec::new() },
            number: 1,
            of: 1,
        },
        shown_name: Value::plain("Step"),
        dialect: Dialect::ConfigMgr,
        type_name: format!("SMS_TaskSequence_{stem}Action"),
        action: Value::plain(action),
        variables: variables.iter().map(own).collect(),
        start_in: Value::default(),
        timeout_seconds: None,
        success_codes: vec![0],
        run_in: tasksequence::step::RunIn::Both,
        attempt: 1,
        contents: Vec::new(),
        install: None,
        output_wanted: false,
        hide_command: false,
    }
}
