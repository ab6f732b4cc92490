use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wimlib_sys as sys;

use super::failure::{failure, image_path, path_text, text};
use super::ffi::{Command, Handle, Source};
use super::options::{CaptureSource, Change, Compression, UnixOptions};
use super::parts::check_parts;
use super::sources::Links;
use super::watch::{Observe, Progress, Watch};
use crate::read::{FileSource, ReadError, WimInfo, WimReader, inspect};
use crate::{Error, Filetime, ImageTexts};

/// A WIM in memory, with or without a file behind it.
///
/// Changes are in memory until [`Self::write`]. Holds the directory trees of the images that were
/// used, less than a kilobyte a file.
pub struct Wim {
    pub(super) handle: Handle,
    /// The file behind it; of a new one what stands for it in errors.
    pub(super) path: PathBuf,
    /// What happened to each image.
    pub(super) images: Vec<Origin>,
    /// When the first image was captured or changed.
    pub(super) since: Option<Filetime>,
    /// How sources are reached, which are read when the WIM is written.
    links: Vec<Links>,
    /// Whether several files are behind it.
    pub(super) is_split: bool,
}

/// What happened to an image since the WIM was opened or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is as it was in its file.
    Kept,
    /// It was captured from the host.
    Captured,
    /// It was in a file and has been changed.
    Changed,
}

impl Wim {
    /// A WIM without images, which resources of others are exported to as they are if they are
    /// compressed like this.
    ///
    /// # Errors
    ///
    /// [`Error::Library`] if libwim has no memory.
    pub fn create(compression: &Compression) -> Result<Self, Error> {
        let path = PathBuf::from("a new WIM");
        let handle =
            Handle::create(compression.algorithm).map_err(|code| failure(code, "make", &path))?;
        Ok(Self {
            handle,
            path,
            images: Vec::new(),
            since: None,
            links: Vec::new(),
            is_split: false,
        })
    }

