//! Changes a stick, in an order in which it never looks whole while it is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Receiver;
use fat32_writer::read::DataExtent;
use fat32_writer::update::Editor;

use super::Piece;
use super::disk::Disk;
use super::media::UpdateSource;
use super::stick::Stick;
use crate::Error;
use crate::verify::MEDIA_JSON;

/// After so many bytes and files the directories learn of them: what an interruption loses.
const BATCH_BYTES: u64 = 256 << 20;
const BATCH_FILES: u32 = 1000;

/// Small writes that follow each other become one.
const JOINED_MAX: usize = 4 << 20;

/// A stick while its files are changed.
struct Hand<'a> {
    stick: &'a Stick,
    editor: Editor<'a>,
    /// Bytes that are to be written, and where.
    pending: (u64, Vec<u8>),
    bytes: u64,
    files: u32,
}

/// Takes away what goes and writes the files that come, all but `media.json`.
pub fn change(
    source: &UpdateSource<'_>,
    stick: &Stick,
    pieces: &Receiver<Arc<Piece>>,
    whole: &AtomicBool,
) -> Result<(), Error> {
    let mut hand = Hand::new(source, stick)?;
    hand.begin()?;
    let mut open: Vec<DataExtent> = Vec::new();
    for piece in pieces {
        let file = &source.files[piece.file];
        if piece.at == 0 {
            open = hand.add(&file.path, file.len)?;
        }
        let is_last = piece.at + piece.bytes.len() as u64 == u64::from(file.len);
        hand.put(&mut open, &piece.bytes, is_last)?;
        if is_last {
            hand.count(u64::from(file.len))?;
        }
    }
    if !whole.load(Ordering::Acquire) {
        return Err(Error::Cancelled);
    }
    for path in &source.directories {
        hand.editor.add_directory(path).map_err(|error| stick.wrong(error))?;
    }
    hand.editor.set_label(&source.label).map_err(|error| stick.wrong(error))?;
    hand.commit()
}

/// Writes `media.json` and takes the marks away: the stick holds media.
pub fn finish(source: &UpdateSource<'_>, stick: &Stick) -> Result<(), Error> {
    let mut hand = Hand::new(source, stick)?;
    hand.add_whole(MEDIA_JSON, &source.media_json)?;
    hand.commit()?;
    for path in super::mark::PATHS {
        stick.remove(&mut hand.editor, path)?;
    }
    hand.commit()?;
    let disk = &stick.disk;
    let last = hand.editor.finish(Some(&source.label)).map_err(|error| stick.broken(&error))?;
    for write in last {
        stick.written(disk.write(write.offset, &write.bytes))?;
    }
    disk.sync()
}

impl<'a> Hand<'a> {
    fn new(source: &UpdateSource<'_>, stick: &'a Stick) -> Result<Self, Error> {
        stick.disk.forget();
        let editor = Editor::open(&stick.disk, source.created);
        let editor = editor.map_err(|error| stick.wrong(error))?;
        Ok(Self { stick, editor, pending: (0, Vec::new()), bytes: 0, files: 0 })
    }

    fn disk(&self) -> &'a Disk {
        &self.stick.disk
    }

    /// Makes the stick one that is being updated, and takes away what goes.
    fn begin(&mut self) -> Result<(), Error> {
        let (stick, disk) = (self.stick, self.disk());
        let plan = &stick.plan;
        if !plan.marks.is_empty() {
            let mended = self.editor.mend(&mut |offset, bytes| disk.write(offset, bytes));
            mended.map_err(|error| stick.wrong(error))?;
            disk.sync()?;
        }
        if let Some((path, bytes)) = &plan.new_mark {
            if plan.marks.contains(path) {
                self.remove(path)?;
                self.commit()?;
            }
            self.add_whole(path, bytes)?;
            self.commit()?;
        }
        for write in self.editor.mark_dirty().map_err(|error| stick.broken(&error))? {
            stick.written(disk.write(write.offset, &write.bytes))?;
        }
        disk.sync()?;
        // Before anything else: from here on the stick does not look whole.
        self.remove(MEDIA_JSON)?;
        self.commit()?;
        if let Some((new, _)) = &plan.new_mark {
            for old in plan.marks.iter().filter(|path| *path != new) {
                self.remove(old)?;
            }
        }
        for path in plan.removes.iter().chain(&plan.directories) {
            self.remove(path)?;
        }
        self.commit()
    }

    fn remove(&mut self, path: &str) -> Result<(), Error> {
        self.stick.remove(&mut self.editor, path).map(|_| ())
    }

    fn add(&mut self, path: &str, len: u32) -> Result<Vec<DataExtent>, Error> {
        let stick = self.stick;
        let added = self.editor.add_file(path, len).map_err(|error| stick.wrong(error))?;
        if self.editor.missing_clusters() > 0 {
            return Err(stick.broken(&"there is less room than there was a moment ago"));
        }
        Ok(added)
    }

    fn add_whole(&mut self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut extents = self.add(path, bytes.len() as u32)?;
        self.put(&mut extents, bytes, true)
    }

    /// Writes the next bytes of a file, of which these extents are left; behind the last ones
    /// zeros.
    fn put(
        &mut self,
        extents: &mut Vec<DataExtent>,
        mut bytes: &[u8],
        is_last: bool,
    ) -> Result<(), Error> {
        for extent in extents.iter_mut() {
            let now = extent.len.min(bytes.len() as u64);
            let (part, rest) = bytes.split_at(now as usize);
            bytes = rest;
            let zeros = if is_last { (extent.len - now) as usize } else { 0 };
            self.write(extent.offset, part, zeros)?;
            extent.offset += now;
            extent.len -= now;
            if bytes.is_empty() {
                break;
            }
        }
        extents.retain(|extent| extent.len > 0);
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8], zeros: usize) -> Result<(), Error> {
        let (start, pending) = &self.pending;
        let follows = start + pending.len() as u64 == offset;
        if !follows || pending.len() + bytes.len() + zeros > JOINED_MAX {
            self.flush()?;
            self.pending.0 = offset;
        }
        self.pending.1.extend_from_slice(bytes);
        self.pending.1.resize(self.pending.1.len() + zeros, 0);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let (offset, bytes) = std::mem::take(&mut self.pending);
        if bytes.is_empty() {
            return Ok(());
        }
        self.stick.written(self.disk().write(offset, &bytes))
    }

    fn count(&mut self, bytes: u64) -> Result<(), Error> {
        self.bytes += bytes;
        self.files += 1;
        if self.bytes < BATCH_BYTES && self.files < BATCH_FILES {
            return Ok(());
        }
        (self.bytes, self.files) = (0, 0);
        self.commit()
    }

    /// Makes what was done a part of the volume, each step durable before the next one.
    fn commit(&mut self) -> Result<(), Error> {
        self.flush()?;
        let (stick, disk) = (self.stick, self.disk());
        let change = self.editor.commit();
        let mut write = |offset: u64, bytes: &[u8]| disk.write(offset, bytes);
        for fresh in &change.fresh {
            stick.written(write(fresh.offset, &fresh.bytes))?;
        }
        disk.sync()?;
        for edits in [&change.chains, &change.links] {
            self.editor.apply(edits, &mut write).map_err(|error| stick.broken(&error))?;
            disk.sync()?;
        }
        for entries in &change.entries {
            stick.written(write(entries.offset, &entries.bytes))?;
        }
        disk.sync()?;
        self.editor.apply(&change.freed, &mut write).map_err(|error| stick.broken(&error))?;
        disk.sync()
    }
}
