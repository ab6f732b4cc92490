//! Recipes as they lie in TOML files.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Error;

/// How to make one tree.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Recipe {
    /// A tree of generated files.
    Synthetic(Synthetic),
    /// Real packages, unpacked.
    Packages(PackageSet),
}

/// A tree of generated files. Their bytes do not compress.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Synthetic {
    /// What the tree is for.
    pub purpose: String,
    /// The version of the generator that gives `digest`; only 1 exists.
    pub generator: u32,
    /// Everything random follows from it.
    pub seed: u64,
    /// Files in all, duplicates counted.
    pub files: u64,
    /// How many of them repeat the content of another.
    #[serde(default)]
    pub duplicates: u64,
    /// Folders at the top level, each to become one content of a site.
    pub contents: u64,
    /// Files in each of the lowest folders.
    pub folder_files: u64,
    /// Folders in each folder between the top level and the lowest.
    pub folder_folders: u64,
    /// Whether only the first 4096 bytes of a file are written and the rest is a hole.
    #[serde(default)]
    pub sparse: bool,
    /// How large files are.
    pub sizes: Vec<SizeClass>,
    /// The expected [`TreeDigest::sha256`](crate::TreeDigest::sha256).
    pub digest: Option<String>,
}

/// Files of similar size: an octave between the limits is drawn evenly, then a size in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SizeClass {
    /// How many files fall into this class, relative to the sum of all weights.
    pub weight: u64,
    /// The smallest size in bytes.
    pub from: u64,
    /// The largest size in bytes.
    pub to: u64,
}

/// Real packages, each unpacked into a folder of its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackageSet {
    /// What the set is for.
    pub purpose: String,
    /// Names of recipes whose packages belong to this set too.
    #[serde(default)]
    pub include: Vec<String>,
    /// The packages.
    #[serde(default, rename = "package")]
    pub packages: Vec<Package>,
    /// The expected [`TreeDigest::sha256`](crate::TreeDigest::sha256).
    pub digest: Option<String>,
}

/// One package of one version.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Package {
    /// Where it comes from.
    pub from: Registry,
    /// Its name there.
    pub name: String,
    /// Its version there.
    pub version: String,
    /// SHA-256 of the file that the registry gives, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// Where packages come from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Registry {
    /// The mirror that apt is configured for.
    Debian,
    /// PyPI; wheels for 64-bit Windows.
    Pypi,
    /// The npm registry.
    Npm,
}

impl Registry {
    /// The registry's name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "the Debian mirror",
            Self::Pypi => "PyPI",
            Self::Npm => "the npm registry",
        }
    }
}

impl Recipe {
    /// Reads a recipe by the name of one beside this crate, or by the path of a `.toml` file.
    /// Sets that the recipe includes are read too.
    pub fn load(name: &str) -> Result<Self, Error> {
        Self::load_included(name, 0)
    }

    fn load_included(name: &str, depth: u32) -> Result<Self, Error> {
        // Sets build on smaller sets, a step or two; more is a set that includes itself.
        const DEPTH_MAX: u32 = 8;
        let path = recipe_path(name)?;
        let wrong = |reason: String| Error::Recipe { path: path.clone(), reason };
        let text = fs::read_to_string(&path)
            .map_err(|source| Error::Read { path: path.clone(), source })?;
        let mut recipe: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if depth > DEPTH_MAX {
            return Err(wrong("it includes itself".to_owned()));
        }
        match &mut recipe {
            Self::Synthetic(synthetic) => synthetic.validate().map_err(wrong)?,
            Self::Packages(set) => {
                let mut packages = Vec::new();
                for included in &set.include {
                    match Self::load_included(included, depth + 1)? {
                        Self::Packages(inner) => packages.extend(inner.packages),
                        Self::Synthetic(_) => {
                            return Err(wrong(format!("`{included}` is no set of packages")));
                        }
                    }
                }
                set.packages.splice(0..0, packages);
            }
        }
        Ok(recipe)
    }

    /// The digest that the tree must have, where the recipe states one.
    pub fn digest(&self) -> Option<&str> {
        match self {
            Self::Synthetic(synthetic) => synthetic.digest.as_deref(),
            Self::Packages(set) => set.digest.as_deref(),
        }
    }

    /// What the tree is for.
    pub fn purpose(&self) -> &str {
        match self {
            Self::Synthetic(synthetic) => &synthetic.purpose,
            Self::Packages(set) => &set.purpose,
        }
    }
}

impl Synthetic {
    fn validate(&self) -> Result<(), String> {
        let rules = [
            (self.generator == 1, "`generator` must be 1"),
            (self.duplicates < self.files, "`duplicates` must be below `files`"),
            (
                self.contents > 0 && self.folder_files > 0 && self.folder_folders > 1,
                "`contents` and `folder-files` must not be 0, `folder-folders` must be 2 or more",
            ),
            (self.sizes.iter().any(|class| class.weight > 0), "`sizes` needs a weight above 0"),
            (
                self.sizes.iter().all(|class| class.from <= class.to),
                "a size's `from` exceeds its `to`",
            ),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, reason)) => Err((*reason).to_owned()),
            None => Ok(()),
        }
    }
}

/// The names of the recipes beside this crate, sorted.
pub fn names() -> Result<Vec<String>, Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read_error = |source| Error::Read { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(read_error)? {
        let path = entry.map_err(read_error)?.path();
        let is_recipe = path.extension().is_some_and(|extension| extension == "toml")
            && path.file_name().is_some_and(|name| name != "Cargo.toml");
        if let (true, Some(stem)) = (is_recipe, path.file_stem()) {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn recipe_path(name: &str) -> Result<PathBuf, Error> {
    if name.ends_with(".toml") {
        return Ok(PathBuf::from(name));
    }
    let known = names()?;
    if known.iter().any(|recipe| recipe == name) {
        return Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{name}.toml")));
    }
    Err(Error::UnknownRecipe { name: name.to_owned(), known: known.join(", ") })
}
