//! A computer for tests: a screen that answers from a list, drives with folders, and no restart.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::media::{Drives, Medium, Seen};
use runtime::run::{Computer, RunEnd};
use runtime::screen::{Asked, Screen, Tone};
use runtime::session::{Options, SessionExit, Surroundings, run};
use runtime::status::Status;
use runtime::volume::Volumes;
use tasksequence::run::Running;
use zeroize::Zeroizing;

/// What somebody does when asked.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Types a line.
    Type(&'static str),
    /// Puts a disc, by its folder, into the drive and presses Enter.
    Insert(PathBuf),
    /// Takes the disc out and presses Enter.
    TakeOut,
}

/// A computer under test.
pub struct Target {
    pub folder: tempfile::TempDir,
    pub running: Running,
    pub restarts: usize,
    /// Prestaged media on its disk.
    pub disk: Option<PathBuf>,
    drive: std::rc::Rc<std::cell::RefCell<Option<PathBuf>>>,
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub exit: SessionExit,
    pub end: Option<RunEnd>,
    pub said: String,
    pub log: String,
    pub status: Option<Status>,
    /// The last that was said of bytes that are done, and of how many.
    pub progress: (u64, u64),
}

impl Target {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            running: Running::WinPe,
            restarts: 0,
            disk: None,
            drive: Default::default(),
        }
    }

    pub fn own_folder(&self) -> PathBuf {
        self.folder.path().join("_SMSTaskSequence")
    }

    /// Starts the computer with this disc in its drive.
    pub fn start(&mut self, disc: &Path, answers: &[Answer]) -> Ran {
        self.go(Some(disc), answers, None)
    }

    /// Starts the computer from its own disk, with nothing in its drive.
    pub fn start_from_disk(&mut self, answers: &[Answer]) -> Ran {
        self.go(None, answers, None)
    }

    /// Starts it again and goes on with its run.
    pub fn start_again(&mut self, disc: Option<&Path>, answers: &[Answer]) -> Ran {
        let folder = self.own_folder();
        self.go(disc, answers, Some(folder))
    }

    fn go(&mut self, disc: Option<&Path>, answers: &[Answer], resume: Option<PathBuf>) -> Ran {
        *self.drive.borrow_mut() = disc.map(Path::to_owned);
        let mut script = Script {
            answers: answers.iter().cloned().collect(),
            said: Vec::new(),
            progress: (0, 0),
            drive: self.drive.clone(),
        };
        let mut drives = Drive { drive: self.drive.clone(), disk: self.disk.clone() };
        let mut machine = Machine { restarts: 0 };
        let options = Options { resume, folder: self.folder.path().to_owned() };
        let (exit, end) = run(
            &options,
            &mut Surroundings {
                screen: &mut script,
                computer: &mut machine,
                drives: &mut drives,
                running: self.running,
            },
        );
        assert!(script.answers.is_empty(), "nobody asked for {:?}", script.answers);
        self.restarts += machine.restarts;
        let logs = self.own_folder().join("Logs");
        Ran {
            exit,
            end,
            said: script.said.join("\n"),
            log: std::fs::read_to_string(logs.join("smsts.log")).unwrap_or_default(),
            status: Status::read(&logs),
            progress: script.progress,
        }
    }
}

struct Script {
    answers: VecDeque<Answer>,
    said: Vec<String>,
    progress: (u64, u64),
    drive: std::rc::Rc<std::cell::RefCell<Option<PathBuf>>>,
}

impl Screen for Script {
    fn say(&mut self, _: Tone, text: &str) {
        self.said.push(text.to_owned());
    }

    fn step(&mut self, number: usize, of: usize, name: &str) {
        self.said.push(format!("step {number} of {of}: {name}"));
    }

    fn progress(&mut self, done: u64, total: u64) {
        assert!(done <= total, "{done} of {total}");
        self.progress = (done, total);
    }

    fn step_ended(&mut self, _: Tone, words: &str) {
        self.said.push(format!("  {words}"));
    }

    fn ask_secret(&mut self, prompt: &str) -> Option<Zeroizing<String>> {
        self.said.push(prompt.to_owned());
        match self.answers.pop_front()? {
            Answer::Type(text) => Some(Zeroizing::new(text.to_owned())),
            other => panic!("{other:?} is no password"),
        }
    }

    fn ask(&mut self, prompt: &str, _: Option<Duration>) -> Asked {
        if !prompt.is_empty() {
            self.said.push(prompt.to_owned());
        }
        match self.answers.pop_front() {
            None => panic!("nobody answers: {:#?}", self.said),
            Some(Answer::Type(text)) => Asked::Line(text.to_owned()),
            Some(Answer::Insert(disc)) => {
                *self.drive.borrow_mut() = Some(disc);
                Asked::Line(String::new())
            }
            Some(Answer::TakeOut) => {
                *self.drive.borrow_mut() = None;
                Asked::Line(String::new())
            }
        }
    }
}

struct Drive {
    drive: std::rc::Rc<std::cell::RefCell<Option<PathBuf>>>,
    /// Until it is held.
    disk: Option<PathBuf>,
}

impl Drives for Drive {
    fn look(&mut self) -> Vec<(String, Seen)> {
        let places = [("/dev/sr0", self.drive.borrow().clone()), ("/dev/sda1", self.disk.clone())];
        let see = |(name, root): (&str, Option<PathBuf>)| {
            let seen = match Medium::read(&root?, None) {
                Ok(Some(medium)) => Seen::Medium(Box::new(medium)),
                Ok(None) => Seen::Other,
                Err(why) => Seen::Unusable(why),
            };
            Some((name.to_owned(), seen))
        };
        places.into_iter().filter_map(see).collect()
    }

    fn release(&mut self) {}

    fn hold(&mut self, medium: &Medium) -> io::Result<()> {
        assert_eq!(self.disk.take().as_ref(), Some(&medium.root));
        Ok(())
    }
}

struct Machine {
    restarts: usize,
}

impl Computer for Machine {
    fn restart(&mut self) -> io::Result<()> {
        self.restarts += 1;
        Ok(())
    }

    fn mount(&mut self, _: &mut Volumes) -> io::Result<()> {
        Ok(())
    }

    fn unmount(&mut self, _: &mut Volumes) {}
}
