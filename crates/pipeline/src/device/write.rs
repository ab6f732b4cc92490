//! One read of an image, and a writer for each device.
//!
//! The beginning of a device is cleared first and written last: what was interrupted on the way
//! holds neither the old media nor the new ones.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use content::Digest;
use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::Device;
use crate::progress::{Amount, Cancel, Phase, Progress};
use crate::write::{ALIGNMENT, Buffer};
use crate::{Error, IoContext};

/// What is read, written and checked at once.
const PIECE: u64 = 4 << 20;

/// Pieces that a slow device may lag behind the fastest: they stay in memory until all have them.
const LAG: usize = 4;

/// What became of one device.
#[derive(Debug)]
pub struct Written {
    /// Which one.
    pub device: Device,
    /// Whether it holds the image now, every byte read back.
    pub outcome: Result<(), Error>,
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
/// one device does not keep the others. `Err` means that the image cannot be read or the user
/// stopped the run: then no device is whole.
pub fn write_all(
    image: &Path,
    devices: &[Device],
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(Digest, Vec<Written>), Error> {
    let file = File::open(image).at("open", image)?;
    let len = file.metadata().at("look at", image)?.len();
    progress.begin(Phase::Write, Amount { bytes: len, files: 0 });
    let started = Instant::now();
    let (read, mut written) = thread::scope(|scope| {
        let mut senders = Vec::with_capacity(devices.len());
        let mut writers = Vec::with_capacity(devices.len());
        for device in devices {
            let (sender, pieces) = bounded(LAG);
            senders.push(sender);
            writers.push(scope.spawn(move || write_one(device, len, &pieces)));
        }
        let read = read_image(&file, image, len, senders, cancel, progress);
        let outcomes: Vec<_> = writers
            .into_iter()
            .map(|writer| writer.join().expect("a writer does not panic"))
            .collect();
        (read, outcomes)
    });
    let (digest, crcs) = read?;
    cancel.check()?;
    progress.begin(Phase::Verify, Amount { bytes: len * devices.len() as u64, files: 0 });
    thread::scope(|scope| {
        for (device, outcome) in devices.iter().zip(&mut written) {
            if outcome.is_ok() {
                let crcs = &crcs;
                scope.spawn(move || *outcome = read_back(device, len, crcs, cancel, progress));
            }
        }
    });
    cancel.check()?;
    let duration = started.elapsed();
    let written = devices.iter().zip(written);
    let written = written
        .map(|(device, outcome)| Written { device: device.clone(), outcome, duration })
        .collect();
    Ok((digest, written))
}

/// Reads the image once and gives every piece to every writer that still works.
fn read_image(
    file: &File,
    path: &Path,
    len: u64,
    mut writers: Vec<Sender<Arc<Piece>>>,
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(Digest, Vec<u32>), Error> {
    let mut hash = Sha256::new();
    let mut crcs = Vec::with_capacity(len.div_ceil(PIECE) as usize);
    for offset in (0..len).step_by(PIECE as usize) {
        cancel.check()?;
        if writers.is_empty() {
            return Ok((Digest::UNKNOWN, crcs));
        }
        let bytes = PIECE.min(len - offset) as usize;
        let mut buffer = Buffer::with_capacity(PIECE as usize);
        buffer.resize(bytes.next_multiple_of(ALIGNMENT), 0);
        let (data, padding) = buffer.bytes_mut().split_at_mut(bytes);
        crate::read::read_exact(file, path, data, offset)?;
        padding.fill(0);
        hash.update(data);
        crcs.push(crc32fast::hash(buffer.bytes()));
        let piece = Arc::new(Piece { offset, buffer });
        // A writer that failed has let its end go.
        writers.retain(|writer| writer.send(Arc::clone(&piece)).is_ok());
        progress.advance(Amount { bytes: bytes as u64, files: 0 });
    }
    Ok((Digest(hash.finalize().into()), crcs))
}

fn open(device: &Device, write: bool) -> Result<File, Error> {
    // A disk that is in use cannot be opened so.
    let flags = OFlags::DIRECT | OFlags::EXCL;
    let mut options = OpenOptions::new();
    options.read(true).write(write).custom_flags(flags.bits() as i32);
    options.open(&device.path).at("open", &device.path)
}

fn write_one(device: &Device, len: u64, pieces: &Receiver<Arc<Piece>>) -> Result<(), Error> {
    let file = open(device, true)?;
    let path = &device.path;
    let durable = || file.sync_all().map_err(io::Error::other).at("make durable", path);
    let mut nothing = Buffer::with_capacity(PIECE as usize);
    nothing.resize(PIECE.min(len).next_multiple_of(ALIGNMENT as u64) as usize, 0);
    nothing.bytes_mut().fill(0);
    file.write_all_at(nothing.bytes(), 0).at("clear the beginning of", path)?;
    let mut first = None;
    for piece in pieces {
        if piece.offset == 0 {
            first = Some(piece);
            continue;
        }
        write_piece(&file, path, &piece)?;
    }
    durable()?;
    let Some(first) = first else { return Ok(()) };
    write_piece(&file, path, &first)?;
    durable()
}

fn write_piece(file: &File, path: &Path, piece: &Piece) -> Result<(), Error> {
    let written = file.write_all_at(piece.buffer.bytes(), piece.offset);
    written.map_err(|error| device_error(error, piece.offset)).at("write", path)
}

/// Says where a device failed. One that has no room where it should have some is broken: nobody can
/// make room on it.
fn device_error(error: io::Error, offset: u64) -> io::Error {
    io::Error::other(format!("at byte {offset}: {error}"))
}

/// Reads a device past the page cache and compares each piece.
fn read_back(
    device: &Device,
    len: u64,
    crcs: &[u32],
    cancel: &Cancel,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let file = open(device, false)?;
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
