//! The directory tree of an image.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::limits::{MAX_DEPTH, MAX_NAME_BYTES};
use super::{Entry, ReadError, Stream};
use crate::format::bytes::{array, le16, le32, le64, utf16};
use crate::format::{DENTRY_ALIGNMENT, DENTRY_SIZE, Dentry, STREAM_SIZE, Sha1, name_space};

/// The decompressed metadata of an image.
pub struct Tree {
    image: u32,
    bytes: Vec<u8>,
}

/// A directory whose entries are being visited.
struct Level {
    /// Where the next entry stands.
    at: usize,
    /// How long the path of the directory is.
    path_len: usize,
}

/// An entry with its place.
struct Read {
    dentry: Dentry,
    name: String,
    short_name: String,
    sha1: Sha1,
    streams: Vec<Stream>,
    /// Where the next entry of the directory stands.
    next: usize,
}

impl Tree {
    pub(super) fn new(image: u32, bytes: Vec<u8>) -> Self {
        Self { image, bytes }
    }

    /// Gives every entry to `visit`, the root first and directories before what is in them, in the
    /// order of the file. `Break` ends the walk.
    ///
    /// # Errors
    ///
    /// [`ReadError::Metadata`] where the tree contradicts the format: the entries before were given.
    pub fn walk(&self, visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>) -> Result<(), ReadError> {
        let Some(root) = self.read(self.root_offset()?)? else {
            return Err(self.error(0, "there is no root directory"));
        };
        if !root.dentry.is_directory() || !root.name.is_empty() {
            return Err(self.error(0, "the root is no directory without a name"));
        }
        if visit(&entry(String::new(), &root)).is_break() {
            return Ok(());
        }
        self.walk_below(&root, visit)
    }

    /// All entries, in the order of [`Self::walk`].
    ///
    /// # Errors
    ///
    /// As [`Self::walk`].
    pub fn entries(&self) -> Result<Vec<Entry>, ReadError> {
        let mut entries = Vec::new();
        self.walk(&mut |entry| {
            entries.push(entry.clone());
            ControlFlow::Continue(())
        })?;
        Ok(entries)
    }

