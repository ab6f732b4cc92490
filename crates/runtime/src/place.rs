//! The folder of a run: its state, its log, the sequences and the cache.
//!
//! ```text
//! state.json       where the run has come to; holds secrets
//! policy.xml       the task sequences, without their envelope
//! SMS/data/        media.json and the manifests
//! Packages/        the cache
//! Logs/            smsts.log and status.json
//! bin/tsmedia-run  what goes on after a restart into the installed system
//! ```
//!
//! It begins in memory and moves to the target's disk as soon as there is a file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use content::Digest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::copy_tree::copy;
use crate::media::Bootstrap;
use crate::volume::Volumes;

/// The name of the folder at the root of a partition.
pub const OWN_FOLDER: &str = "_SMSTaskSequence";
const FORMAT: &str = "tsmedia-run";
const VERSION: u32 = 1;
/// Variables have at most 32 MB; what is larger is no state.
const STATE_MAX: u64 = 256 << 20;

/// The folder of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder(PathBuf);

/// What has to be known to go on after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    format: String,
    version: u32,
    /// The set of media that the run began from.
    pub set: Digest,
    /// The prestaged media that the computer was started from, where the task sequence came from
    /// others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prestaged: Option<Digest>,
    /// Whether nobody is asked anything.
    pub unattended: bool,
    /// Whether the media hold all content, so that no site is needed.
    pub stand_alone: bool,
    /// The partitions that the run has made.
    pub volumes: Volumes,
    /// The state of the sequence.
    pub machine: serde_json::Value,
}

impl Saved {
    /// What is written down of a run.
    pub fn new(
        set: Digest,
        bootstrap: &Bootstrap,
        stand_alone: bool,
        volumes: Volumes,
        machine: serde_json::Value,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            set,
            prestaged: None,
            unattended: bootstrap.unattended,
            stand_alone,
            volumes,
            machine,
        }
    }
}

impl RunFolder {
    /// A folder at this path, which need not be there.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the log and the status file are.
    pub fn logs(&self) -> PathBuf {
        self.0.join("Logs")
    }

    /// Where contents are put together.
    pub fn cache(&self) -> PathBuf {
        self.0.join("Packages")
    }

    /// The copy of the program that goes on in the installed system.
    pub fn program(&self) -> PathBuf {
        self.0.join("bin/tsmedia-run")
    }

    /// Makes the folder; only the system may look into it.
    pub fn make(&self) -> io::Result<()> {
        fs::create_dir_all(self.logs())?;
        fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700))
    }

    /// Writes the state; one that is half written never takes the place of the one before.
    pub fn save(&self, saved: &Saved) -> io::Result<()> {
        let text = Zeroizing::new(serde_json::to_vec(saved).map_err(io::Error::other)?);
        self.write_secret("state.json", &text)
    }

    /// Reads the state. `Ok(None)` when there is none; `Err` says what is wrong with it.
    pub fn load(&self) -> Result<Option<Saved>, String> {
        let path = self.0.join("state.json");
        let words = |error: io::Error| format!("cannot read `{}`: {error}", path.display());
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(words(error)),
            Ok(found) if found.len() > STATE_MAX => {
                return Err(format!("`{}` is too long for a state", path.display()));
            }
            Ok(_) => {}
        }
        let bytes = Zeroizing::new(fs::read(&path).map_err(words)?);
        // The parser's message can quote values.
        let damaged = |error: serde_json::Error| {
            format!("`{}` is damaged at line {}", path.display(), error.line())
        };
        let saved: Saved = serde_json::from_slice(&bytes).map_err(damaged)?;
        if saved.format != FORMAT || saved.version != VERSION {
            return Err(format!("`{}` is of another version of this program", path.display()));
        }
        Ok(Some(saved))
    }

    /// Writes the task sequences as they were unlocked.
    pub fn save_policy(&self, policy: &str) -> io::Result<()> {
        self.write_secret("policy.xml", policy.as_bytes())
    }

    /// Reads the task sequences.
    pub fn policy(&self) -> io::Result<Zeroizing<String>> {
        fs::read_to_string(self.0.join("policy.xml")).map(Zeroizing::new)
    }

    /// Copies `media.json` and the manifests of a medium, so that they are there without its disc.
    pub fn keep_manifests(&self, root: &Path) -> io::Result<()> {
        let (from, to) = (root.join("SMS/data"), self.0.join("SMS/data"));
        fs::create_dir_all(to.join("content"))?;
        copy_file(&from.join("media.json"), &to.join("media.json"))?;
        let Ok(entries) = fs::read_dir(from.join("content")) else { return Ok(()) };
        for entry in entries {
            let entry = entry?;
            copy_file(&entry.path(), &to.join("content").join(entry.file_name()))?;
        }
        Ok(())
    }

    /// Copies the program that runs, for the time after a restart.
    pub fn keep_program(&self) -> io::Result<()> {
        let program = self.program();
        fs::create_dir_all(self.0.join("bin"))?;
        copy_file(Path::new("/proc/self/exe"), &program)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
    }

    /// Copies everything but the cache to another folder, and removes it here.
    pub fn move_to(&self, other: &Self) -> io::Result<()> {
        other.make()?;
        copy(&self.0, &other.0, Some(&self.cache())).map_err(|(_, error)| error)?;
        fs::remove_dir_all(&self.0)
    }

    /// Removes the state and the secrets with it: the run is over.
    pub fn forget(&self) {
        for name in ["state.json", "policy.xml"] {
            // What is not there cannot be resumed either.
            let _ = fs::remove_file(self.0.join(name));
        }
    }

    fn write_secret(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = self.0.join(format!("{name}.new"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.0.join(name))?;
        File::open(&self.0)?.sync_all()
    }
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    // What comes from a medium may be read-only, and is replaced one day.
    fs::set_permissions(to, fs::Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Saved {
        let machine = serde_json::json!({"variables": "hush"});
        Saved::new(Digest::UNKNOWN, &Bootstrap::default(), true, Volumes::default(), machine)
    }

    #[test]
    fn a_state_is_for_the_system_alone_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path().join(OWN_FOLDER));
        run.make().unwrap();
        assert!(run.load().unwrap().is_none());
        run.save(&saved()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&run.path().join("state.json")), 0o600);
        assert_eq!(mode(run.path()), 0o700);
        assert_eq!(run.load().unwrap().unwrap().machine["variables"], "hush");
        run.forget();
        assert!(run.load().unwrap().is_none());
    }

    #[test]
    fn a_state_that_is_damaged_says_where_and_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path().to_owned());
        fs::write(folder.path().join("state.json"), "{\"format\":\n\"hush").unwrap();
        let error = run.load().unwrap_err();
        assert!(error.contains("state.json") && error.contains("line 2"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn a_move_takes_all_but_the_cache_along() {
        let folder = tempfile::tempdir().unwrap();
        let old = RunFolder::new(folder.path().join("old"));
        let new = RunFolder::new(folder.path().join("new"));
        old.make().unwrap();
        old.save(&saved()).unwrap();
        old.keep_program().unwrap();
        fs::create_dir_all(old.cache()).unwrap();
        fs::write(old.cache().join("x"), "x").unwrap();
        old.move_to(&new).unwrap();
        assert!(!old.path().exists() && !new.cache().exists());
        assert!(new.load().unwrap().is_some());
        let mode = fs::metadata(new.program()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}
