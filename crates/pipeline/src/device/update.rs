//! Sticks that have a FAT32 file system are brought to hold media, and keep whatever else is there.
//!
//! Nothing is formatted. Files that are there and the same are not written again; files of older
//! media that the new ones do not have go; all others stay. [`look_all`] opens the devices and says
//! what would change, [`update_all`] does it: with a mark on the stick that it is being updated,
//! `media.json` goes first and comes last, after every byte of the media was read back past the
//! page cache. A stick that was pulled out in between holds no media, and the next update finds by
//! reading what is there already.

mod apply;
mod disk;
mod mark;
mod media;
mod starts;
mod stick;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Sender, bounded};

use super::write::{LAG, PIECE, same};
use super::{Device, Written};
use crate::Error;
use crate::progress::{Amount, Cancel, Phase, Progress};
pub use media::UpdateSource;
use media::read_pieces;
pub use stick::Stick;

/// How often a stick is gone through: once, and once more if files that nobody wrote differ.
const ROUNDS: usize = 2;

/// What an update does to a stick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The media's files that are written, without `media.json`.
    pub written: Amount,
    /// The media's files that are there already.
    pub kept: Amount,
    /// How many files of older media go.
    pub removed: u64,
    /// How many files of others stay as they are.
    pub others: u64,
    /// Every byte that went onto the device, those of the file system too; 0 before the update.
    pub bytes_written: u64,
    /// Whether there is anything to do but reading back.
    pub has_changes: bool,
    /// Whether an update that was interrupted goes on.
    pub goes_on: bool,
    /// Whether the boot code for a BIOS that the media have is on the stick.
    pub starts_bios: bool,
    /// Whether UEFI finds a boot program.
    pub starts_uefi: bool,
}

/// A piece of a file of the source.
struct Piece {
    /// The file's place.
    file: usize,
    /// Where in it the piece begins.
    at: u64,
    bytes: Vec<u8>,
}

/// Opens all of these devices for this run alone and finds out what has to change. Nothing is
/// written; files are read where no manifest says what they are.
pub fn look_all(
    source: &UpdateSource<'_>,
    devices: &[Device],
    cancel: &Cancel,
) -> Vec<Result<Stick, Error>> {
    thread::scope(|scope| {
        let look = |device| scope.spawn(move || Stick::look(source, device, cancel));
        let looks: Vec<_> = devices.iter().map(look).collect();
        looks.into_iter().map(|look| look.join().expect("a look does not panic")).collect()
    })
}