    /// The decompressed bytes.
    #[cfg(feature = "libwim")]
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn walk_below(
        &self,
        root: &Read,
        visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let mut path = String::new();
        let mut levels = Vec::new();
        let mut entered = HashSet::new();
        // A sound tree has each entry once, so more than fit are entries that overlap.
        let mut left = self.bytes.len() / DENTRY_SIZE;
        self.enter(root, 0, &mut levels, &mut entered)?;
        while let Some(level) = levels.last_mut() {
            path.truncate(level.path_len);
            let at = level.at;
            let Some(read) = self.read(at)? else {
                levels.pop();
                continue;
            };
            level.at = read.next;
            left = left.checked_sub(1).ok_or_else(|| self.error(at, "entries overlap"))?;
            self.check_name(&read.name, at)?;
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&read.name);
            if visit(&entry(path.clone(), &read)).is_break() {
                return Ok(());
            }
            if read.dentry.is_directory() {
                self.enter(&read, path.len(), &mut levels, &mut entered)?;
            }
        }
        Ok(())
    }

    fn enter(
        &self,
        directory: &Read,
        path_len: usize,
        levels: &mut Vec<Level>,
        entered: &mut HashSet<u64>,
    ) -> Result<(), ReadError> {
        let offset = directory.dentry.children;
        if offset == 0 {
            return Ok(());
        }
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        // Directories without entries may share the end of one list.
        if self.read(at)?.is_none() {
            return Ok(());
        }
        if !entered.insert(offset) {
            return Err(self.error(at, "the entries of this directory were met before"));
        }
        if levels.len() == MAX_DEPTH {
            let reason = format!("more than {MAX_DEPTH} directories lie inside each other");
            return Err(self.error(at, reason));
        }
        levels.push(Level { at, path_len });
        Ok(())
    }

    /// The root stands behind the security data, whose first field is how long that is.
    fn root_offset(&self) -> Result<usize, ReadError> {
        if self.bytes.len() < 8 {
            return Err(self.error(0, "it ends in the security data"));
        }
        // A length of 0 stands for the eight bytes of the two fields.
        Ok((le32(&self.bytes, 0) as usize).next_multiple_of(DENTRY_ALIGNMENT).max(8))
    }

    /// The entry at `at`; None for what ends a directory.
    fn read(&self, at: usize) -> Result<Option<Read>, ReadError> {
        let cut = || self.error(at, "a directory entry ends behind the end");
        let rest = self.bytes.get(at..).ok_or_else(cut)?;
        if rest.len() < 8 {
            return Err(cut());
        }
        if le64(rest, 0) <= 8 {
            return Ok(None);
        }
        let fields = rest.get(..DENTRY_SIZE).ok_or_else(cut)?;
        let dentry = Dentry::from_bytes(&array(fields, 0));
        let len = usize::try_from(dentry.len).ok().filter(|&len| len <= rest.len());
        let len = len.ok_or_else(cut)?;
        let (name_len, short_len) =
            (usize::from(dentry.name_len), usize::from(dentry.short_name_len));
        if len < DENTRY_SIZE + name_space(name_len) + name_space(short_len) {
            return Err(self.error(at, "a directory entry is shorter than its names"));
        }
        if name_len > MAX_NAME_BYTES
            || short_len > MAX_NAME_BYTES
            || (name_len | short_len) % 2 != 0
        {
            return Err(self.error(at, "a name is longer than 255 characters, or half a one"));
        }
        let short_at = DENTRY_SIZE + name_space(name_len);
        let next = (at + len).next_multiple_of(DENTRY_ALIGNMENT);
        let mut read = Read {
            dentry,
            name: utf16(&rest[DENTRY_SIZE..DENTRY_SIZE + name_len]),
            short_name: utf16(&rest[short_at..short_at + short_len]),
            sha1: dentry.sha1,
            streams: Vec::new(),
            next,
        };
        self.read_streams(&mut read)?;
        Ok(Some(read))
    }

    /// Further streams follow an entry. One without name has the bytes of the file itself; Windows
    /// writes it wherever there are streams with names.
    fn read_streams(&self, read: &mut Read) -> Result<(), ReadError> {
        for _ in 0..read.dentry.streams {
            let at = read.next;
            let cut = || self.error(at, "a stream entry ends behind the end");
            let rest = self.bytes.get(at..).filter(|rest| rest.len() >= STREAM_SIZE);
            let rest = rest.ok_or_else(cut)?;
            let len = usize::try_from(le64(rest, 0)).ok().filter(|&len| len <= rest.len());
            let len = len.ok_or_else(cut)?;
            let name_len = usize::from(le16(rest, 36));
            if len < STREAM_SIZE + name_space(name_len) || name_len % 2 != 0 {
                return Err(self.error(at, "a stream entry is shorter than its name"));
            }
            let sha1 = Sha1(array(rest, 16));
            if name_len == 0 {
                if read.sha1 == Sha1::ZERO {
                    read.sha1 = sha1;
                }
            } else {
                let name = utf16(&rest[STREAM_SIZE..STREAM_SIZE + name_len]);
                read.streams.push(Stream { name, sha1: some(sha1) });
            }
            read.next = (at + len).next_multiple_of(DENTRY_ALIGNMENT);
        }
        Ok(())
    }

    /// Whoever extracts by these paths must not leave the folder.
    ///
    /// A backslash parts no names here: it is one of a name's characters in images that were
    /// captured on Unix, where systemd writes `\x2d` into names.
    fn check_name(&self, name: &str, at: usize) -> Result<(), ReadError> {
        if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
            let reason = format!("`{}` is no name", name.escape_debug());
            return Err(self.error(at, reason));
        }
        Ok(())
    }

    fn error(&self, at: usize, reason: impl Into<String>) -> ReadError {
        ReadError::Metadata { image: self.image, offset: at as u64, reason: reason.into() }
    }
}

fn some(sha1: Sha1) -> Option<Sha1> {
    (sha1 != Sha1::ZERO).then_some(sha1)
}

fn entry(path: String, read: &Read) -> Entry {
    let dentry = &read.dentry;
    let is_link = dentry.is_reparse_point();
    Entry {
        path,
        attributes: dentry.attributes,
        security_id: u32::try_from(dentry.security_id).ok(),
        created: dentry.created,
        accessed: dentry.accessed,
        written: dentry.written,
        sha1: some(read.sha1),
        link_group: if is_link { 0 } else { dentry.link },
        reparse_tag: is_link.then_some(dentry.link as u32),
        short_name: read.short_name.clone(),
        streams: read.streams.clone(),
    }
}
