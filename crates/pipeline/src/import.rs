//! Takes task sequences and content objects of other products into a site's plain files.
//!
//! Everything is read and checked before anything is written, and then it is written whole or not
//! at all. What the site already says is kept: a person may have corrected it.

pub(crate) mod commit;
mod configmgr;
mod content_library;
mod distribution_point;
mod mdt;
mod mdt_content;
mod mdt_paths;
mod plan;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use content::Problem;
use thiserror::Error;

pub use plan::{Action, ImportedItem, ItemKind};

use crate::load::{LoadError, SitePath};
use crate::{Error as RunError, IoContext};

/// The largest export that is read; without content one has less than a megabyte.
const EXPORT_MAX: u64 = 512 << 20;

/// What an import may do beside adding what is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether task sequences of the site are replaced by those of the source. Catalog objects
    /// never are: an export says less about them than the site.
    pub overwrite: bool,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// What the source was.
    pub source: SourceKind,
    /// Everything that the source had, in the order of the source.
    pub items: Vec<ImportedItem>,
    /// What is odd in the source, or has to be completed by hand.
    pub problems: Vec<Problem>,
}

/// The sources that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A task sequence export of Configuration Manager.
    ConfigMgrExport,
    /// A deployment share of the Microsoft Deployment Toolkit.
    MdtShare,
    /// A content library of a distribution point.
    ContentLibrary,
}

/// Why nothing was imported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Nobody knows what it is.
    #[error(
        "`{}` is neither a task sequence export (.zip), nor an MDT deployment share, nor a content \
         library",
        .0.display()
    )]
    Unknown(PathBuf),
    /// The site cannot be read.
    #[error(transparent)]
    Site(#[from] LoadError),
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] RunError),
    /// The file is damaged, hostile, or no export.
    #[error("`{}` cannot be imported", path.display())]
    Export {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: tasksequence::export::ExportError,
    },
    /// A document of a deployment share is damaged.
    #[error("`{}` cannot be imported", path.display())]
    Mdt {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: tasksequence::mdt::MdtError,
    },
    /// A task sequence of a deployment share is damaged.
    #[error("`{}` cannot be imported", path.display())]
    Sequence {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: tasksequence::ParseError,
    },
}

/// Takes what `source` holds into the site; nothing of the site changes if that fails.
pub fn import(
    site: &SitePath,
    source: &Path,
    options: &ImportOptions,
) -> Result<ImportReport, ImportError> {
    let kind = kind_of(source)?;
    let mut plan = plan::Plan::new(site)?;
    match kind {
        SourceKind::ConfigMgrExport => configmgr::plan(source, options, &mut plan)?,
        SourceKind::MdtShare => mdt::plan(source, options, &mut plan)?,
        SourceKind::ContentLibrary => content_library::plan(source, &mut plan)?,
    }
    let (items, problems) = plan.commit()?;
    Ok(ImportReport { source: kind, items, problems })
}

/// Whether a file calls itself a ZIP archive or begins like one.
fn may_be_export(path: &Path) -> Result<bool, RunError> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
        return Ok(true);
    }
    let mut start = Vec::new();
    let file = fs::File::open(path).at("open", path)?;
    file.take(2).read_to_end(&mut start).at("read", path)?;
    Ok(start == b"PK")
}

/// Looks at a path and says what it is.
pub fn kind_of(source: &Path) -> Result<SourceKind, ImportError> {
    let metadata = fs::metadata(source).at("look at", source)?;
    let has = |name: &str| mdt_paths::child(source, name).is_some_and(|path| path.is_dir());
    if metadata.is_file() {
        return if may_be_export(source)? {
            Ok(SourceKind::ConfigMgrExport)
        } else {
            Err(ImportError::Unknown(source.to_owned()))
        };
    }
    if has("Control") {
        return Ok(SourceKind::MdtShare);
    }
    if has("PkgLib") && has("DataLib") && has("FileLib") {
        return Ok(SourceKind::ContentLibrary);
    }
    Err(ImportError::Unknown(source.to_owned()))
}
