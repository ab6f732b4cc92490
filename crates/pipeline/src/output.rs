//! The names of a set's images, and how a finished set takes the place of an older one.
//!
//! Images are written under temporary names beside their target. When all are verified, a journal
//! that names every rename is made durable; from that moment the new set counts, and a run that is
//! killed among the renames is completed by the next one.

mod journal;
mod lock;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, IoContext};
pub use lock::OutputLock;

/// Where a set goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputPaths {
    folder: PathBuf,
    stem: String,
    extension: String,
    naming: Naming,
}

/// How the files of a set of several are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// `w11.1.iso`, `w11.2.iso`.
    Discs,
    /// `oem.swm`, `oem2.swm`, as Windows names the parts of a WIM.
    Parts,
}

/// The extension of the parts of a WIM.
const PART: &str = ".swm";

impl OutputPaths {
    /// The paths of the set that a definition calls `path`; `None` if that is no file name.
    pub fn new(path: &Path) -> Option<Self> {
        let stem = path.file_stem()?.to_str()?.to_owned();
        let extension = match path.extension() {
            Some(extension) => format!(".{}", extension.to_str()?),
            None => String::new(),
        };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Some(Self { folder, stem, extension, naming: Naming::Discs })
    }

    /// The same for a WIM that may come in parts.
    pub fn in_parts(self) -> Self {
        Self { naming: Naming::Parts, ..self }
    }

    /// Whether several files are the parts of a WIM.
    pub fn are_parts(&self) -> bool {
        self.naming == Naming::Parts
    }

    /// The folder of the images.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a single image.
    pub fn single(&self) -> PathBuf {
        self.folder.join(self.name(None))
    }

    /// The path of disc `disc` of a set of `discs`: a number stands in it only if there are
    /// several.
    pub fn disc(&self, disc: u32, discs: u32) -> PathBuf {
        self.folder.join(self.disc_name(disc, discs))
    }

    fn disc_name(&self, disc: u32, discs: u32) -> String {
        self.name(Some(disc).filter(|_| discs > 1))
    }

    fn name(&self, number: Option<u32>) -> String {
        match (number, self.naming) {
            (None, _) => format!("{}{}", self.stem, self.extension),
            (Some(disc), Naming::Discs) => format!("{}.{disc}{}", self.stem, self.extension),
            (Some(1), Naming::Parts) => format!("{}{PART}", self.stem),
            (Some(part), Naming::Parts) => format!("{}{part}{PART}", self.stem),
        }
    }

    /// The number in the name of a disc of a set of several; `None` for any other name.
    fn number(&self, name: &str) -> Option<u32> {
        let rest = name.strip_prefix(&self.stem)?;
        let digits = match self.naming {
            Naming::Discs => rest.strip_prefix('.')?.strip_suffix(&self.extension)?,
            Naming::Parts if rest == PART => return Some(1),
            Naming::Parts => rest.strip_suffix(PART).filter(|digits| *digits != "1")?,
        };
        let decimal = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        if decimal { digits.parse().ok() } else { None }
    }

    /// The temporary path of a disc.
    pub fn partial(&self, disc: u32) -> PathBuf {
        self.folder.join(self.partial_name(disc))
    }

    fn partial_name(&self, disc: u32) -> String {
        self.hidden_name(&format!("{disc}.partial"))
    }

    fn hidden(&self, suffix: &str) -> PathBuf {
        self.folder.join(self.hidden_name(suffix))
    }

    fn hidden_name(&self, suffix: &str) -> String {
        format!(".{}{}.tsmedia.{suffix}", self.stem, self.extension)
    }

    /// The images that are there: the single one and those with a number, in their order. A folder
    /// that cannot be listed has none.
    pub fn existing(&self) -> Vec<PathBuf> {
        self.numbered().into_iter().map(|(_, path)| path).collect()
    }

    /// The images that are there with the numbers in their names.
    ///
    /// They need not be a whole set: somebody may have taken a disc away.
    pub(crate) fn numbered(&self) -> Vec<(Option<u32>, PathBuf)> {
        let mut numbers = vec![None];
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            numbers.extend(name.to_str().and_then(|name| self.number(name)).map(Some));
        }
        numbers.sort_unstable();
        let paths = numbers.into_iter().map(|number| (number, self.folder.join(self.name(number))));
        paths.filter(|(_, path)| path.is_file()).collect()
    }
}

/// The bytes that programs may still use on the file system of this folder.
pub fn available_bytes(folder: &Path) -> Result<u64, Error> {
    let stat = rustix::fs::statvfs(folder).at("look at", folder)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_numbers_and_a_single_image_has_none() {
        let paths = OutputPaths::new(Path::new("out/w11.iso")).unwrap();
        assert_eq!(paths.disc(1, 1), Path::new("out/w11.iso"));
        assert_eq!(paths.disc(2, 3), Path::new("out/w11.2.iso"));
        assert_eq!(
            OutputPaths::new(Path::new("plain")).unwrap().disc(2, 2),
            Path::new("./plain.2")
        );
        assert_eq!(OutputPaths::new(Path::new("..")), None);
    }

    #[test]
    fn parts_of_a_wim_are_named_as_windows_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let paths = OutputPaths::new(&folder.path().join("oem.wim")).unwrap().in_parts();
        let names = |count| -> Vec<PathBuf> { (1..=count).map(|n| paths.disc(n, count)).collect() };
        let at = |name: &str| folder.path().join(name);
        assert_eq!(names(1), [at("oem.wim")]);
        assert_eq!(names(3), [at("oem.swm"), at("oem2.swm"), at("oem3.swm")]);
        for name in ["oem.swm", "oem2.swm", "oem10.swm", "oem1.swm", "oem02.swm", "oem.2.swm"] {
            fs::write(at(name), "").unwrap();
        }
        assert_eq!(paths.existing(), [at("oem.swm"), at("oem2.swm"), at("oem10.swm")]);
    }

    #[test]
    fn images_are_found_in_their_order_and_beyond_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let paths = OutputPaths::new(&folder.path().join("w11.iso")).unwrap();
        let of_the_set = ["w11.iso", "w11.2.iso", "w11.10.iso"];
        let others =
            ["w11.0.iso", "w11.03.iso", "w11.+4.iso", "w11.5.img", "w11..iso", "w12.6.iso"];
        for name in of_the_set.iter().chain(&others) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::write(folder.path().join("w11.99999999999.iso"), "").unwrap();
        fs::create_dir(folder.path().join("w11.7.iso")).unwrap();
        assert_eq!(paths.existing(), of_the_set.map(|name| folder.path().join(name)));
        let nowhere = OutputPaths::new(&folder.path().join("none/w11.iso")).unwrap();
        assert!(nowhere.existing().is_empty());
    }
}
