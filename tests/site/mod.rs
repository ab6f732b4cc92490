//! A site in a temporary folder, and the program run on it.

#![allow(dead_code, reason = "no test target uses all of it")]

pub mod judges;
#[path = "../left/mod.rs"]
pub mod left;
pub mod solid;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A site with packages that one task sequence uses in the order of their ids.
pub struct Site {
    folder: TempDir,
    packages: Vec<String>,
}

/// Bytes that do not repeat and are the same in every run.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

impl Site {
    /// A site with a boot image and a task sequence without steps.
    pub fn new() -> Self {
        Self::new_in(&std::env::temp_dir())
    }

    /// The same in a folder below `parent`.
    pub fn new_in(parent: &Path) -> Self {
        let folder = tempfile::tempdir_in(parent).unwrap();
        let site = Self { folder, packages: Vec::new() };
        site.write(
            "site.toml",
            "[site]\ncode = \"P01\"\nname = \"Test\"\n\n[[distribution-point]]\nname = \"files\"\n\
             kind = \"folder\"\npath = \"content\"\n",
        );
        site.write(
            "catalog/P0100001.toml",
            "id = \"P0100001\"\nkind = \"boot-image\"\nname = \"Boot\"\nsource-version = 1\n\
             architecture = \"x64\"\nplatform = \"linux\"\nsource = \"boot\"\n",
        );
        site.write("content/boot/boot/grub/grub.cfg", "menuentry test {}\n");
        site.write_sequence();
        site.write("task-sequences/P0100100.toml", "name = \"Test\"\nboot-image = \"P0100001\"\n");
        site
    }

    /// The path of a file of the site.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file of the site.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Adds a package that a further step uses. Its files are to be written to the folder that is
    /// returned, below the site.
    pub fn add_package(&mut self) -> String {
        let id = format!("P01{:05X}", 0x200 + self.packages.len());
        let folder = format!("content/{id}");
        fs::create_dir_all(self.path(&folder)).unwrap();
        self.write(
            &format!("catalog/{id}.toml"),
            format!(
                "id = \"{id}\"\nkind = \"package\"\nname = \"Package {id}\"\n\
                 source-version = 1\nsource = \"{id}\"\n"
            ),
        );
        self.packages.push(id);
        self.write_sequence();
        folder
    }

    fn write_sequence(&self) {
        let steps: String = self
            .packages
            .iter()
            .map(|id| {
                format!(
                    "<step type=\"SMS_TaskSequence_RunCommandLineAction\" name=\"Use {id}\" \
                     description=\"\" runIn=\"WinPEandFullOS\" successCodeList=\"0 3010\" \
                     retryCount=\"0\" runFromNet=\"false\"><action>smsswd.exe /run:{id} \
                     setup.exe</action><defaultVarList><variable name=\"PackageID\" \
                     property=\"PackageID\" hidden=\"true\">{id}</variable></defaultVarList></step>"
                )
            })
            .collect();
        let list: String =
            self.packages.iter().map(|id| format!("<reference package=\"{id}\"/>")).collect();
        let text = format!(
            "<sequence version=\"3.10\"><referenceList>{list}</referenceList>\
             <group name=\"All\" description=\"\">{steps}</group></sequence>"
        );
        self.write("task-sequences/P0100100.xml", text);
    }

    /// Writes the definition `name` of media in `out/<name>.iso`; `more` follows the output's keys.
    pub fn define(&self, name: &str, size: &str, more: &str) {
        self.write(
            &format!("media/{name}.toml"),
            format!(
                "[media]\ntype = \"stand-alone\"\ntask-sequence = \"P0100100\"\nlabel = \"Test\"\n\n\
                 [output]\npath = \"out/{name}.iso\"\nsize = \"{size}\"\n\
                 timestamp = 2026-01-02T03:04:05Z\n{more}"
            ),
        );
    }

    /// The program on this site, with nothing of the user's own environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tsmedia"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("SOURCE_DATE_EPOCH")
            .env_remove("TSMEDIA_CACHE")
            // What lies beside the program depends on what was built.
            .env("TSMEDIA_RUNTIME", "")
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("cache"));
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs the program, which must succeed, and returns its standard output. Whatever it builds
    /// is looked at by other programs too.
    pub fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        if args.contains(&"build") {
            judges::judge_all(&self.path("out"));
        }
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the program, which must fail with this exit code, and returns its standard error.
    pub fn fail(&self, args: &[&str], code: i32) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        stderr(&output)
    }

    /// The names of all files in `out` but the log, sorted.
    pub fn outputs(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("out")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "CreateTSMedia.log");
        names.sort();
        names
    }
}

/// What a program wrote to standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a foreign tool, which must be there and succeed, and returns what it wrote, on both
/// streams.
pub fn tool(program: &str, args: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(args).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program} cannot be run ({error}); tools/test installs what the tests need")
    });
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
    assert!(output.status.success(), "{program} {args:?}: {text}");
    text
}
