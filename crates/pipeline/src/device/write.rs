//! One read of an image, and a writer for each device.
//!
//! The beginning of a device is cleared first and written last: what was interrupted on the way
//! holds neither the old media nor the new ones. A device stays open from then until it has been
//! read back, so that nothing mounts it in between.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use content::Digest;
use crossbeam_channel::{Receiver, Sender, bounded};
use image::read::ReadAt;
use rustix::fs::{FlockOperation, OFlags, flock};
use sha2::{Digest as _, Sha256};

use super::{Device, Figures};
use crate::image_file::ImageFile;
use crate::progress::{Amount, Cancel, Phase, Progress};
use crate::write::{ALIGNMENT, Buffer};
use crate::{Error, IoContext};

/// What is read, written and checked at once.
pub(super) const PIECE: u64 = 4 << 20;

/// Pieces that a slow device may lag behind the fastest: they stay in memory until all have them.
pub(super) const LAG: usize = 4;

/// What became of one device.
#[derive(Debug)]
pub struct Written {
    /// Which one.
    pub device: Device,
    /// Whether it holds the image now, every byte read back.
    pub outcome: Result<(), Error>,
    /// What an update did; `None` where the image was written.
    pub update: Option<Figures>,
    /// How long it took.
    pub duration: Duration,
}

/// A piece of the image, padded with zeros to what direct I/O wants.
struct Piece {
    offset: u64,
    buffer: Buffer,
}

/// Writes an image to all of these devices at once, with one read of the image, and reads each
/// back past the page cache.
///
/// Whatever lies on the devices is lost; whether it may be, is the caller's business. An error of
/// one device does not keep the others. Returns the digest of the image, unless no device took all
/// of it. If the image cannot be read or the user stops the run, every outcome says so.
pub fn write_all(
    image: &ImageFile,
    devices: &[Device],
    cancel: &Cancel,
    progress: &dyn Progress,
) -> (Option<Digest>, Vec<Written>) {
    let len = image.len();
    progress.begin(Phase::Write, Amount { bytes: len, files: 0 });
    let started = Instant::now();
    let whole = AtomicBool::new(false);
    let (read, written) = thread::scope(|scope| {
        let mut senders = Vec::with_capacity(devices.len());
        let mut writers = Vec::with_capacity(devices.len());
        for device in devices {
            let (sender, pieces) = bounded(LAG);
            senders.push(sender);
            let whole = &whole;
            writers.push(scope.spawn(move || write_one(device, len, &pieces, whole)));
        }
        let read = read_image(image, senders, &whole, cancel, progress);
        let outcomes: Vec<_> = writers
            .into_iter()
            .map(|writer| writer.join().expect("a writer does not panic"))
            .collect();
        (read, outcomes)
    });
    let (digest, crcs) = match read {
        Ok(read) => read,
        Err(error) => {
            let text = error.to_string();
            let failed = |device| (device, Err(same(&error, &text)));
            return (None, finish(devices.iter().map(failed), started));
        }
    };
    progress.begin(Phase::Verify, Amount { bytes: len * devices.len() as u64, files: 0 });
    let outcomes: Vec<Result<(), Error>> = thread::scope(|scope| {
        let readers: Vec<_> = devices
            .iter()
            .zip(written)
            .map(|(device, opened)| {
                let crcs = &crcs;
                scope.spawn(move || read_back(device, &opened?, len, crcs, cancel, progress))
            })
            .collect();
        readers.into_iter().map(|reader| reader.join().expect("a reader does not panic")).collect()
    });
    (digest, finish(devices.iter().zip(outcomes), started))
}

fn finish<'d>(
    outcomes: impl Iterator<Item = (&'d Device, Result<(), Error>)>,
    started: Instant,
) -> Vec<Written> {
    let duration = started.elapsed();
    outcomes
        .map(|(device, outcome)| Written {
            device: device.clone(),
            outcome,
            update: None,
            duration,
        })
        .collect()
}

/// The error that concerns every device, once more.
pub(super) fn same(error: &Error, text: &str) -> Error {
    match error {
        Error::Cancelled => Error::Cancelled,
        Error::Changed { path } => Error::Changed { path: path.clone() },
        Error::Io { verb, path, source } => Error::Io {
            verb,
            path: path.clone(),
            source: io::Error::new(source.kind(), source.to_string()),
        },
        _ => Error::Integrity(text.to_owned()),
    }
}

