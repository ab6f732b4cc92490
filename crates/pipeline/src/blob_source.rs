//! The bytes of a blob, wherever the host has them: a file, or runs of one and bytes made here.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use content::BlobId;
use wim::PartPiece;

use crate::read::{check_unchanged, read_exact};
use crate::scan::Scan;
use crate::stamp::FileStamp;
use crate::{Error, IoContext};

/// What a blob consists of that is no whole file of the host.
#[derive(Debug)]
pub struct Composed {
    /// The file whose runs it has.
    pub path: PathBuf,
    /// The pieces, and where each starts in the blob.
    pieces: Vec<(u64, PartPiece)>,
    /// By what its checksum is kept: the file's own times, and numbers that no file has.
    pub key: FileStamp,
}

impl Composed {
    /// A blob of these pieces of a file with this stamp.
    pub fn new(path: PathBuf, stamp: &FileStamp, pieces: Vec<PartPiece>) -> Self {
        let mut end = 0;
        let mut hash = crc32fast::Hasher::new();
        let starts = pieces.into_iter().map(|piece| {
            let start = end;
            match &piece {
                PartPiece::Bytes(bytes) => {
                    hash.update(bytes);
                    end += bytes.len() as u64;
                }
                PartPiece::Source { offset, len } => {
                    hash.update(&offset.to_le_bytes());
                    end += len;
                }
                PartPiece::Zeros(len) => {
                    hash.update(&len.to_be_bytes());
                    end += len;
                }
            }
            (start, piece)
        });
        let pieces = starts.collect();
        // No device has the highest bit: Linux keeps 32 of a number's 64.
        let device = stamp.device | 1 << 63;
        let inode = stamp.inode.rotate_left(32) ^ u64::from(hash.finalize());
        let key = FileStamp { device, inode, size: end, ..*stamp };
        Self { path, pieces, key }
    }

    /// The pieces that lie in a range of the blob, cut to it, each with its place in the blob.
    fn within(&self, offset: u64, len: u64) -> impl Iterator<Item = (u64, PieceRange<'_>)> {
        let first = self.pieces.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        self.pieces[first..].iter().map_while(move |(start, piece)| {
            let from = offset.saturating_sub(*start);
            let at = start + from;
            let left = (offset + len).checked_sub(at).filter(|left| *left > 0)?;
            Some((at, PieceRange::of(piece, from, left)))
        })
    }
}

/// A range of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceRange<'a> {
    /// Bytes at hand.
    Bytes(&'a [u8]),
    /// A run of the file.
    Source { offset: u64, len: u64 },
    /// Zeros.
    Zeros(u64),
}

impl<'a> PieceRange<'a> {
    fn of(piece: &'a PartPiece, from: u64, left: u64) -> Self {
        match piece {
            PartPiece::Bytes(bytes) => {
                let rest = bytes.get(from as usize..).unwrap_or_default();
                Self::Bytes(&rest[..rest.len().min(usize::try_from(left).unwrap_or(usize::MAX))])
            }
            PartPiece::Source { offset, len } => {
                let rest = len.saturating_sub(from);
                Self::Source { offset: offset + from, len: rest.min(left) }
            }
            PartPiece::Zeros(len) => Self::Zeros(len.saturating_sub(from).min(left)),
        }
    }
}

/// A blob that is open for reading; the host's file must stay what it was when it was listed.
pub struct BlobSource {
    path: PathBuf,
    file: File,
    stamp: FileStamp,
    composed: Option<Arc<Composed>>,
}

impl BlobSource {
    /// Opens the host's file; whether it is what it was, [`BlobSource::check_unchanged`] says.
    pub fn open(scan: &Scan, blob: BlobId) -> Result<Self, Error> {
        let path = scan.sources.path(&scan.index, blob);
        let file = File::open(&path).at("open", &path)?;
        let (stamp, composed) = (scan.sources.stamp(blob), scan.sources.composed(blob));
        Ok(Self { path, file, stamp, composed })
    }

