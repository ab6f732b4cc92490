//! One run of one program: wall time with `sync`, and peak memory.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::workplace::BenchError;

/// A program with its arguments.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name in the table.
    pub name: String,
    /// Program and arguments.
    pub words: Vec<String>,
    /// What must not be there when it starts.
    pub removed_before: Vec<std::path::PathBuf>,
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// From the start until the file system of the output has written everything.
    pub seconds: f64,
    /// The largest resident set of the program itself.
    pub peak_kib: u64,
}

/// The runs of one program.
#[derive(Clone, Debug, Default)]
pub struct Runs(Vec<Run>);

impl Runs {
    /// The median wall time; of an even number the faster one of the middle two.
    pub fn median_seconds(&self) -> f64 {
        let mut seconds: Vec<f64> = self.0.iter().map(|run| run.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        seconds[(seconds.len() - 1) / 2]
    }

    /// The largest resident set of all runs, in MiB.
    pub fn peak_mib(&self) -> f64 {
        self.0.iter().map(|run| run.peak_kib).max().unwrap_or(0) as f64 / 1024.0
    }
}

/// Runs the programs in turn, `rounds` times, and gives the runs of each.
pub fn take_turns(
    programs: &[Program],
    rounds: usize,
    folder: &Path,
) -> Result<Vec<Runs>, BenchError> {
    let mut runs = vec![Runs::default(); programs.len()];
    for round in 0..rounds {
        for (program, runs) in programs.iter().zip(&mut runs) {
            eprintln!("  round {} of {rounds}: {}", round + 1, program.name);
            runs.0.push(run(program, folder)?);
        }
    }
    Ok(runs)
}

/// Runs `program` once; `folder` lies on the file system that it writes to.
pub fn run(program: &Program, folder: &Path) -> Result<Run, BenchError> {
    for path in &program.removed_before {
        remove(path)?;
    }
    let file_system = File::open(folder).map_err(|error| BenchError::at(folder, error))?;
    let sync =
        || rustix::fs::syncfs(&file_system).map_err(|error| BenchError::at(folder, error.into()));
    // What came before must not be written at this run's expense.
    sync()?;
    let peak_file = folder.join("peak");
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", "-o"]).arg(&peak_file).args(&program.words);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output =
        command.output().map_err(|error| BenchError::at(Path::new("/usr/bin/time"), error))?;
    sync()?;
    let seconds = start.elapsed().as_secs_f64();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::Program { words: program.words.join(" "), said });
    }
    let peak = fs::read_to_string(&peak_file).map_err(|error| BenchError::at(&peak_file, error))?;
    Ok(Run { seconds, peak_kib: peak.trim().parse().unwrap_or(0) })
}

fn remove(path: &Path) -> Result<(), BenchError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(BenchError::at(path, error))
        }
        _ => Ok(()),
    }
}
