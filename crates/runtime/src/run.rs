//! A run of a task sequence on this computer: does what the state machine says.

mod begin;
mod check;
mod content;
mod discs;
mod ending;
mod host;
mod moving;
mod prestaged;
mod records;
mod restart;
mod steps;

use std::path::PathBuf;
use std::time::Duration;

use ::content::Digest;
use cmtrace::{Log, LogType};
use tasksequence::run::{Event, Instruction, Machine, Running};

use crate::contents::Contents;
use crate::facts::{LinuxFacts, RunFacts};
use crate::media::{Bootstrap, Drives, Medium};
use crate::objects::Objects;
use crate::place::{RunFolder, Saved};
use crate::screen::{Screen, Tone};
use crate::status::Status;
use crate::volume::Volumes;

pub use begin::{BeginError, Beginning, LaunchMode, begin, deployments};
pub(crate) use check::needed;
pub use check::{Missing, missing};
pub use ending::RunEnd;
pub(crate) use prestaged::hold;

/// The name of the log, as administrators know it.
pub const LOG_NAME: &str = "smsts.log";
/// What entries of the log name as their program.
pub const LOG_COMPONENT: &str = "TSManager";

/// What a run can do to the computer as a whole.
pub trait Computer {
    /// Starts the computer again. Does not return when that worked.
    fn restart(&mut self) -> std::io::Result<()>;

    /// Mounts those of the partitions that have a file system, each at its own folder.
    fn mount(&mut self, volumes: &mut Volumes) -> std::io::Result<()>;

    /// Unmounts them, so that all is on the disk.
    fn unmount(&mut self, volumes: &mut Volumes);
}

/// A run.
pub struct Run<'a> {
    /// What says what to do next.
    pub machine: Machine<'a>,
    /// The packages and applications of the media.
    pub objects: &'a Objects,
    /// Where contents are.
    pub contents: Contents,
    /// Where media are put in.
    pub drives: &'a mut dyn Drives,
    /// What lies there now.
    pub medium: Option<Medium>,
    /// What lies on the computer's own disk since the factory.
    pub prestaged: Option<Medium>,
    /// What whoever is there sees.
    pub screen: &'a mut dyn Screen,
    /// The computer.
    pub computer: &'a mut dyn Computer,
    /// What only the computer knows.
    pub linux: LinuxFacts,
    /// What the media say of themselves.
    pub bootstrap: Bootstrap,
    /// The run's own folder.
    pub folder: RunFolder,
    /// Where the folder is as long as the target has no file system.
    pub in_memory: PathBuf,
    /// What runs on the computer.
    pub running: Running,
    /// The partitions that the run has made.
    pub volumes: Volumes,
    /// The log.
    pub log: Log,
    /// The history of the steps.
    pub status: Status,
    /// The set of media.
    pub set: Digest,
    /// The contents that the enabled steps need, in their order.
    pub needed: Vec<(usize, ::content::ContentId)>,
    /// The package with the files of the prestart command.
    pub prestart_package: Option<::content::ContentId>,
    /// The step that runs, by its number.
    pub at_step: usize,
    /// How long the step took that ended last.
    pub step_time: Duration,
}

impl Run<'_> {
    /// Runs the sequence to its end, or to a restart of the computer.
    pub fn go(&mut self) -> RunEnd {
        loop {
            let instruction = self.next();
            self.tell_records();
            self.tell_notes();
            match instruction {
                Instruction::RunPrestart { command } => self.run_prestart(&command),
                Instruction::ChooseSequence { offers } => {
                    if let Some(end) = self.choose(&offers) {
                        return end;
                    }
                }
                Instruction::InsertDisc(wanted) => {
                    if let Err(why) = self.insert_disc(&wanted) {
                        return self.stop(why);
                    }
                }
                Instruction::RunStep(step) => self.run_step(&step),
                Instruction::Restart(restart) => {
                    if let Some(end) = self.restart(&restart) {
                        return end;
                    }
                }
                Instruction::Ended(ending) => return self.end(&ending),
                // Steps are done to their end before the machine is asked again.
                Instruction::Wait => return self.stop("the run waits for nothing".to_owned()),
            }
        }
    }

    /// Tells the sequence where its files are.
    pub(crate) fn set_first_variables(&mut self) {
        self.set_folder_variables();
    }

    /// Tells the sequence that the computer has started again.
    pub(crate) fn restarted(&mut self) {
        if self.medium.is_none() {
            self.take_any_disc();
        }
        let disc = self.medium.as_ref().map(Medium::disc);
        self.handle(Event::Restarted { running: self.running, disc });
        self.set_folder_variables();
        self.save();
    }

    fn next(&mut self) -> Instruction {
        let facts = RunFacts {
            linux: &self.linux,
            contents: (&mut self.contents).into(),
            objects: self.objects,
        };
        self.machine.next(&facts)
    }

    /// Hands an event to the machine. One that it does not take is a fault of this program.
    fn handle(&mut self, event: Event) {
        if let Err(error) = self.machine.handle(event) {
            self.log.write(LogType::Error, &format!("internal: {error}"));
        }
    }

    /// Writes the state down. A run that cannot be resumed goes on all the same, and says so.
    fn save(&mut self) {
        let machine = self.machine.state().to_json();
        let machine = serde_json::from_str(&machine).unwrap_or_default();
        let stand_alone = self.is_stand_alone();
        let volumes = self.volumes.clone();
        let mut saved = Saved::new(self.set, &self.bootstrap, stand_alone, volumes, machine);
        saved.prestaged = self.prestaged.as_ref().map(|medium| medium.manifest.set);
        if let Err(error) = self.folder.save(&saved) {
            let path = self.folder.path().display();
            let text = format!("the state cannot be written to `{path}`: {error}");
            self.log.write(LogType::Warning, &text);
        }
    }

    fn save_status(&mut self) {
        if let Err(error) = self.status.write(&self.folder.logs()) {
            self.log.write(LogType::Warning, &format!("the status cannot be written: {error}"));
        }
    }

    fn is_stand_alone(&self) -> bool {
        self.bootstrap.media_type.eq_ignore_ascii_case("FullMedia")
    }

    /// Says something on the screen and in the log.
    fn tell(&mut self, tone: Tone, text: &str) {
        self.screen.say(tone, text);
        let kind = match tone {
            Tone::Plain | Tone::Good => LogType::Info,
            Tone::Asking => LogType::Warning,
            Tone::Bad => LogType::Error,
        };
        self.log.write(kind, text);
    }
}