    /// The same, of a file that has not changed until now.
    pub fn open_unchanged(scan: &Scan, blob: BlobId) -> Result<Self, Error> {
        let source = Self::open(scan, blob)?;
        source.check_unchanged()?;
        Ok(source)
    }

    /// The host's file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The host's file, opened.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// `Err` if the file is no longer what was listed.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        check_unchanged(&self.file, &self.path, &self.stamp)
    }

    /// Fills `bytes` with those of the blob from this offset on.
    pub fn read_exact(&self, bytes: &mut [u8], offset: u64) -> Result<(), Error> {
        let Some(composed) = &self.composed else {
            return read_exact(&self.file, &self.path, bytes, offset);
        };
        let mut done = 0;
        for (_, piece) in composed.within(offset, bytes.len() as u64) {
            let rest = &mut bytes[done..];
            match piece {
                PieceRange::Bytes(own) => rest[..own.len()].copy_from_slice(own),
                PieceRange::Zeros(len) => rest[..len as usize].fill(0),
                PieceRange::Source { offset, len } => {
                    read_exact(&self.file, &self.path, &mut rest[..len as usize], offset)?;
                }
            }
            done += match piece {
                PieceRange::Bytes(own) => own.len(),
                PieceRange::Zeros(len) | PieceRange::Source { len, .. } => len as usize,
            };
        }
        Ok(())
    }

    /// The runs of the host's file in a range of the blob: where each begins in the blob, where in
    /// the file, and its length. What is between them is in no file.
    pub fn runs(&self, offset: u64, len: u64) -> Vec<(u64, u64, u64)> {
        let Some(composed) = &self.composed else { return vec![(offset, offset, len)] };
        let runs = composed.within(offset, len).filter_map(|(at, piece)| match piece {
            PieceRange::Source { offset, len } => Some((at, offset, len)),
            PieceRange::Bytes(_) | PieceRange::Zeros(_) => None,
        });
        runs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::Nanoseconds;

    fn stamp() -> FileStamp {
        let time = Nanoseconds(1);
        FileStamp { device: 1, inode: 2, size: 100, modified: time, changed: time }
    }

    fn composed() -> Composed {
        let pieces = vec![
            PartPiece::Bytes([1, 2, 3].as_slice().into()),
            PartPiece::Zeros(2),
            PartPiece::Source { offset: 10, len: 5 },
            PartPiece::Bytes([].as_slice().into()),
            PartPiece::Bytes([9].as_slice().into()),
        ];
        Composed::new("a.wim".into(), &stamp(), pieces)
    }

    #[test]
    fn ranges_are_cut_out_of_the_pieces() {
        let composed = composed();
        let within = |offset, len| composed.within(offset, len).collect::<Vec<_>>();
        assert_eq!(
            within(1, 6),
            [
                (1, PieceRange::Bytes(&[2, 3])),
                (3, PieceRange::Zeros(2)),
                (5, PieceRange::Source { offset: 10, len: 2 }),
            ]
        );
        assert_eq!(within(7, 2), [(7, PieceRange::Source { offset: 12, len: 2 })]);
        assert_eq!(within(10, 1), [(10, PieceRange::Bytes(&[9]))]);
        assert_eq!(composed.key.size, 11);
    }

    #[test]
    fn other_pieces_have_another_key() {
        let other = |pieces| Composed::new("a.wim".into(), &stamp(), pieces).key;
        let key = other(vec![PartPiece::Source { offset: 0, len: 5 }]);
        assert_ne!(key, other(vec![PartPiece::Source { offset: 1, len: 5 }]));
        assert_ne!(key, other(vec![PartPiece::Source { offset: 0, len: 6 }]));
        assert_eq!(key, other(vec![PartPiece::Source { offset: 0, len: 5 }]));
        assert_ne!(key.device, stamp().device);
    }
}
