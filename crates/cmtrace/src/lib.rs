//! What is in a log that CMTrace shows?
//!
//! One line an entry:
//! `<![LOG[text]LOG]!><time="HH:mm:ss.fff+000" date="MM-dd-yyyy" component="" context="" type="1" thread="" file="">`.
//! It does not know what is a secret: whoever writes an entry leaves those out.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How CMTrace colours an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogType {
    /// Plain.
    Info = 1,
    /// Yellow.
    Warning = 2,
    /// Red.
    Error = 3,
}

/// An open log.
#[derive(Debug)]
pub struct Log {
    file: File,
    component: &'static str,
}

impl Log {
    /// Opens a log for appending, as entries of earlier runs stay. `component` is the program that
    /// its entries name.
    pub fn open(path: &Path, component: &'static str) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self { file, component })
    }

    /// Adds an entry with the present time.
    ///
    /// A log that cannot be written stops nothing.
    pub fn write(&mut self, kind: LogType, text: &str) {
        let entry = entry(self.component, kind, text, Timestamp::now());
        let _ = self.file.write_all(entry.as_bytes());
    }
}

fn entry(component: &str, kind: LogType, text: &str, now: Timestamp) -> String {
    let now = now.to_zoned(TimeZone::UTC);
    // An entry is one line; the mark of its end must not stand in its text.
    let text = text.replace(['\r', '\n'], " ").replace("]LOG]!>", "]LOG] !>");
    format!(
        "<![LOG[{text}]LOG]!><time=\"{}+000\" date=\"{}\" component=\"{component}\" context=\"\" \
         type=\"{}\" thread=\"{}\" file=\"\">\r\n",
        now.strftime("%H:%M:%S.%3f"),
        now.strftime("%m-%d-%Y"),
        kind as u8,
        std::process::id(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_with_time_date_and_type() {
        let now: Timestamp = "2026-11-21T09:05:03.25Z".parse().unwrap();
        let text = entry("tsmedia", LogType::Warning, "disc 1\nof 2 ]LOG]!> end", now);
        let pid = std::process::id();
        assert_eq!(
            text,
            format!(
                "<![LOG[disc 1 of 2 ]LOG] !> end]LOG]!><time=\"09:05:03.250+000\" \
                 date=\"11-21-2026\" component=\"tsmedia\" context=\"\" type=\"2\" \
                 thread=\"{pid}\" file=\"\">\r\n"
            )
        );
    }
}
