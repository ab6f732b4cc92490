//! The command line of the program on the target.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tasksequence::run::Running;

use crate::commands::{SET, VARIABLES};
use crate::computer::{LinuxComputer, running_system};
use crate::media::{BlockDrives, Drives, Folders};
use crate::run::{Computer, RunEnd};
use crate::screen::Console;
use crate::session::{Options, SessionExit, Surroundings, run};

const HELP: &str = "\
Run the task sequence of the media that this computer was started from.

usage: tsmedia-run [--media DIR]... [--folder DIR] [--resume DIR]
       tsmedia-run get NAME
       tsmedia-run set NAME=VALUE

  --media DIR    a folder with the tree of a disc; for each disc of a set one
                 [default: look at all drives]
  --folder DIR   where the run keeps its files until the target has a file system
                 [default: /run/tsmedia]
  --resume DIR   go on with the run of this folder, after a restart
  get NAME       in a step's command: print a variable
  set NAME=VALUE in a step's command: set a variable

Exit codes: 0 the sequence has succeeded, or the computer starts again; 1 failed; 2 wrong usage;
4 content is missing; 6 damaged media; 7 wrong password
";

/// What was asked for on the command line.
#[derive(Clone, Debug)]
enum Asked {
    Run(Options, Vec<PathBuf>),
    Get(String),
    Set(String),
    Help,
    Version,
}

/// Does what the command line says.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let asked = match parse(arguments) {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("error: {why}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let done = match asked {
        Asked::Run(options, media) => return ExitCode::from(run_here(&options, media) as u8),
        Asked::Help => io::stdout().write_all(HELP.as_bytes()),
        Asked::Version => {
            let version = env!("CARGO_PKG_VERSION");
            io::stdout().write_all(format!("tsmedia-run {version}\n").as_bytes())
        }
        Asked::Get(name) => get(&name),
        Asked::Set(assignment) => set(&assignment),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs on this computer. In a boot image the computer starts again when the run has ended.
///
/// `media` are folders with the tree of a disc each; none to look at all drives.
pub fn run_here(options: &Options, media: Vec<PathBuf>) -> SessionExit {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let running = running_system(&mounts);
    let mut drives: Box<dyn Drives> = if media.is_empty() {
        Box::new(BlockDrives::new(&options.folder.join("drives")))
    } else {
        Box::new(Folders(media))
    };
    // What the boot image or the installed system has started talks on all consoles; what somebody
    // has started, with whoever that was.
    let started_by_system = running == Running::WinPe || options.resume.is_some();
    let mut screen = if started_by_system {
        Console::of_computer(Path::new("/sys/class/tty/console/active"), Path::new("/dev"))
    } else {
        Console::of_program()
    };
    let mut computer = LinuxComputer { running };
    let mut surroundings = Surroundings {
        screen: &mut screen,
        computer: &mut computer,
        drives: &mut *drives,
        running,
    };
    let (exit, end) = run(options, &mut surroundings);
    if running == Running::WinPe && matches!(end, Some(RunEnd::Ended { .. })) {
        // Into what was installed, or once more into the media.
        if let Err(error) = computer.restart() {
            eprintln!("error: the computer cannot be restarted: {error}");
        }
    }
    exit
}

fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let mut media = Vec::new();
    let mut options = Options { folder: PathBuf::from("/run/tsmedia"), ..Options::default() };
    while let Some(argument) = arguments.next() {
        let word = argument.to_string_lossy().into_owned();
        let mut value = || arguments.next().ok_or(format!("`{word}` needs a value"));
        match &*word {
            "--media" => media.push(value()?.into()),
            "--folder" => options.folder = value()?.into(),
            "--resume" => options.resume = Some(value()?.into()),
            "--help" | "-h" => return Ok(Asked::Help),
            "--version" | "-V" => return Ok(Asked::Version),
            "get" => return Ok(Asked::Get(text(value()?)?)),
            "set" => return Ok(Asked::Set(text(value()?)?)),
            _ => return Err(format!("`{word}` is not known")),
        }
    }
    Ok(Asked::Run(options, media))
}

fn text(word: OsString) -> Result<String, String> {
    word.into_string().map_err(|_| "names and values of variables are UTF-8".to_owned())
}

fn file_of(name: &str) -> io::Result<PathBuf> {
    let path = std::env::var_os(name).filter(|path| !path.is_empty());
    path.map(PathBuf::from).ok_or_else(|| {
        io::Error::other(format!("`{name}` is not set: this works in a step's command only"))
    })
}

/// Prints a variable; one that is not set is empty.
fn get(name: &str) -> io::Result<()> {
    let bytes = std::fs::read(file_of(VARIABLES)?)?;
    let all: std::collections::BTreeMap<String, String> =
        serde_json::from_slice(&bytes).map_err(io::Error::other)?;
    let found = all.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let value = found.map_or("", |(_, value)| value);
    io::stdout().write_all(format!("{value}\n").as_bytes())
}

fn set(assignment: &str) -> io::Result<()> {
    if !assignment.contains('=') || assignment.contains(['\n', '\r']) {
        return Err(io::Error::other("it is set with NAME=VALUE, in one line"));
    }
    let mut file = OpenOptions::new().append(true).open(file_of(SET)?)?;
    file.write_all(format!("{assignment}\n").as_bytes())
}