    /// Opens the WIM in a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the host refuses, [`Error::Read`] if the file is no WIM, is damaged or cut
    /// off, [`Error::PartsMissing`] if it is a part of a split WIM: those take
    /// [`Self::open_parts`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_parts(&[path.to_owned()])
    }

    /// Opens a split WIM by all of its parts, in any order.
    ///
    /// # Errors
    ///
    /// As [`Self::open`]; [`Error::PartsMissing`] names the parts that were not given, and
    /// [`Error::OtherSet`] one that belongs to another WIM.
    pub fn open_parts(paths: &[PathBuf]) -> Result<Self, Error> {
        let paths = check_parts(paths)?;
        let (first, others) = paths.split_first().expect("because every set has a first part");
        // In Rust first, as its errors say what is wrong and where.
        let info = inspected(first)?;
        others.iter().try_for_each(|path| inspected(path).map(drop))?;
        let failed = |code| failure(code, "open", first);
        let mut handle = Handle::open(&path_text(first)?).map_err(failed)?;
        let others: Vec<_> = others.iter().map(|path| path_text(path)).collect::<Result<_, _>>()?;
        if !others.is_empty() {
            handle.reference(&others).map_err(failed)?;
        }
        let images = vec![Origin::Kept; info.images.len()];
        let is_split = !others.is_empty();
        Ok(Self { handle, path: first.clone(), images, since: None, links: Vec::new(), is_split })
    }

    /// How many images there are.
    pub fn image_count(&self) -> u32 {
        self.images.len() as u32
    }

    /// Adds an image of files and folders of the host and returns its number, the first being 1.
    ///
    /// Sources are walked now and read when the WIM is written; a file that changes until then is
    /// an error. Their data lies in the order in which they are given. Targets may lie in each
    /// other's folders, but no two files in one place.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for a source that is missing; [`Error::Library`] with the file that is in the
    /// way: one that cannot be read, is neither file nor folder nor link, has a name that is no
    /// UTF-8, or lies where another does; [`Error::Cancelled`].
    pub fn capture(
        &mut self,
        sources: &[CaptureSource],
        texts: &ImageTexts,
        options: &UnixOptions,
        observe: Observe<'_>,
    ) -> Result<u32, Error> {
        self.begin();
        let mut links = Links::new()?;
        let sources_text: Vec<Source> = sources
            .iter()
            .map(|source| {
                let target = image_path(&source.target)?;
                Ok(Source { source: path_text(&links.add(&source.source)?)?, target })
            })
            .collect::<Result<_, Error>>()?;
        let flags = add_flags(options) | sys::WIMLIB_ADD_FLAG_NO_REPLACE;
        let mut watch = Watch::new(observe);
        let first = sources.first().map_or(&*self.path, |source| &*source.source);
        match self.handle.capture(&sources_text, &text(&texts.name)?, flags, &mut watch) {
            Ok(()) => {}
            Err(code) => {
                watch.failed = watch.failed.take().map(|path| links.real(path));
                return Err(watch.failure(code, "capture", first));
            }
        }
        self.links.push(links);
        self.images.push(Origin::Captured);
        let image = self.handle.image_count();
        let properties = [
            ("DESCRIPTION", &texts.description),
            ("FLAGS", &texts.flags),
            ("DISPLAYNAME", &texts.display_name),
            ("DISPLAYDESCRIPTION", &texts.display_description),
        ];
        for (name, value) in properties.into_iter().filter(|(_, value)| !value.is_empty()) {
            self.set_property(image, name, value)?;
        }
        Ok(image)
    }

    /// Changes an image: all changes in their order, or none.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchImage`]; [`Error::Io`] for a source that is missing; [`Error::Library`] with
    /// what is in the way; [`Error::Cancelled`].
    pub fn update(
        &mut self,
        image: u32,
        changes: &[Change],
        options: &UnixOptions,
        observe: Observe<'_>,
    ) -> Result<(), Error> {
        self.check_image(image)?;
        self.begin();
        let mut links = Links::new()?;
        let commands: Vec<Command> = changes
            .iter()
            .map(|change| command(change, options, &mut links))
            .collect::<Result<_, _>>()?;
        let mut watch = Watch::new(observe);
        match self.handle.update(image, &commands, &mut watch) {
            Ok(()) => {}
            Err(code) => {
                watch.failed = watch.failed.take().map(|path| links.real(path));
                return Err(watch.failure(code, "change", &self.path));
            }
        }
        self.links.push(links);
        let origin = &mut self.images[image as usize - 1];
        if *origin == Origin::Kept {
            *origin = Origin::Changed;
        }
        Ok(())
    }

    /// Adds an image of this WIM to another one and returns its number there.
    ///
    /// Its data is read when the other one is written: copied as it is where both are compressed
    /// alike, else compressed anew. From a solid WIM to one that is not this makes the image fit to
    /// be split; but LZMS to LZMS stays solid.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchImage`]; [`Error::Library`] if the other one has an image of this name, or
    /// the image was captured and not yet written.
    pub fn export(
        &mut self,
        image: u32,
        into: &mut Self,
        name: Option<&str>,
    ) -> Result<u32, Error> {
        self.check_image(image)?;
        let name = name.map(text).transpose()?;
        self.handle
            .export(image, &mut into.handle, name.as_deref())
            .map_err(|code| failure(code, "export an image of", &self.path))?;
        into.images.push(Origin::Kept);
        Ok(into.handle.image_count())
    }

    /// Adds all images of this WIM to another one, with their names and texts; images of this one
    /// may share a name. Which image starts is as it was here, if the other one had no image.
    ///
    /// # Errors
    ///
    /// As [`Self::export`].
    pub fn export_all(&mut self, into: &mut Self) -> Result<(), Error> {
        let first = into.images.is_empty();
        self.handle
            .export_all(&mut into.handle)
            .map_err(|code| failure(code, "export the images of", &self.path))?;
        into.images.resize(into.handle.image_count() as usize, Origin::Kept);
        if first { into.set_boot_index(self.handle.boot_index()) } else { Ok(()) }
    }

    /// Sets a text of an image in the XML data, such as `NAME` or `WINDOWS/EDITIONID`; an empty one
    /// is removed.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchImage`]; [`Error::Library`] if the name or the text is none of XML, or
    /// another image has this name.
    pub fn set_property(&mut self, image: u32, name: &str, value: &str) -> Result<(), Error> {
        self.check_image(image)?;
        self.handle
            .set_property(image, &text(name)?, &text(value)?)
            .map_err(|code| failure(code, "describe an image of", &self.path))
    }

    /// Sets which image starts; 0 for none.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchImage`].
    pub fn set_boot_index(&mut self, image: u32) -> Result<(), Error> {
        if image > 0 {
            self.check_image(image)?;
        }
        self.handle
            .set_boot_index(image)
            .map_err(|code| failure(code, "choose the image that starts of", &self.path))
    }

    /// Extracts an image into a folder, which is made if it is missing. What is in it stays unless
    /// the image has a file there.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchImage`], [`Error::Damaged`], [`Error::Library`] with what is in the way,
    /// [`Error::Cancelled`]; what was extracted until then stays.
    pub fn apply(
        &mut self,
        image: u32,
        folder: &Path,
        options: &UnixOptions,
        observe: Observe<'_>,
    ) -> Result<(), Error> {
        self.check_image(image)?;
        let mut flags = sys::WIMLIB_EXTRACT_FLAG_NORPFIX;
        if options.metadata {
            flags |= sys::WIMLIB_EXTRACT_FLAG_UNIX_DATA;
        }
        let mut watch = Watch::new(observe);
        self.handle
            .apply(image, &path_text(folder)?, flags, &mut watch)
            .map_err(|code| watch.failure(code, "apply an image to", folder))
    }

    /// Reads everything that its files hold and compares it with its digests: metadata, file data,
    /// and the integrity table if there is one (of a split WIM that of the first part).
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] or [`Error::Read`] for bytes that are not what they should be,
    /// [`Error::Io`] if there is no file behind it, [`Error::Cancelled`].
    pub fn verify(&mut self, observe: Observe<'_>) -> Result<(), Error> {
        let mut cancelled = false;
        let path = self.path.clone();
        let read = |source: ReadError| Error::Read { path: path.clone(), source };
        let file = FileSource::open(&self.path)?;
        let reader = WimReader::open(&file).map_err(read)?;
        reader
            .check_integrity(&mut |done, total| {
                let flow = observe(Progress::Integrity { done, total });
                cancelled = flow.is_break();
                flow
            })
            .map_err(read)?;
        if cancelled {
            return Err(Error::Cancelled);
        }
        let mut watch = Watch::new(observe);
        self.handle.verify(&mut watch).map_err(|code| watch.failure(code, "verify", &self.path))
    }

    fn begin(&mut self) {
        self.since.get_or_insert_with(|| SystemTime::now().into());
    }

    fn check_image(&self, index: u32) -> Result<(), Error> {
        let count = self.image_count();
        if index == 0 || index > count {
            return Err(Error::NoSuchImage { path: self.path.clone(), index, count });
        }
        Ok(())
    }
}

