//! Exports solid WIMs with libwim.

use std::collections::HashSet;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use wim::libwim::{Compression, Fixed, Wim, WriteOptions};
use wim::read::FileSource;
use wim::{Algorithm, Filetime, Guid};

use super::lock::{StagingLock, room_name};
use super::{Export, identity, unreadable};
use crate::output::available_bytes;
use crate::progress::{Amount, Cancel, Phase, Progress};
use crate::read::open_unchanged;
use crate::stamp::FileStamp;
use crate::{Error, IoContext, chain};

/// Makes what is staged, and makes sure of what earlier runs have staged.
pub struct Stager<'a> {
    cancel: &'a Cancel,
    progress: &'a dyn Progress,
    /// The exported WIMs whose every byte this run has compared with its digest.
    verified: HashSet<FileStamp>,
}

impl<'a> Stager<'a> {
    /// One that has looked at nothing yet.
    pub fn new(cancel: &'a Cancel, progress: &'a dyn Progress) -> Self {
        Self { cancel, progress, verified: HashSet::new() }
    }

    /// Makes sure that the exported WIM is there and whole: one of an earlier run is read, and made
    /// anew if it is damaged. Returns whether it is another file than before.
    ///
    /// Takes as much memory as libwim needs to decompress what is solid, and as many threads as
    /// there are processors. After an error or a kill nothing is there that the next run would
    /// take for an export.
    pub fn provide(&mut self, export: &Export) -> Result<bool, Error> {
        let folder = export.target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).at("create", folder)?;
        let _lock = StagingLock::take(folder, self.cancel)?;
        let wim = FileSource::open(&export.source).map_err(|error| failed(error, export))?;
        if let Some(stamp) = export.find(&wim) {
            if self.verified.contains(&stamp) {
                return Ok(false);
            }
            match self.verify(&export.target) {
                Ok(()) => {
                    self.verified.insert(stamp);
                    return Ok(false);
                }
                Err(wim::Error::Damaged { .. } | wim::Error::Read { .. }) => {
                    fs::remove_file(&export.target).at("remove", &export.target)?;
                }
                Err(error) => return Err(failed(error, export)),
            }
        }
        let available = available_bytes(folder)?;
        if available < export.reserved.0 {
            return Err(Error::NoStagingSpace {
                path: folder.to_owned(),
                wim: export.source.clone(),
                needed: export.reserved.0,
                available,
            });
        }
        let stamp = self.make(export, &wim, folder)?;
        self.verified.insert(stamp);
        Ok(true)
    }

    fn make(&self, export: &Export, wim: &FileSource, folder: &Path) -> Result<FileStamp, Error> {
        let room = Room::make(&export.target, folder)?;
        let draft = room.0.join("exported.wim");
        let source = open_unchanged(&export.source, &export.stamp)?;
        self.write(export, wim, &draft).map_err(|error| failed(error, export))?;
        self.verify(&draft).map_err(|error| failed(error, export))?;
        // What is named by what the WIM held must not be made of anything else.
        crate::read::check_unchanged(&source, &export.source, &export.stamp)?;
        fs::rename(&draft, &export.target).at("create", &export.target)?;
        File::open(folder).and_then(|folder| folder.sync_all()).at("make durable", folder)?;
        let metadata = fs::metadata(&export.target).at("look at", &export.target)?;
        Ok(FileStamp::of(&metadata))
    }

    /// Writes all images of a WIM without solid resources, as every version of Windows Setup and
    /// DISM applies them.
    fn write(&self, export: &Export, wim: &FileSource, draft: &Path) -> Result<(), wim::Error> {
        let lzx = Compression::new(Algorithm::Lzx);
        let unreadable = |source| wim::Error::Read { path: export.source.clone(), source };
        let identity = identity(wim).map_err(unreadable)?;
        let mut guid = Guid::default();
        guid.0.copy_from_slice(&identity.0[..16]);
        // Images that are exported keep their own times.
        let fixed = Fixed { guid, time: Filetime::from_unix_seconds(0) };
        let options = WriteOptions { fixed: Some(fixed), ..WriteOptions::new(lzx) };
        let mut exported = Wim::create(&lzx)?;
        Wim::open(&export.source)?.export_all(&mut exported)?;
        exported.write(draft, &options, &mut self.observer(Phase::Export))
    }

    fn verify(&self, path: &Path) -> Result<(), wim::Error> {
        Wim::open(path)?.verify(&mut self.observer(Phase::Verify))
    }

    /// Tells of a phase that begins with the first word of libwim, which knows how much there is.
    fn observer(&self, phase: Phase) -> impl FnMut(wim::libwim::Progress) -> ControlFlow<()> {
        let mut told = None;
        move |step| {
            use wim::libwim::Progress as Step;
            if let Step::Write { done, total, .. } | Step::Verify { done, total } = step {
                let before = told.unwrap_or_else(|| {
                    self.progress.begin(phase, Amount { bytes: total, files: 0 });
                    0
                });
                self.progress.advance(Amount { bytes: done.saturating_sub(before), files: 0 });
                told = Some(done);
            }
            match self.cancel.check() {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        }
    }
}

/// A folder for an export that is not whole yet; removed with the value.
struct Room(PathBuf);

impl Room {
    fn make(target: &Path, folder: &Path) -> Result<Self, Error> {
        let name = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let path = folder.join(room_name(name));
        fs::create_dir(&path).at("create", &path)?;
        Ok(Self(path))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What cannot be removed now, the next export removes.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a failure of libwim means for whoever builds: the WIM is damaged unless it was the host.
fn failed(error: wim::Error, export: &Export) -> Error {
    use wim::Error as E;
    let source = export.source.display();
    match error {
        E::Cancelled => Error::Cancelled,
        E::Io { verb, path, source } => Error::Io { verb, path, source },
        E::Library { doing, path, source: Some(source), .. } => {
            Error::Io { verb: doing, path, source }
        }
        E::Read { source, .. } => unreadable(&export.source, &source),
        E::Damaged { message, code, .. } => Error::Integrity(format!(
            "`{source}` is damaged: {message} (wimlib error {code}); it is solid, and has to be \
             exported for FAT32"
        )),
        error => Error::Integrity(format!(
            "`{source}` is solid and cannot be exported for FAT32: {}",
            chain(&error)
        )),
    }
}
