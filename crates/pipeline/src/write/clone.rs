//! Lets an image share the blocks of a source file, where the file system can.

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use rustix::io::Errno;
use rustix::ioctl::{Setter, ioctl, opcode};

/// The argument of `FICLONERANGE` (linux/fs.h, `struct file_clone_range`).
#[repr(C)]
struct FileCloneRange {
    src_fd: i64,
    src_offset: u64,
    src_length: u64,
    dest_offset: u64,
}

const FICLONERANGE: rustix::ioctl::Opcode = opcode::write::<FileCloneRange>(0x94, 13);

/// Shares a range; offsets and length must be multiples of the file system's block.
pub fn clone_range(
    source: &File,
    offset: u64,
    len: u64,
    target: &File,
    start: u64,
) -> Result<(), Errno> {
    let argument = FileCloneRange {
        src_fd: i64::from(raw(source)),
        src_offset: offset,
        src_length: len,
        dest_offset: start,
    };
    set(target, argument)
}

fn raw(file: &File) -> RawFd {
    file.as_raw_fd()
}

#[allow(unsafe_code)]
fn set(target: &File, argument: FileCloneRange) -> Result<(), Errno> {
    use std::os::fd::AsFd;
    let target: BorrowedFd<'_> = target.as_fd();
    // SAFETY: the opcode is FICLONERANGE, which reads a `struct file_clone_range`.
    unsafe { ioctl(target, Setter::<FICLONERANGE, FileCloneRange>::new(argument)) }
}

/// Whether an error says that this pair of files cannot share blocks, so that a copy is due.
pub fn cannot_clone(error: Errno) -> bool {
    matches!(
        error,
        Errno::OPNOTSUPP | Errno::XDEV | Errno::INVAL | Errno::NOTTY | Errno::NOSYS | Errno::PERM
    )
}