fn inspected(path: &Path) -> Result<WimInfo, Error> {
    let file = FileSource::open(path)?;
    inspect(&file).map_err(|source| Error::Read { path: path.to_owned(), source })
}

fn add_flags(options: &UnixOptions) -> u32 {
    // Links stay as they are, and what is no file, folder or link is an error instead of missing.
    let mut flags = sys::WIMLIB_ADD_FLAG_VERBOSE
        | sys::WIMLIB_ADD_FLAG_NORPFIX
        | sys::WIMLIB_ADD_FLAG_NO_UNSUPPORTED_EXCLUDE;
    if options.metadata {
        flags |= sys::WIMLIB_ADD_FLAG_UNIX_DATA;
    }
    if options.follow_links {
        flags |= sys::WIMLIB_ADD_FLAG_DEREFERENCE;
    }
    flags
}

fn command(change: &Change, options: &UnixOptions, links: &mut Links) -> Result<Command, Error> {
    Ok(match change {
        Change::Add(CaptureSource { source, target }) => Command::Add {
            source: path_text(&links.add(source)?)?,
            target: image_path(target)?,
            flags: add_flags(options),
        },
        Change::Delete { path, may_be_missing } => Command::Delete {
            path: image_path(path)?,
            flags: sys::WIMLIB_DELETE_FLAG_RECURSIVE
                | if *may_be_missing { sys::WIMLIB_DELETE_FLAG_FORCE } else { 0 },
        },
        Change::Rename { from, to } => {
            Command::Rename { from: image_path(from)?, to: image_path(to)? }
        }
    })
}