/// Updates all of these sticks at once, with one read of what of the source any of them lacks, and
/// reads every file of the media back from each past the page cache.
///
/// An error of one stick does not keep the others. If the source cannot be read or the user stops
/// the run, every outcome says so.
pub fn update_all(
    source: &UpdateSource<'_>,
    sticks: Vec<Stick>,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Vec<Written> {
    let started = Instant::now();
    let mut work: Vec<Work> = sticks.into_iter().map(Work::new).collect();
    for _ in 0..ROUNDS {
        if work.iter().all(|one| one.outcome.is_some()) {
            break;
        }
        write_round(source, &mut work, cancel, progress);
        verify_round(source, &mut work, cancel, progress);
    }
    let duration = started.elapsed();
    let written = work.into_iter().map(|one| {
        let figures = Figures { bytes_written: one.stick.disk.written(), ..one.figures };
        Written {
            outcome: one.outcome.unwrap_or_else(|| Err(one.stick.differs())),
            device: one.stick.device,
            update: Some(figures),
            duration,
        }
    });
    written.collect()
}

/// A stick and what has become of it so far.
struct Work {
    stick: Stick,
    figures: Figures,
    /// `None` as long as there is something to do.
    outcome: Option<Result<(), Error>>,
}

impl Work {
    fn new(stick: Stick) -> Self {
        Self { figures: stick.figures, stick, outcome: None }
    }

    fn is_open(&self) -> bool {
        self.outcome.is_none()
    }
}

/// Writes what the sticks lack.
fn write_round(
    source: &UpdateSource<'_>,
    work: &mut [Work],
    cancel: &Cancel,
    progress: &dyn Progress,
) {
    let open: Vec<usize> = (0..work.len())
        .filter(|&number| work[number].is_open() && work[number].stick.plan.changes)
        .collect();
    let is_wanted = |file: usize| open.iter().any(|&one| work[one].stick.plan.writes[file]);
    let wanted: Vec<usize> = (0..source.files.len()).filter(|&file| is_wanted(file)).collect();
    let bytes = wanted.iter().map(|&file| u64::from(source.files[file].len)).sum();
    progress.begin(Phase::Write, Amount { bytes, files: wanted.len() as u64 });
    let whole = AtomicBool::new(false);
    let (read, outcomes) = thread::scope(|scope| {
        let mut senders = Vec::with_capacity(open.len());
        let mut writers = Vec::with_capacity(open.len());
        for &number in &open {
            let (sender, pieces) = bounded(LAG);
            let (stick, whole) = (&work[number].stick, &whole);
            senders.push((stick, Some(sender)));
            writers.push(scope.spawn(move || apply::change(source, stick, &pieces, whole)));
        }
        let read = read_source(source, &wanted, senders, &whole, cancel, progress);
        let join = |writer: thread::ScopedJoinHandle<'_, _>| writer.join().expect("no panic");
        (read, writers.into_iter().map(join).collect::<Vec<Result<(), Error>>>())
    });
    for (number, outcome) in open.into_iter().zip(outcomes) {
        work[number].outcome = outcome.err().map(Err);
    }
    if let Err(error) = read {
        let text = error.to_string();
        for one in work.iter_mut().filter(|one| one.stick.plan.changes) {
            one.outcome = Some(Err(same(&error, &text)));
        }
    }
}

/// Reads these files once and gives each to the sticks that lack it. Says that all is read before
/// the writers find that nothing more comes.
fn read_source(
    source: &UpdateSource<'_>,
    wanted: &[usize],
    mut senders: Vec<(&Stick, Option<Sender<Arc<Piece>>>)>,
    whole: &AtomicBool,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(), Error> {
    for &file in wanted {
        let media_file = &source.files[file];
        read_pieces(source.image, media_file, PIECE as usize, &mut |at, bytes| {
            cancel.check()?;
            let len = bytes.len() as u64;
            let piece = Arc::new(Piece { file, at, bytes });
            for (stick, sender) in &mut senders {
                let is_taken = |sender: &Sender<_>| sender.send(Arc::clone(&piece)).is_ok();
                // A writer that failed has let its end go.
                if stick.plan.writes[file] && !sender.as_ref().is_some_and(is_taken) {
                    *sender = None;
                }
            }
            progress.advance(Amount { bytes: len, files: 0 });
            Ok(())
        })?;
        progress.advance(Amount { bytes: 0, files: 1 });
    }
    cancel.check()?;
    whole.store(true, Ordering::Release);
    Ok(())
}

/// Reads the sticks back. What is as it should be gets its `media.json`; what differs without
/// having been written is planned once more.
fn verify_round(
    source: &UpdateSource<'_>,
    work: &mut [Work],
    cancel: &Cancel,
    progress: &dyn Progress,
) {
    let open = work.iter_mut().filter(|one| one.is_open());
    let open: Vec<&mut Work> = open.collect();
    let bytes = source.bytes() * open.len() as u64;
    progress.begin(Phase::Verify, Amount { bytes, files: 0 });
    thread::scope(|scope| {
        for one in open {
            scope.spawn(move || {
                let outcome = verify_one(source, one, cancel, progress);
                one.outcome = outcome.map(|is_done| is_done.then_some(())).transpose();
            });
        }
    });
}

/// Whether a stick is done.
fn verify_one(
    source: &UpdateSource<'_>,
    one: &mut Work,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<bool, Error> {
    let mut advance = |bytes| progress.advance(Amount { bytes, files: 0 });
    let stick = &one.stick;
    let differing = stick.differing(&source.files, cancel, &mut advance)?;
    if let Some(place) = differing.iter().find(|&&place| stick.plan.writes[place]) {
        let (path, file) = (stick.device.path.display(), &source.files[*place].path);
        return Err(Error::Integrity(format!(
            "`{path}` gives back other bytes than were written, in `{file}`; the device is worn \
             out or not what it says"
        )));
    }
    if !differing.is_empty() {
        one.stick.look_again(source, cancel)?;
        let now = one.stick.figures;
        one.figures.has_changes = true;
        one.figures.written.files += now.written.files;
        one.figures.written.bytes += now.written.bytes;
        one.figures.kept.files -= now.written.files.min(one.figures.kept.files);
        one.figures.kept.bytes -= now.written.bytes.min(one.figures.kept.bytes);
        return Ok(false);
    }
    if stick.plan.changes {
        apply::finish(source, stick)?;
        stick.disk.forget();
        stick.must_be_sound(false)?;
    }
    let media_json = [source.media_json_file()];
    if !stick.differing(&media_json, cancel, &mut advance)?.is_empty() {
        return Err(stick.differs());
    }
    Ok(true)
}
