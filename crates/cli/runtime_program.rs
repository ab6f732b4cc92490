//! The program that runs task sequences on the target: where it is, and whether media get it.

use std::ffi::OsStr;
use std::path::Path;

use content::{Architecture, BootPlatform, ContentId, ObjectKind, Place, Problem, Severity};
use pipeline::boot_runtime::{self, RuntimeProgram};
use pipeline::scan::Scan;
use pipeline::{HashCache, chain};
use tasksequence::{Finding, TaskSequence, lint};

use crate::args::RuntimeArgs;
use crate::exit::CommandError;
use crate::session::Session;

/// The name of the program, beside `tsmedia`.
const NAME: &str = "tsmedia-run";

/// The runtime of a run.
#[derive(Default)]
pub enum Runtime {
    /// Nobody wants one, or the command makes no media.
    #[default]
    Unwanted,
    /// There is none, and why.
    Missing(String),
    /// This one.
    Found(RuntimeProgram),
}

impl Runtime {
    /// Finds the runtime: the one that is named, else the one beside this program.
    ///
    /// One that is named has to be right; one that only lies there is left alone if it is not.
    pub fn find(args: &RuntimeArgs) -> Result<Self, CommandError> {
        match args.runtime.as_deref() {
            Some(named) if named.is_empty() => Ok(Self::Unwanted),
            Some(named) => Ok(Self::Found(RuntimeProgram::read(Path::new(named))?)),
            None => Ok(Self::beside_this_program()),
        }
    }

    fn beside_this_program() -> Self {
        let program = std::env::current_exe().ok();
        let beside = program.as_deref().and_then(Path::parent).map(|folder| folder.join(NAME));
        let Some(path) = beside.filter(|path| path.file_name() == Some(OsStr::new(NAME))) else {
            return Self::Missing("nobody knows where this program lies".to_owned());
        };
        if !path.is_file() {
            return Self::Missing(format!("no `{NAME}` lies beside this program"));
        }
        match RuntimeProgram::read(&path) {
            Ok(program) => Self::Found(program),
            Err(error) => Self::Missing(chain(&error)),
        }
    }
}

/// The steps of a task sequence that the runtime cannot do on Linux.
pub fn without_provider(sequence: &TaskSequence) -> Vec<Finding> {
    lint::without_provider(sequence, BootPlatform::Linux.as_str(), &|dialect, type_name| {
        runtime::providers::provider_of(dialect, type_name).is_some()
    })
}

impl Session {
    /// Adds the runtime to what the media of the definitions at these positions hold.
    pub fn add_runtime(&self, scan: &mut Scan, positions: &[usize], cache: &HashCache) {
        let Runtime::Found(program) = &self.runtime else { return };
        let mut ids: Vec<ContentId> = Vec::new();
        for (id, architecture) in positions.iter().filter_map(|at| self.boot_linux(*at)) {
            if architecture == Architecture::X64 && !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        boot_runtime::add(scan, program, &ids, cache);
    }

    /// What keeps the runtime from running the task sequences of the definition at this position,
    /// if one is wanted: that there is none, and the steps that it cannot do.
    pub fn runtime_problems(&self, position: usize) -> Vec<Problem> {
        if matches!(self.runtime, Runtime::Unwanted) || self.boot_linux(position).is_none() {
            return Vec::new();
        }
        let sequences = self.graph.media[position].sequences.iter();
        let entries = sequences.filter_map(|id| self.catalog.task_sequences.get(id));
        let undone = entries.flat_map(|entry| {
            let found = without_provider(&entry.sequence).into_iter();
            found.map(|finding| Problem {
                severity: Severity::Warning,
                ..Problem::of_sequence(finding, &entry.id, &entry.file)
            })
        });
        let name = &self.definitions[position].name;
        let problems = self.no_runtime(position).into_iter().chain(undone);
        problems.map(|problem| problem.in_definition(name)).collect()
    }

    fn no_runtime(&self, position: usize) -> Option<Problem> {
        let (id, architecture) = self.boot_linux(position)?;
        let reason = match &self.runtime {
            Runtime::Unwanted => return None,
            Runtime::Found(_) if architecture == Architecture::X64 => return None,
            Runtime::Found(_) => format!("there is none for {}", architecture.as_str()),
            Runtime::Missing(reason) => reason.clone(),
        };
        let message = format!("the media have no runtime that runs task sequences: {reason}");
        let remedy = format!(
            "name a static `{NAME}` with --runtime, or put it beside this program; an empty name \
             says that none is wanted"
        );
        let problem = Problem::warning("runtime-missing", message).remedy(remedy);
        Some(problem.at(Place::object(id)))
    }

    /// The boot image of the definition at this position, if it is a Linux, and its processors.
    fn boot_linux(&self, position: usize) -> Option<(&ContentId, Architecture)> {
        let id = self.graph.media[position].boot_image.as_ref()?;
        match self.catalog.objects.get(id)?.kind {
            ObjectKind::BootImage { platform: BootPlatform::Linux, architecture } => {
                Some((id, architecture))
            }
            _ => None,
        }
    }
}
