//! Several definitions in one run: what keeps one from being built does not keep the others.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use cmtrace::{Log, LogType};
use content::Problem;
use pipeline::build::{BuildContext, BuildReport, build};
use pipeline::output::OutputPaths;
use pipeline::plan_media::{MediaPlan, MediaSecrets};
use pipeline::progress::Progress;
use pipeline::scan::Scan;
#[cfg(feature = "wim")]
use pipeline::staging::Stager;
use pipeline::verify::VerifyDepth;
use pipeline::{Error, HashCache, IoContext};
use serde_json::Value;

use super::told;
use crate::args::StagingArgs;
use crate::concerned::{concerned, part_of};
use crate::exit::CommandError;
use crate::interruption::CANCEL;
use crate::report;
use crate::session::{Asked, Session};

/// The document of a set that was built, or why it was not.
pub type Outcome = Result<Value, CommandError>;

/// The name of the log, as administrators know it.
const LOG_NAME: &str = "CreateTSMedia.log";

/// A definition that can be built, as far as is known before its content is read.
struct Job {
    position: usize,
    output: OutputPaths,
    log: Log,
    secrets: MediaSecrets,
}

/// The definitions of a run, and what became of them so far.
pub struct Batch<'s> {
    /// Whether each result is printed as text at once.
    pub print_text: bool,
    session: &'s Session,
    staging: &'s StagingArgs,
    cache: &'s HashCache,
    progress: &'s dyn Progress,
    depth: VerifyDepth,
    #[cfg(feature = "wim")]
    stager: Stager<'s>,
    outcomes: BTreeMap<usize, Outcome>,
    /// The first time that standard output could not be written; the media matter more.
    printed: Result<(), CommandError>,
}

impl<'s> Batch<'s> {
    pub fn new(
        session: &'s Session,
        staging: &'s StagingArgs,
        cache: &'s HashCache,
        progress: &'s dyn Progress,
        depth: VerifyDepth,
    ) -> Self {
        let (outcomes, printed) = (BTreeMap::new(), Ok(()));
        Self {
            print_text: false,
            session,
            staging,
            cache,
            progress,
            depth,
            #[cfg(feature = "wim")]
            stager: Stager::new(&CANCEL, progress),
            outcomes,
            printed,
        }
    }

    /// Builds all that can be built. Returns what became of each definition that was asked for, in
    /// that order, and whether it could be printed.
    pub fn build(mut self) -> (Vec<(String, Outcome)>, Result<(), CommandError>) {
        for asked in &self.session.asked {
            if let Asked::Wrong(name, error) | Asked::Absent(name, error) = asked {
                self.tell(name, error);
            }
        }
        let mut jobs = Vec::new();
        for position in 0..self.session.definitions.len() {
            match self.prepare(position) {
                Ok(job) => jobs.push(job),
                Err(error) => self.failed(position, error),
            }
        }
        let (jobs, scan) = self.scan(jobs);
        if let Some(mut scan) = scan {
            self.tell_content_problems(&jobs, &scan);
            for job in jobs {
                self.one(job, &mut scan);
            }
        }
        let mut outcomes = Vec::with_capacity(self.session.asked.len());
        for asked in &self.session.asked {
            outcomes.push(match asked {
                Asked::Wrong(name, error) | Asked::Absent(name, error) => {
                    (name.clone(), Err(error.clone()))
                }
                Asked::Read(position) => {
                    let outcome = self.outcomes.remove(position);
                    let outcome = outcome.unwrap_or_else(|| Err(Error::Cancelled.into()));
                    (self.session.definitions[*position].name.clone(), outcome)
                }
            });
        }
        (outcomes, self.printed)
    }

    /// Does everything that can fail before content is read: problems, the folder of the images,
    /// the password.
    fn prepare(&self, position: usize) -> Result<Job, CommandError> {
        CANCEL.check()?;
        let session = self.session;
        let output = session.output(position)?;
        let buildable = session.require_buildable(position);
        let log = open_log(&output);
        if let Err(error) = buildable {
            if let Ok(mut log) = log {
                self.log_failure(&mut log, position, &error);
            }
            return Err(error);
        }
        let mut log = log?;
        let secrets = self.secrets(position);
        let secrets = secrets.inspect_err(|error| self.log_failure(&mut log, position, error))?;
        Ok(Job { position, output, log, secrets })
    }

    /// Reads the password and the certificates, and tells what is wrong with them.
    fn secrets(&self, position: usize) -> Result<MediaSecrets, CommandError> {
        let (secrets, problems) = self.session.secrets(position)?;
        report::tell_problems(&problems, false);
        report::require_none(problems.iter().filter(|problem| problem.prevents_build()))?;
        Ok(secrets)
    }