/// Reads the image once and gives every piece to every writer that still works. Says that it is
/// whole before the writers find that nothing more comes.
fn read_image(
    image: &ImageFile,
    mut writers: Vec<Sender<Arc<Piece>>>,
    whole: &AtomicBool,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(Option<Digest>, Vec<u32>), Error> {
    let len = image.len();
    let mut hash = Sha256::new();
    let mut crcs = Vec::with_capacity(len.div_ceil(PIECE) as usize);
    for offset in (0..len).step_by(PIECE as usize) {
        cancel.check()?;
        if writers.is_empty() {
            return Ok((None, crcs));
        }
        let bytes = PIECE.min(len - offset) as usize;
        let mut buffer = Buffer::with_capacity(PIECE as usize);
        buffer.resize(bytes.next_multiple_of(ALIGNMENT), 0);
        let (data, padding) = buffer.bytes_mut().split_at_mut(bytes);
        image.read_exact_at(offset, data).at("read", image.path())?;
        padding.fill(0);
        hash.update(data);
        crcs.push(crc32fast::hash(buffer.bytes()));
        let piece = Arc::new(Piece { offset, buffer });
        // A writer that failed has let its end go.
        writers.retain(|writer| writer.send(Arc::clone(&piece)).is_ok());
        progress.advance(Amount { bytes: bytes as u64, files: 0 });
    }
    cancel.check()?;
    whole.store(true, Ordering::Release);
    Ok((Some(Digest(hash.finalize().into())), crcs))
}

/// Opens a device for this run alone, and makes sure that it is the one that was looked at.
pub(super) fn open(device: &Device) -> Result<File, Error> {
    // A disk that is in use cannot be opened so.
    let flags = OFlags::DIRECT | OFlags::EXCL;
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(flags.bits() as i32);
    let path = &device.path;
    let file = options.open(path).at("open", path)?;
    // What watches disks leaves one alone that is locked.
    flock(&file, FlockOperation::NonBlockingLockExclusive).at("lock", path)?;
    let number = file.metadata().at("look at", path)?.rdev();
    let now = Device::look(path)?;
    if number != device.number || now.identity() != device.identity() {
        let message = "is another disk than it was a moment ago".to_owned();
        return Err(Error::Input { path: path.clone(), message });
    }
    Ok(file)
}

/// Writes what comes, and returns the device still open.
fn write_one(
    device: &Device,
    len: u64,
    pieces: &Receiver<Arc<Piece>>,
    whole: &AtomicBool,
) -> Result<File, Error> {
    let file = open(device)?;
    let path = &device.path;
    let durable = || file.sync_all().map_err(io::Error::other).at("make durable", path);
    let mut nothing = Buffer::with_capacity(PIECE as usize);
    nothing.resize(PIECE.min(len).next_multiple_of(ALIGNMENT as u64) as usize, 0);
    nothing.bytes_mut().fill(0);
    let cleared = file.write_all_at(nothing.bytes(), 0);
    cleared.map_err(|error| device_error(error, 0)).at("clear the beginning of", path)?;
    durable()?;
    let mut first = None;
    for piece in pieces {
        if piece.offset == 0 {
            first = Some(piece);
            continue;
        }
        write_piece(&file, path, &piece)?;
    }
    durable()?;
    let first = first.filter(|_| whole.load(Ordering::Acquire)).ok_or(Error::Cancelled)?;
    write_piece(&file, path, &first)?;
    durable()?;
    Ok(file)
}

fn write_piece(file: &File, path: &Path, piece: &Piece) -> Result<(), Error> {
    let written = file.write_all_at(piece.buffer.bytes(), piece.offset);
    written.map_err(|error| device_error(error, piece.offset)).at("write", path)
}

/// Says where a device failed. One that has no room where it should have some is broken: nobody can
/// make room on it.
pub(super) fn device_error(error: io::Error, offset: u64) -> io::Error {
    io::Error::other(format!("at byte {offset}: {error}"))
}

/// Reads a device past the page cache and compares each piece.
fn read_back(
    device: &Device,
    file: &File,
    len: u64,
    crcs: &[u32],
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let mut buffer = Buffer::with_capacity(PIECE as usize);
    for (offset, crc) in (0..len).step_by(PIECE as usize).zip(crcs) {
        cancel.check()?;
        let bytes = PIECE.min(len - offset);
        buffer.resize(bytes.next_multiple_of(ALIGNMENT as u64) as usize, 0);
        file.read_exact_at(buffer.bytes_mut(), offset).map_err(|error| {
            let path = device.path.display();
            Error::Integrity(format!("`{path}` cannot be read at byte {offset}: {error}"))
        })?;
        if crc32fast::hash(buffer.bytes()) != *crc {
            let path = device.path.display();
            return Err(Error::Integrity(format!(
                "`{path}` gives back other bytes than were written, from byte {offset} on; \
                 the device is worn out or not what it says"
            )));
        }
        progress.advance(Amount { bytes, files: 0 });
    }
    Ok(())
}
