//! `tsmedia init`: a new site with an example that builds at once.

mod example;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use pipeline::IoContext;
use serde_json::json;

use crate::args::{Global, InitArgs};
use crate::exit::{CommandError, Exit};
use crate::report::{self, count, size};
use example::ExampleFile;

pub fn run(global: &Global, args: &InitArgs) -> Result<Exit, CommandError> {
    let code = site_code(&args.code)?;
    let files = example::files(&code);
    make(&args.dir, &files)?;
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    if global.json {
        report::print_json(&json!({
            "site": args.dir,
            "code": code,
            "definitions": example::DEFINITIONS,
            "files": files.len(),
            "bytes": bytes,
        }))?;
        return Ok(Exit::Done);
    }
    let files = count(files.len() as u64, "file");
    let site = args.dir.display();
    let mut text = format!("{site}: site {code}, {files}, {}\n", size(bytes as u64));
    text += "next:\n";
    for words in ["check", "plan two-discs", "build example"] {
        text += &format!("  tsmedia --site {site} {words}\n");
    }
    report::print(&text)?;
    Ok(Exit::Done)
}

fn site_code(text: &str) -> Result<String, CommandError> {
    if text.len() != 3 || !text.chars().all(|c| c.is_ascii_alphanumeric()) {
        let message = format!("`{}` is no site code: three letters or digits", text.escape_debug());
        return Err(CommandError::usage(message).hint("leave --code out for P01"));
    }
    Ok(text.to_ascii_uppercase())
}

/// Writes the files into a folder that is not there or empty; after a failure it is so again.
fn make(folder: &Path, files: &[ExampleFile]) -> Result<(), CommandError> {
    let is_new = match fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                let message = format!("`{}` is not empty", folder.display());
                return Err(
                    CommandError::usage(message).hint("name a folder that is not there yet")
                );
            }
            false
        }
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            let message = format!("`{}` is no folder", folder.display());
            return Err(CommandError::usage(message).hint("name a folder that is not there yet"));
        }
        Err(source) => {
            let path = folder.to_owned();
            return Err(pipeline::Error::Io { verb: "list", path, source }.into());
        }
    };
    let written = write(folder, files);
    if written.is_err() {
        // What cannot be removed either is left: the first error says what is wrong.
        for file in files {
            let top = file.path.split('/').next().unwrap_or(&file.path);
            let top = folder.join(top);
            let _ = fs::remove_dir_all(&top).or_else(|_| fs::remove_file(&top));
        }
        if is_new {
            let _ = fs::remove_dir(folder);
        }
    }
    Ok(written?)
}

fn write(folder: &Path, files: &[ExampleFile]) -> Result<(), pipeline::Error> {
    for file in files {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).at("create", parent)?;
        fs::write(&path, &file.bytes).at("write", &path)?;
    }
    Ok(())
}
