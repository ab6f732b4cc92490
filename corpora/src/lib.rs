//! *What do tests and benchmarks build media from?* File trees made from recipes, the same bytes
//! on every machine.
//!
//! A [`Recipe`] is a TOML file beside this crate. It describes either a synthetic tree (generator,
//! seed, counts and sizes) or a set of real packages (name, version, SHA-256). [`make`] makes the
//! tree and compares its [`TreeDigest`] with the recipe's; [`check`] does the same for a tree that
//! is there already.
//!
//! The crate knows nothing of media or images, so that other suites can use the trees too.

mod digest;
mod error;
mod packages;
mod random;
mod recipe;
mod synthetic;
mod windows_names;

use std::path::Path;

pub use digest::TreeDigest;
pub use error::Error;
pub use packages::Versions;
pub use recipe::{Package, PackageSet, Recipe, Registry, SizeClass, Synthetic, names};

/// Makes the tree of `recipe` in the folder `target`, which must be absent or empty, and returns
/// its digest.
///
/// The digest is compared with the recipe's, unless the recipe states none or `versions` asks for
/// others than it names. On an error the folder is left as far as it came, for a look.
pub fn make(recipe: &Recipe, target: &Path, versions: Versions) -> Result<TreeDigest, Error> {
    refuse_occupied(target)?;
    let (digest, expected) = match recipe {
        Recipe::Synthetic(synthetic) => {
            (synthetic::make(synthetic, target)?, synthetic.digest.as_deref())
        }
        Recipe::Packages(set) => {
            packages::make(set, target, versions)?;
            (TreeDigest::of_folder(target)?, set.digest.as_deref())
        }
    };
    match versions {
        Versions::Pinned => compare(target, &digest, expected)?,
        Versions::Newest => {}
    }
    Ok(digest)
}

/// Reads every file below `target` and compares the tree's digest with that of `recipe`.
pub fn check(recipe: &Recipe, target: &Path) -> Result<TreeDigest, Error> {
    let digest = TreeDigest::of_folder(target)?;
    compare(target, &digest, recipe.digest())?;
    Ok(digest)
}

fn compare(target: &Path, digest: &TreeDigest, expected: Option<&str>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != digest.sha256 => Err(Error::WrongTree {
            path: target.to_owned(),
            expected: expected.to_owned(),
            found: digest.sha256.clone(),
        }),
        _ => Ok(()),
    }
}

fn refuse_occupied(target: &Path) -> Result<(), Error> {
    match std::fs::read_dir(target) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(Error::TargetOccupied { path: target.to_owned() }),
            None => Ok(()),
        },
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::Read { path: target.to_owned(), source }),
    }
}