    /// Lists the content of all jobs, and drops the jobs whose content cannot be read.
    fn scan(&mut self, mut jobs: Vec<Job>) -> (Vec<Job>, Option<Scan>) {
        while !jobs.is_empty() {
            let positions: Vec<usize> = jobs.iter().map(|job| job.position).collect();
            let error = match self.session.scan_to_write(&positions, self.cache, self.progress) {
                Ok(scan) => return (jobs, Some(scan)),
                Err(error) => error,
            };
            let concerned = concerned(self.session, &positions, &error);
            let (stopped, left): (Vec<Job>, Vec<Job>) =
                jobs.into_iter().partition(|job| concerned.contains(&job.position));
            for mut job in stopped {
                let error = part_of(self.session, job.position, &error);
                self.log_failure(&mut job.log, job.position, &error);
                self.failed(job.position, error);
            }
            jobs = left;
        }
        (jobs, None)
    }

    /// Tells what is wrong with names in the contents and with boot images, each once.
    fn tell_content_problems(&self, jobs: &[Job], scan: &Scan) {
        let mut problems: Vec<Problem> =
            jobs.iter().flat_map(|job| self.session.file_problems(job.position, scan)).collect();
        // A boot tree that cannot be read is told by the build itself.
        problems
            .extend(jobs.iter().flat_map(|job| {
                self.session.boot_problems(job.position, scan).unwrap_or_default()
            }));
        problems.sort_by(|a, b| a.message.cmp(&b.message));
        problems.dedup_by(|a, b| (a.severity, &a.message) == (b.severity, &b.message));
        report::tell_problems(&problems, false);
    }

    /// Plans and builds one definition, and logs what happened to it.
    fn one(&mut self, mut job: Job, scan: &mut Scan) {
        let started = Instant::now();
        let name = &self.session.definitions[job.position].name;
        job.log.write(LogType::Info, &format!("building {name}"));
        let (plan, built) = match self.write(&mut job, scan) {
            Ok(built) => built,
            Err(error) => {
                self.log_failure(&mut job.log, job.position, &error);
                return self.failed(job.position, error);
            }
        };
        for path in &built.removed {
            job.log.write(LogType::Warning, &format!("removed stale {}", path.display()));
        }
        job.log.write(LogType::Info, &format!("built {name}, set {}", built.set));
        let seconds = started.elapsed().as_secs_f64();
        self.outcomes.insert(job.position, Ok(told::document(name, &plan, &built, seconds)));
        if self.print_text {
            let printed = report::print(&told::text(name, &plan, &built, seconds));
            if self.printed.is_ok() {
                self.printed = printed;
            }
        }
    }

    fn write(
        &mut self,
        job: &mut Job,
        scan: &mut Scan,
    ) -> Result<(MediaPlan, BuildReport), CommandError> {
        CANCEL.check()?;
        let problems = self.session.file_problems(job.position, scan);
        report::require_none(problems.iter().filter(|problem| problem.prevents_build()))?;
        let mut secrets = std::mem::take(&mut job.secrets);
        secrets.certificate.as_mut().map_or(Ok(()), |certificate| certificate.refresh())?;
        let (staging, _) = self.session.staging(job.position, self.staging);
        let plan = self.session.plan(job.position, scan, secrets, &staging, self.cache)?;
        #[cfg(feature = "wim")]
        let plan = {
            log_exports(&mut job.log, &plan);
            let resolved = self.session.resolved(job.position);
            plan.stage(&resolved, scan, &staging, self.cache, &mut self.stager)?
        };
        // Now that the media fit, the certificate that they hold is worth keeping.
        let network = plan.facts.network.as_ref();
        let certificate = network.and_then(|network| network.certificate.as_ref());
        certificate.map_or(Ok(()), |certificate| certificate.keep())?;
        told::log_plan(&mut job.log, &plan);
        let context = BuildContext {
            cache: self.cache,
            cancel: &CANCEL,
            progress: self.progress,
            verify: self.depth,
        };
        let built = build(&plan, scan, &job.output, &context)?;
        Ok((plan, built))
    }

    fn log_failure(&self, log: &mut Log, position: usize, error: &CommandError) {
        let name = &self.session.definitions[position].name;
        log.write(LogType::Error, &format!("{name}: {}", error.message));
    }

    fn failed(&mut self, position: usize, error: CommandError) {
        self.tell(&self.session.definitions[position].name, &error);
        self.outcomes.insert(position, Err(error));
    }

    /// Tells an error at once, unless it is the only one and will be the command's own.
    fn tell(&self, name: &str, error: &CommandError) {
        if self.session.asked.len() > 1 {
            report::tell_error(error, Some(name));
        }
    }
}

/// An export takes longer than all else: the log says what is waited for.
#[cfg(feature = "wim")]
fn log_exports(log: &mut Log, plan: &MediaPlan) {
    for export in plan.wims.missing() {
        let (source, target) = (export.source.display(), export.target.display());
        log.write(LogType::Info, &format!("exporting solid {source} to {target}"));
    }
}

/// Makes the folder of the images, and makes sure that files can be written there.
fn open_log(output: &OutputPaths) -> Result<Log, CommandError> {
    let folder = output.folder();
    fs::create_dir_all(folder).at("create", folder)?;
    tempfile::tempfile_in(folder).at("create a file in", folder)?;
    let path = folder.join(LOG_NAME);
    Ok(Log::open(&path, "tsmedia").at("open", &path)?)
}
