//! Sets of real packages: fetched with the registry's own client, checked, unpacked.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rayon::prelude::*;

use crate::digest::hash_file;
use crate::recipe::{Package, PackageSet, Registry};
use crate::{Error, windows_names};

/// Which versions of a set's packages are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Those of the recipe, with its digests.
    Pinned,
    /// Those that the registries have today; nothing is compared.
    Newest,
}

/// Fetches and unpacks every package of `set` into its folder below `target`.
///
/// Left out are links, and names that Windows cannot hold: forbidden ones and, of several that
/// differ only in case, all but the first in the order of bytes.
pub fn make(set: &PackageSet, target: &Path, versions: Versions) -> Result<(), Error> {
    // Fetching is one after the other: the clients lock their caches.
    let mut fetched = Vec::new();
    for package in &set.packages {
        fetched.push((package, fetch(package, versions)?));
    }
    fetched.into_par_iter().try_for_each(|(package, archive)| {
        if versions == Versions::Pinned {
            check_archive(package, &archive)?;
        }
        let folder = target.join(folder_name(package));
        fs::create_dir_all(&folder)
            .map_err(|source| Error::Write { path: folder.clone(), source })?;
        unpack(package.from, &archive, &folder)?;
        remove_unsuitable(&folder)
    })
}

/// `@tabler/icons` becomes `tabler-icons`.
fn folder_name(package: &Package) -> String {
    package.name.trim_start_matches('@').replace('/', "-")
}

fn check_archive(package: &Package, archive: &Path) -> Result<(), Error> {
    let (_, found) = hash_file(archive)?;
    if found == package.sha256 {
        return Ok(());
    }
    let (path, expected) = (archive.to_owned(), package.sha256.clone());
    Err(Error::WrongPackage { path, expected, found })
}

/// The path of the package's archive in the cache, fetched if it is not there.
fn fetch(package: &Package, versions: Versions) -> Result<PathBuf, Error> {
    let failed = || Error::Fetch {
        package: format!("{} {}", package.name, package.version),
        registry: package.from.name(),
    };
    if package.from == Registry::Debian {
        let wanted = match versions {
            Versions::Pinned => format!("{}={}", package.name, package.version),
            Versions::Newest => package.name.clone(),
        };
        let printed = output(Command::new(tool("fetch-deb")).arg(wanted))?.ok_or_else(failed)?;
        return Ok(PathBuf::from(printed));
    }
    let cache = cache_folder(package, versions)?;
    if let Some(archive) = only_file(&cache)? {
        return Ok(archive);
    }
    match package.from {
        Registry::Pypi => fetch_wheel(package, versions, &cache)?,
        _ => fetch_npm(package, versions, &cache)?,
    }
    .ok_or_else(failed)?;
    only_file(&cache)?.ok_or_else(failed)
}

fn fetch_wheel(
    package: &Package,
    versions: Versions,
    cache: &Path,
) -> Result<Option<String>, Error> {
    install("python3-pip")?;
    let mut pip = Command::new("pip");
    pip.args(["download", "-q", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]);
    pip.args(["--platform", "win_amd64", "--python-version", "312", "-d"]).arg(cache);
    pip.arg(match versions {
        Versions::Pinned => format!("{}=={}", package.name, package.version),
        Versions::Newest => package.name.clone(),
    });
    output(&mut pip)
}

fn fetch_npm(package: &Package, versions: Versions, cache: &Path) -> Result<Option<String>, Error> {
    if !Path::new("/usr/bin/npm").exists() {
        install("npm")?;
    }
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", "--ignore-scripts", "--pack-destination"]).arg(cache);
    npm.arg(match versions {
        Versions::Pinned => format!("{}@{}", package.name, package.version),
        Versions::Newest => package.name.clone(),
    });
    output(&mut npm)
}

/// The folder in the cache for one package of one version.
fn cache_folder(package: &Package, versions: Versions) -> Result<PathBuf, Error> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    let version = match versions {
        Versions::Pinned => &package.version,
        Versions::Newest => "newest",
    };
    let folder = cache.join("tsmedia/packages").join(format!("{}-{version}", folder_name(package)));
    fs::create_dir_all(&folder).map_err(|source| Error::Write { path: folder.clone(), source })?;
    Ok(folder)
}

fn only_file(folder: &Path) -> Result<Option<PathBuf>, Error> {
    let read_error = |source| Error::Read { path: folder.to_owned(), source };
    let first = fs::read_dir(folder).map_err(read_error)?.next().transpose();
    Ok(first.map_err(read_error)?.map(|entry| entry.path()))
}

fn unpack(registry: Registry, archive: &Path, folder: &Path) -> Result<(), Error> {
    let arguments: [&OsStr; 4] = match registry {
        Registry::Debian => {
            return run(Command::new("dpkg").arg("-x").arg(archive).arg(folder));
        }
        Registry::Pypi => ["-m".as_ref(), "zipfile".as_ref(), "-e".as_ref(), archive.as_os_str()],
        Registry::Npm => {
            let mut tar = Command::new("tar");
            tar.arg("-xzf").arg(archive).args(["--strip-components=1", "-C"]).arg(folder);
            return run(&mut tar);
        }
    };
    run(Command::new("python3").args(arguments).arg(folder))
}

/// Removes below `folder` what no content for Windows could hold.
fn remove_unsuitable(folder: &Path) -> Result<(), Error> {
    let read_error = |source| Error::Read { path: folder.to_owned(), source };
    let mut entries = fs::read_dir(folder)
        .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
        .map_err(read_error)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut folded = HashSet::new();
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(read_error)?;
        let name = entry.file_name();
        let fits = name.to_str().is_some_and(|name| {
            windows_names::is_possible(name) && folded.insert(windows_names::folded(name))
        });
        let removed = match (kind.is_dir(), fits && !kind.is_symlink()) {
            (true, true) => {
                remove_unsuitable(&path)?;
                Ok(())
            }
            (false, true) => Ok(()),
            (true, false) => fs::remove_dir_all(&path),
            (false, false) => fs::remove_file(&path),
        };
        removed.map_err(|source| Error::Write { path, source })?;
    }
    Ok(())
}

/// The path of a script in `tools/`.
fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools").join(name)
}

fn install(debian_package: &str) -> Result<(), Error> {
    run(Command::new(tool("install-packages")).arg(debian_package))
}

fn run(command: &mut Command) -> Result<(), Error> {
    let status = command.stdout(Stdio::null()).status().map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    if status.success() {
        return Ok(());
    }
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    Err(Error::Command { command: words.join(" "), status })
}

/// What the program prints, without the line's end; `None` when it fails.
fn output(command: &mut Command) -> Result<Option<String>, Error> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })?;
    let printed = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(output.status.success().then_some(printed))
}
