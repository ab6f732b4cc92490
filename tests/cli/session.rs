//! A folder to work in, and the program as a person starts it there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::site::judges::judge_all;

/// A fresh folder, in which every command starts, with an environment that nothing leaks into.
pub struct Session {
    folder: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Outcome {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Session {
    /// An empty folder.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with the example site `farm`.
    pub fn with_site() -> Self {
        let session = Self::new();
        session.run("init farm").done();
        session
    }

    /// Runs the program with these words; none of them holds a blank.
    pub fn run(&self, words: &str) -> Outcome {
        self.run_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs the program for the site `farm`.
    pub fn farm(&self, words: &str) -> Outcome {
        self.run(&format!("--site farm {words}"))
    }

    pub fn run_words(&self, words: &[&str]) -> Outcome {
        self.run_with(&[], words)
    }

    /// Runs the program with these variables in its environment.
    pub fn run_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tsmedia"));
        command.args(words).current_dir(self.path("")).env_clear();
        command.env("HOME", self.path("home")).env("XDG_CACHE_HOME", self.path("cache"));
        command.env("NO_COLOR", "1").env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
        // What lies beside the program depends on what was built.
        command.env("TSMEDIA_RUNTIME", "");
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        if output.status.success() && words.contains(&"build") {
            judge_all(&self.path("farm/out"));
        }
        Outcome {
            exit: output.status.code().expect("because no signal ends it"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn write(&self, below: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    pub fn read_bytes(&self, below: &str) -> Vec<u8> {
        fs::read(self.path(below)).unwrap()
    }

    /// Replaces a text of a file, which must occur in it.
    pub fn replace(&self, below: &str, from: &str, to: &str) {
        let text = self.read(below);
        assert!(text.contains(from), "`{below}` does not hold `{from}`");
        self.write(below, text.replace(from, to));
    }

    /// Every file below a folder with its bytes, sorted.
    pub fn files(&self, below: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.path(below), &mut files);
        files.sort();
        files
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
}

impl Outcome {
    /// Demands an exit code.
    #[track_caller]
    pub fn exits(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Demands success without a word on standard error.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.stderr, "");
        self.exits(0)
    }

    /// Demands a refusal that says these things on standard error and nothing on standard output.
    #[track_caller]
    pub fn refused(self, exit: i32, words: &[&str]) -> Self {
        assert_eq!(self.stdout, "");
        for word in words {
            assert!(self.stderr.contains(word), "no `{word}` in:\n{}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self.exits(exit)
    }

    /// Demands these texts on standard output.
    #[track_caller]
    pub fn prints(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stdout.contains(word), "no `{word}` in:\n{}", self.stdout);
        }
        self
    }

    /// Reads standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("standard output is one document")
    }
}

/// The keys of a JSON object, sorted.
#[track_caller]
pub fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort();
    keys
}

/// One field of every object of a list.
#[track_caller]
pub fn each<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    let list = list.as_array().unwrap();
    list.iter().map(|entry| entry[field].as_str().unwrap()).collect()
}
