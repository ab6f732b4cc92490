//! Passwords: where they come from, and that nobody sees them.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use content::PasswordSource;
use zeroize::Zeroizing;

use crate::Error;

/// A password. Cleared when dropped, and never shown.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a text as password: its first line without the line's end.
    pub fn first_line(text: Zeroizing<String>) -> Result<Self, Error> {
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(Error::Password("the password is empty".to_owned()));
        }
        Ok(Self(Zeroizing::new(line.to_owned())))
    }

    /// Reads a password from where a definition says; paths are relative to `site`.
    pub fn read(source: &PasswordSource, site: &Path) -> Result<Self, Error> {
        match source {
            PasswordSource::File(path) => Self::of_file(&site.join(path)),
            PasswordSource::Command(line) => Self::of_command(line, site),
        }
    }

    /// Reads the first line of a file.
    pub fn of_file(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
            Error::Password(format!("cannot read the password file `{}`: {error}", path.display()))
        })?;
        Self::first_line(text)
    }

    /// Takes the first line that a shell command prints.
    pub fn of_command(line: &str, folder: &Path) -> Result<Self, Error> {
        // What the command is may be a secret too, so it is not repeated in errors.
        let failed = |why: String| Error::Password(format!("the password command failed: {why}"));
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| failed(error.to_string()))?;
        let text = Zeroizing::new(output.stdout);
        if !output.status.success() {
            return Err(failed(output.status.to_string()));
        }
        let text = std::str::from_utf8(&text).map_err(|_| failed("not UTF-8".to_owned()))?;
        Self::first_line(Zeroizing::new(text.to_owned()))
    }

    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), "hush hush\r\nmore\n").unwrap();
        let file = PasswordSource::File("secret".into());
        assert_eq!(Password::read(&file, folder.path()).unwrap().expose(), "hush hush");
        let command = PasswordSource::Command("cat secret".into());
        assert_eq!(Password::read(&command, folder.path()).unwrap().expose(), "hush hush");
    }

    #[test]
    fn a_password_that_cannot_be_had_is_an_error_that_does_not_show_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("empty"), "\nsecond\n").unwrap();
        for source in [
            PasswordSource::File("absent".into()),
            PasswordSource::File("empty".into()),
            PasswordSource::Command("echo hush; exit 3".into()),
        ] {
            let error = Password::read(&source, folder.path()).unwrap_err();
            assert!(matches!(&error, Error::Password(text) if !text.contains("hush")), "{error}");
        }
    }
}
