//! Sites, content libraries and deployment shares in temporary folders.

use std::fs;
use std::path::{Path, PathBuf};

use content::Problem;
use pipeline::load::SitePath;
use sha2::{Digest, Sha256};

/// A site in a temporary folder, with a folder `content` as its distribution point.
pub struct SiteFolder {
    pub folder: tempfile::TempDir,
}

impl SiteFolder {
    pub fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        site.write(
            "site.toml",
            "[site]\ncode = \"P01\"\n\n[[distribution-point]]\nname = \"local\"\n\
             kind = \"folder\"\npath = \"content\"\n",
        );
        fs::create_dir(site.folder.path().join("content")).unwrap();
        site
    }

    pub fn path(&self) -> SitePath {
        SitePath::at(self.folder.path()).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) {
        write(&self.folder.path().join(name), text.as_bytes());
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// The texts of all files of the site but those of contents, by name.
    pub fn texts(&self) -> Vec<(String, String)> {
        let root = self.folder.path();
        let mut texts = vec![("site.toml".to_owned(), self.read("site.toml"))];
        for folder in ["catalog", "task-sequences", "media"] {
            for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
                let name = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
                let text = self.read(&name);
                texts.push((name, text));
            }
        }
        texts.sort();
        texts
    }
}

pub fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

pub fn rules(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.rule).collect()
}

/// A content library, made as the vendor's documentation describes it.
pub struct LibraryFolder {
    pub root: PathBuf,
}

impl LibraryFolder {
    pub fn new(root: PathBuf) -> Self {
        for folder in ["PkgLib", "DataLib", "FileLib"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        Self { root }
    }

    pub fn package(&self, id: &str, contents: &[&str]) {
        let lines: String = contents.iter().map(|content| format!("{content}=\r\n")).collect();
        let text = format!("[Packages]\r\n{lines}");
        write(&self.root.join(format!("PkgLib/{id}.INI")), text.as_bytes());
    }

    /// Adds a file to a content; its INI is UTF-16, as some editors write it.
    pub fn file(&self, content: &str, path: &str, bytes: &[u8]) {
        let hash = hash_text(bytes);
        let size = bytes.len();
        let text =
            format!("[File]\r\nSize={size}\r\nAttributes=20\r\nTimeModified=0\r\nHash={hash}\r\n");
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        let ini: Vec<u8> = [0xff, 0xfe].into_iter().chain(units).collect();
        write(&self.root.join(format!("DataLib/{content}/{path}.INI")), &ini);
        write(&self.file_path(bytes), bytes);
    }

    /// States the directory hash of a content.
    pub fn directory_hash(&self, content: &str, hash: &str) {
        let text = format!("[Info]\r\nHash={hash}\r\n");
        write(&self.root.join(format!("DataLib/{content}.INI")), text.as_bytes());
    }

    /// Where the library holds these bytes.
    pub fn file_path(&self, bytes: &[u8]) -> PathBuf {
        let hash = hash_text(bytes);
        self.root.join(format!("FileLib/{}/{hash}", &hash[..4]))
    }
}

pub fn hash_text(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02X}")).collect()
}
