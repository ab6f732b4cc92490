//! Compressed resources: chunks, each by itself, behind a table of where they begin.

use std::thread;

use super::ffi::{Code, Compressor};
use crate::Algorithm;

/// What libwim compresses at if nobody sets a level. Never 0 here, which means the level of the
/// process: while another WIM is written, that one's.
pub(super) const DEFAULT_LEVEL: u32 = 50;

/// The stored bytes of a resource of these bytes, and whether they are compressed: what does not
/// become smaller is stored as it is.
///
/// The same bytes, algorithm, chunk and level give the same result, whatever the number of threads.
pub(super) fn compress(
    bytes: &[u8],
    algorithm: Algorithm,
    chunk: u32,
    level: u32,
    threads: u32,
) -> Result<(Vec<u8>, bool), Code> {
    if algorithm == Algorithm::None || bytes.is_empty() {
        return Ok((bytes.to_vec(), false));
    }
    let chunks: Vec<&[u8]> = bytes.chunks(chunk as usize).collect();
    let compressed = compress_chunks(&chunks, algorithm, chunk, level, thread_count(threads))?;
    let mut stored = Vec::new();
    let mut start = 0u64;
    for chunk in &compressed[..compressed.len() - 1] {
        start += chunk.len() as u64;
        // Resources of 4 GiB have wider entries; metadata is bounded far below.
        let start = u32::try_from(start).expect("because metadata is shorter than 4 GiB");
        stored.extend_from_slice(&start.to_le_bytes());
    }
    stored.extend(compressed.into_iter().flatten());
    if stored.len() < bytes.len() { Ok((stored, true)) } else { Ok((bytes.to_vec(), false)) }
}

fn thread_count(threads: u32) -> usize {
    match threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads as usize,
    }
}

fn compress_chunks(
    chunks: &[&[u8]],
    algorithm: Algorithm,
    chunk: u32,
    level: u32,
    threads: usize,
) -> Result<Vec<Vec<u8>>, Code> {
    let share = chunks.len().div_ceil(threads.min(chunks.len()));
    thread::scope(|scope| {
        let shares: Vec<_> = chunks
            .chunks(share)
            .map(|share| scope.spawn(move || compress_share(share, algorithm, chunk, level)))
            .collect();
        let mut compressed = Vec::with_capacity(chunks.len());
        for share in shares {
            compressed.extend(share.join().expect("because compressing does not panic")?);
        }
        Ok(compressed)
    })
}

fn compress_share(
    chunks: &[&[u8]],
    algorithm: Algorithm,
    chunk: u32,
    level: u32,
) -> Result<Vec<Vec<u8>>, Code> {
    let mut compressor = Compressor::new(algorithm, chunk, level)?;
    let mut buffer = vec![0; chunk as usize];
    let compressed = chunks.iter().map(|bytes| {
        // A chunk that is as long as before is stored as it is; readers tell it by its length.
        match compressor.compress(bytes, &mut buffer[..bytes.len() - 1]) {
            Some(len) => buffer[..len].to_vec(),
            None => bytes.to_vec(),
        }
    });
    Ok(compressed.collect())
}
