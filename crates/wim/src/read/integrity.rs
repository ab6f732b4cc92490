//! The table of digests of the file itself.

use std::ops::ControlFlow;

use super::read_exact;
use super::{ReadAt, ReadError, WimReader};
use crate::format::bytes::le32;
use crate::format::{HEADER_SIZE, INTEGRITY_HEAD_SIZE, Sha1};

const TABLE: &str = "the integrity table";

/// How many bytes of the file have one digest.
#[cfg(feature = "libwim")]
pub(crate) const CHUNK: u32 = 10 * 1024 * 1024;

/// The most bytes that may have one digest: what is held in memory at once. wimlib takes 128 MiB.
const CHUNK_MAX: u32 = 128 * 1024 * 1024;

/// The digests of the bytes from the header's end to `end`, one for `chunk` of them. `each` is told
/// how many are done; `Break` ends it with None.
pub(crate) fn digests(
    source: &dyn ReadAt,
    end: u64,
    chunk: u32,
    each: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Option<Vec<Sha1>>, ReadError> {
    let start = HEADER_SIZE as u64;
    let mut digests = Vec::new();
    let mut buffer = Vec::new();
    for offset in (start..end).step_by(chunk as usize) {
        if each(offset - start).is_break() {
            return Ok(None);
        }
        buffer.resize(u64::from(chunk).min(end - offset) as usize, 0);
        read_exact(source, "the bytes with an integrity digest", offset, &mut buffer)?;
        digests.push(Sha1::of(&buffer));
    }
    Ok(Some(digests))
}

impl WimReader<'_> {
    /// Reads the whole file and compares it with its integrity table. `each` is told how many bytes
    /// of how many are done; `Break` ends it.
    ///
    /// False if there is no table, or the comparison was ended. Holds as many bytes as have one
    /// digest: 10 MiB, if wimlib or Windows wrote the file.
    ///
    /// # Errors
    ///
    /// [`ReadError::Malformed`] if the bytes are not those of the table, or the table is no table.
    pub fn check_integrity(
        &self,
        each: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<bool, ReadError> {
        let header = self.header();
        if !header.has_integrity_table() {
            return Ok(false);
        }
        let offset = header.integrity.offset;
        let malformed = |reason: String| ReadError::malformed(TABLE, offset, reason);
        let end = header.blob_table.end().unwrap_or(u64::MAX);
        let start = HEADER_SIZE as u64;
        let (chunk, stated) = self.integrity_table()?;
        if stated.len() as u64 != end.saturating_sub(start).div_ceil(u64::from(chunk)) {
            let reason = format!("{} digests do not fit {end} bytes", stated.len());
            return Err(malformed(reason));
        }
        let total = end.saturating_sub(start);
        let found = digests(self.source(), end, chunk, &mut |done| each(done, total))?;
        let Some(found) = found else { return Ok(false) };
        match found.iter().zip(&stated).position(|(found, stated)| found != stated) {
            None => Ok(true),
            Some(index) => {
                let first = start + index as u64 * u64::from(chunk);
                Err(malformed(format!("the {chunk} bytes from byte {first} on are not its")))
            }
        }
    }

    /// How many bytes have one digest, and the digests.
    fn integrity_table(&self) -> Result<(u32, Vec<Sha1>), ReadError> {
        let resource = &self.header().integrity;
        let malformed = |reason| ReadError::malformed(TABLE, resource.offset, reason);
        let mut head = [0; INTEGRITY_HEAD_SIZE];
        read_exact(self.source(), TABLE, resource.offset, &mut head)?;
        let (size, count, chunk) = (le32(&head, 0), le32(&head, 4), le32(&head, 8));
        let digests_len = u64::from(count) * 20;
        if u64::from(size) != digests_len + INTEGRITY_HEAD_SIZE as u64
            || u64::from(size) != resource.original
            || resource.is_compressed()
        {
            return Err(malformed(format!("{count} digests do not fit {size} bytes")));
        }
        if chunk == 0 || chunk > CHUNK_MAX {
            return Err(malformed(format!("one digest for {chunk} bytes makes no sense")));
        }
        // Before memory is taken for what only a number promises.
        super::check_inside(self.source(), TABLE, resource.offset, u64::from(size))?;
        let mut bytes = vec![0; digests_len as usize];
        let offset = resource.offset + INTEGRITY_HEAD_SIZE as u64;
        read_exact(self.source(), TABLE, offset, &mut bytes)?;
        let (digests, _) = bytes.as_chunks::<20>();
        Ok((chunk, digests.iter().map(|digest| Sha1(*digest)).collect()))
    }
}
