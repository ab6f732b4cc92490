//! Copying many small files: one thread reads them in their order, and others hash and write them.

use std::fs::File;
use std::io::Write;
use std::num::NonZero;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::ContentError;
use super::copy::{Check, Job, SMALL, Source};

/// How many files are on their way; their bytes are the memory that this takes.
const ON_THE_WAY: usize = 16;

/// A file that was read.
struct Read<'a> {
    number: usize,
    job: &'a Job,
    bytes: Vec<u8>,
    mode: u32,
}

/// Copies files of at most [`SMALL`] bytes. `copied` is told the number of each, and its length.
pub(super) fn copy_small(
    jobs: &[Job],
    copied: &mut dyn FnMut(usize, u64),
) -> Result<(), ContentError> {
    thread::scope(|scope| {
        let (read, to_write) = bounded::<Read<'_>>(ON_THE_WAY);
        let (empty, to_fill) = bounded::<Vec<u8>>(ON_THE_WAY);
        let (done, written) = bounded(ON_THE_WAY);
        for _ in 0..ON_THE_WAY {
            // There is room for all of them.
            let _ = empty.send(Vec::new());
        }
        let failed = done.clone();
        scope.spawn(move || {
            if let Err(error) = read_all(jobs, &to_fill, &read) {
                // Nobody listens when another one has failed before.
                let _ = failed.send(Err(error));
            }
        });
        let workers = thread::available_parallelism().map_or(2, NonZero::get).min(ON_THE_WAY / 2);
        for _ in 0..workers {
            let (to_write, empty, done) = (to_write.clone(), empty.clone(), done.clone());
            scope.spawn(move || {
                for file in to_write {
                    let written = write(&file).map(|()| (file.number, file.job.len));
                    let stop = written.is_err();
                    let _ = empty.send(file.bytes);
                    if done.send(written).is_err() || stop {
                        break;
                    }
                }
            });
        }
        drop((to_write, empty, done));
        written.into_iter().try_for_each(|ended: Result<(usize, u64), ContentError>| {
            ended.map(|(number, len)| copied(number, len))
        })
    })
}

fn read_all<'a>(
    jobs: &'a [Job],
    to_fill: &Receiver<Vec<u8>>,
    read: &Sender<Read<'a>>,
) -> Result<(), ContentError> {
    for (number, job) in jobs.iter().enumerate() {
        let mut source = Source::open(&job.source, job.len)?;
        let mode = source.mode();
        // Without anybody who writes there is nothing left to do.
        let Ok(mut bytes) = to_fill.recv() else { break };
        // One byte more shows a file that has grown.
        bytes.resize(job.len.min(SMALL) as usize + 1, 0);
        let len = source.next(&mut bytes)?.unwrap_or(0);
        bytes.truncate(len);
        if read.send(Read { number, job, bytes, mode }).is_err() {
            break;
        }
    }
    Ok(())
}

/// Compares a file, and writes it if it is what it should be.
fn write(file: &Read<'_>) -> Result<(), ContentError> {
    let Job { source, len, digest, target } = file.job;
    let mut check = Check::new(source, *len);
    check.take(&file.bytes);
    check.finish(*digest)?;
    let mut to: File = target.open(*len, file.mode)?;
    to.write_all(&file.bytes).map_err(|error| target.unwritable(error))
}
