//! `tools/bench`: building and verifying stand-alone media, against other programs that do
//! the same work on the same trees.
//!
//! Runs of ours and of the peers take turns; the median of each counts; `sync` is part of every
//! measured time. Ratios are ours divided by the peer's of the same run of this program. Nothing
//! is hidden: a row that misses its target says so.

mod capture;
mod figures;
mod measure;
mod site;
mod workplace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

/// One comparison.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What was done, and against what.
    pub bench: String,
    /// Our median, in seconds.
    pub ours_s: f64,
    /// The other program.
    pub peer: String,
    /// Its median, in seconds; none where a limit takes its place.
    pub peer_s: Option<f64>,
    /// Ours divided by the peer's, or our peak memory divided by its limit: smaller is better.
    pub ratio: f64,
    /// What the ratio may be at most.
    pub target: f64,
    /// Whether it is.
    pub met: bool,
    /// The most memory that one of our runs held, in MiB.
    pub peak_mib: f64,
}

/// Compares tsmedia with other programs.
#[derive(Parser)]
struct Arguments {
    /// Print one row a line as JSON
    #[arg(long)]
    json: bool,
    /// Use small trees: shows that everything runs, the numbers mean nothing
    #[arg(long)]
    quick: bool,
    /// The folder with the trees that tools/corpus makes
    #[arg(long, value_name = "DIR", default_value = "corpora")]
    corpora: PathBuf,
    /// Rounds of runs that take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Which comparisons: discs (spine), sticks (usb) or WIM files (wim)
    #[arg(long, value_enum, default_value_t)]
    group: figures::Group,
    /// Only these figures: cold, known, reflink, one-file, memory, verify; stick, stick-reflink;
    /// prestaged, capture
    #[arg(long, value_name = "FIGURE")]
    only: Vec<String>,
    /// Capture a folder with our layer and do nothing else: compression, source, target
    #[arg(long, num_args = 3, hide = true)]
    capture: Vec<String>,
    /// What cargo tells every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let [compression, source, target] = &arguments.capture[..] {
        let captured = capture::capture(compression, source.as_ref(), target.as_ref());
        return captured.map_or_else(
            |error| {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            },
            |()| ExitCode::SUCCESS,
        );
    }
    let workplace = match workplace::Workplace::prepare(&arguments.corpora, arguments.rounds) {
        Ok(workplace) => workplace,
        Err(error) => return failed(&error),
    };
    if !arguments.json {
        println!(
            "{:44} {:>9} {:>9} {:>8} {:>8} {:>5} {:>9}",
            "bench", "ours s", "peer s", "ratio", "target", "met", "peak MiB"
        );
    }
    let wanted = |figure: &figures::Figure| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == figure.name())
    };
    for figure in figures::all(arguments.group, arguments.quick).into_iter().filter(wanted) {
        match figure.rows(&workplace) {
            Ok(rows) => rows.iter().for_each(|row| print(row, arguments.json)),
            Err(error) => return failed(&error),
        }
    }
    ExitCode::SUCCESS
}

fn print(row: &Row, json: bool) {
    if json {
        println!("{}", serde_json::to_string(row).expect("a row has only text and numbers"));
        return;
    }
    let peer_s = row.peer_s.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.2}"));
    let met = if row.met { "yes" } else { "NO" };
    println!(
        "{:44} {:>9.2} {peer_s:>9} {:>8.3} {:>8.3} {met:>5} {:>9.0}",
        format!("{} / {}", row.bench, row.peer),
        row.ours_s,
        row.ratio,
        row.target,
        row.peak_mib
    );
}

fn failed(error: &workplace::BenchError) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}
