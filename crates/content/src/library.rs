//! The formats of a content library of Configuration Manager, as far as they are bytes.
//!
//! A library has three folders. `PkgLib/<package id>.INI` lists the contents of a package,
//! `DataLib/<content id>/…/<name>.INI` has a file of INI text for each file of a content, and
//! `FileLib/<first four digits>/<digest>` holds the bytes. The vendor documents the structure; the
//! names of the keys and the directory hash are known from independent readers that agree.

mod directory_hash;
mod ini;

pub use directory_hash::{DirectoryHash, directory_hash};
pub use ini::{
    Ini, IniError, LibraryFile, content_hash, content_version, library_file, package_contents,
};
