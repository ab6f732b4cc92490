//! Where media are put in.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Medium;
use super::devices::{BlockDevice, block_devices};
use super::file_system::{BEGINNING, detect};
use crate::mount::{Access, detach, mount, remount, unmount};

/// What lies in a drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Media that can be used.
    Medium(Box<Medium>),
    /// Media that cannot be used, and why.
    Unusable(String),
    /// Something else, or a disc that cannot be read at all.
    Other,
}

/// The places that media are looked for in.
pub trait Drives {
    /// Looks at all places once, in the order in which they are preferred. Media that were found
    /// can be read until the next call of this or of [`Self::release`].
    ///
    /// Each comes with the name of its place, such as `/dev/sr0`; empty drives are left out.
    fn look(&mut self) -> Vec<(String, Seen)>;

    /// Lets go of all media, so that they can be taken out.
    fn release(&mut self);

    /// Keeps a medium that lies on the target's own disk until the end: it can be read from now on,
    /// whatever is called, and is not looked at any more. `Err` when it can only be read.
    fn hold(&mut self, medium: &Medium) -> std::io::Result<()>;
}

/// Folders that hold the tree of a disc each, as on a disk that prestaged media were applied to.
#[derive(Clone, Debug)]
pub struct Folders(pub Vec<PathBuf>);

impl Drives for Folders {
    fn look(&mut self) -> Vec<(String, Seen)> {
        let seen = |root: &PathBuf| match Medium::read(root, None) {
            Ok(Some(medium)) => Seen::Medium(Box::new(medium)),
            Ok(None) => Seen::Other,
            Err(why) => Seen::Unusable(why),
        };
        self.0.iter().map(|root| (root.display().to_string(), seen(root))).collect()
    }

    fn release(&mut self) {}

    fn hold(&mut self, medium: &Medium) -> std::io::Result<()> {
        self.0.retain(|root| *root != medium.root);
        Ok(())
    }
}

/// The kernel's names of the file systems that a device may hold; empty when it cannot be read.
pub fn detect_device(path: &Path) -> Vec<&'static str> {
    let mut beginning = Vec::new();
    let Ok(file) = File::open(path) else { return Vec::new() };
    // What cannot be read to the end is known by what can.
    let _ = file.take(BEGINNING as u64).read_to_end(&mut beginning);
    detect(&beginning)
}

/// The drives, sticks and disks of this computer.
#[derive(Debug)]
pub struct BlockDrives {
    /// The folder with a folder for each device that is mounted.
    base: PathBuf,
    mounted: HashMap<String, PathBuf>,
    /// The devices that stay mounted.
    held: HashMap<String, PathBuf>,
}

impl BlockDrives {
    /// Mounts what it finds below `base`.
    pub fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), mounted: HashMap::new(), held: HashMap::new() }
    }

    fn see(&mut self, device: &BlockDevice) -> Option<Seen> {
        let root = match self.mount(device) {
            Ok(root) => root?,
            Err(_) => return Some(Seen::Other),
        };
        let seen = match Medium::read(&root, Some(device.path.clone())) {
            Ok(Some(medium)) => Seen::Medium(Box::new(medium)),
            Ok(None) => Seen::Other,
            Err(why) => Seen::Unusable(why),
        };
        if !matches!(seen, Seen::Medium(_)) {
            self.unmount(&device.name);
        }
        Some(seen)
    }

    /// Mounts a device; `Ok(None)` when it is empty or holds no file system of media.
    fn mount(&mut self, device: &BlockDevice) -> std::io::Result<Option<PathBuf>> {
        // An empty drive cannot be opened.
        let Ok(file) = File::open(&device.path) else { return Ok(None) };
        let mut beginning = Vec::new();
        let read = file.take(BEGINNING as u64).read_to_end(&mut beginning);
        let kinds = detect(&beginning);
        if kinds.is_empty() {
            // Of a disc that cannot be read, or holds something else, somebody has to be told.
            return match (device.optical, read) {
                (true, Ok(0)) | (false, _) => Ok(None),
                (true, Ok(_)) => Err(std::io::ErrorKind::InvalidData.into()),
                (true, Err(error)) => Err(error),
            };
        }
        let folder = self.base.join(&device.name);
        let mut last = Ok(None);
        for kind in kinds {
            // A journal is not replayed: nothing is written to what may be no medium.
            let options = if kind == "ext4" { "noload" } else { "" };
            let mut mounted = mount(&device.path, &folder, kind, Access::ReadOnly, options);
            if mounted.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::ResourceBusy)
            {
                // The system has mounted it already, to write to it.
                mounted = mount(&device.path, &folder, kind, Access::ReadWrite, "");
            }
            match mounted {
                Ok(()) => {
                    self.mounted.insert(device.name.clone(), folder.clone());
                    return Ok(Some(folder));
                }
                Err(error) => last = Err(error),
            }
        }
        last
    }

    fn unmount(&mut self, name: &str) {
        if let Some(folder) = self.mounted.remove(name) {
            // Nothing can be done where even that fails; the drive stays shut then.
            let _ = unmount(&folder).or_else(|_| detach(&folder));
        }
    }

    /// Finds the second partition beside the first.
    fn second_of(&mut self, first: &BlockDevice, all: &[BlockDevice]) -> Option<PathBuf> {
        let others = all.iter().filter(|it| it.disk == first.disk && it.name != first.name);
        for other in others {
            let Ok(Some(root)) = self.mount(other) else { continue };
            if root.join("SMS/PKG").is_dir() {
                return Some(root);
            }
            self.unmount(&other.name);
        }
        None
    }
}

impl Drives for BlockDrives {
    fn look(&mut self) -> Vec<(String, Seen)> {
        self.release();
        let devices = block_devices(Path::new("/sys"), Path::new("/dev")).unwrap_or_default();
        let mut all = Vec::new();
        for device in &devices {
            // The second partition of the device before is mounted already.
            let name = &device.name;
            if self.held.contains_key(name) || self.mounted.contains_key(name) {
                continue;
            }
            let Some(mut seen) = self.see(device) else { continue };
            if let Seen::Medium(medium) = &mut seen
                && medium.needs_second()
            {
                medium.second = self.second_of(device, &devices);
            }
            all.push((device.path.display().to_string(), seen));
        }
        all
    }

    fn release(&mut self) {
        for name in self.mounted.keys().cloned().collect::<Vec<_>>() {
            self.unmount(&name);
        }
    }

    fn hold(&mut self, medium: &Medium) -> std::io::Result<()> {
        let Some(device) = &medium.device else { return Ok(()) };
        let name = device.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(folder) = self.mounted.remove(&name) else { return Ok(()) };
        // The partition may be the one that firmware starts, which steps write to: no file system
        // is mounted for reading alone and for writing at once.
        let remounted = remount(&folder, Access::ReadWrite);
        self.held.insert(name, folder);
        remounted
    }
}

impl Drop for BlockDrives {
    fn drop(&mut self) {
        self.release();
        self.mounted = std::mem::take(&mut self.held);
        self.release();
    }
}
