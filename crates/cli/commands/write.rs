//! `tsmedia write`: media onto sticks.

mod station;
mod update;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use content::Digest;
use content::manifest::MediaManifest;
use pipeline::IoContext;
use pipeline::device::{Device, Written, write_all};
use pipeline::image_file::{FileSystem, ImageFile};
use pipeline::verify::read_media_manifest;
use serde_json::{Value, json};

use crate::args::{Global, WriteArgs};
use crate::exit::{CommandError, Exit};
use crate::given_images::GivenImages;
use crate::interruption::{self, CANCEL, waiting};
use crate::report::{self, count, size};

/// What is written.
struct Source {
    image: ImageFile,
    bytes: u64,
    manifest: MediaManifest,
}

pub fn run(global: &Global, args: &WriteArgs) -> Result<Exit, CommandError> {
    interruption::catch_interruption()?;
    let source = source(&args.image, args.update)?;
    // What cannot be logged must not be written.
    let mut log = args.log.as_deref().map(open_log).transpose()?;
    if args.update {
        return update::run(global, args, &source, log.as_mut());
    }
    if args.station {
        return station::run(global, args, &source, log.as_mut());
    }
    let devices = devices(&args.devices, &source, args.force)?;
    if !args.yes {
        ask(&source, &devices)?;
    }
    let progress = crate::progress::progress(global.progress);
    let (digest, written) = write_all(&source.image, &devices, &CANCEL, &*progress);
    drop(progress);
    let logged = append(log.as_mut(), args.log.as_deref(), &source, &written);
    let exit = tell(global, &source, digest, written)?;
    logged?;
    Ok(exit)
}

fn source(path: &Path, is_update: bool) -> Result<Source, CommandError> {
    let images = GivenImages::find(&[path.to_owned()])?;
    let path = images.paths.first().cloned().unwrap_or_default();
    let image = ImageFile::open(&path)?;
    if image.file_system() == FileSystem::Folder && !is_update {
        let message = format!("`{}` is a folder, not an image", path.display());
        return Err(CommandError::usage(message).hint("name the image or the device"));
    }
    if image.file_system() == FileSystem::Wim {
        let message =
            format!("`{}` is a WIM, which no firmware starts from a stick", path.display());
        return Err(CommandError::usage(message)
            .hint("apply it to a formatted disk, for instance with `wimlib-imagex apply`"));
    }
    let manifest = read_media_manifest(&image)?;
    if manifest.discs > 1 {
        let message = format!(
            "`{}` is disc {} of {}: a stick holds media of one disc",
            path.display(),
            manifest.disc,
            manifest.discs
        );
        return Err(CommandError::usage(message)
            .hint("build a definition with size = \"unlimited\", or one as large as the stick"));
    }
    // An update counts the room itself.
    let bytes = if is_update { 0 } else { iso9660_writer::read::ReadAt::len(&image) };
    Ok(Source { image, bytes, manifest })
}

/// Looks at the devices and refuses those that must not be written to, all at once.
fn devices(paths: &[PathBuf], source: &Source, force: bool) -> Result<Vec<Device>, CommandError> {
    let mut devices: Vec<Device> = Vec::with_capacity(paths.len());
    let mut refused: Vec<(Exit, String)> = Vec::new();
    for path in paths {
        let device = match Device::look(path) {
            Ok(device) => device,
            Err(error) => {
                let error = CommandError::from(error);
                refused.push((error.exit, error.message));
                continue;
            }
        };
        refused.extend(refusal(&device, source, force));
        if devices.iter().any(|other| other.path == device.path) {
            refused.push((Exit::Usage, format!("`{}` is named twice", device.path.display())));
        }
        devices.push(device);
    }
    let Some((exit, _)) = refused.first() else { return Ok(devices) };
    let exit = *exit;
    let messages: Vec<String> = refused.into_iter().map(|(_, message)| message).collect();
    Err(CommandError::new(exit, messages.join("; "))
        .hint("nothing was written to any of the disks"))
}

/// Why nothing may be written to a device.
fn refusal(device: &Device, source: &Source, force: bool) -> Option<(Exit, String)> {
    let path = device.path.display();
    if source.image.path().canonicalize().is_ok_and(|image| image == device.path) {
        return Some((Exit::Usage, format!("`{path}` is what is to be written")));
    }
    if let Some(user) = device.used_by.first() {
        return Some((Exit::Usage, format!("`{path}` is in use: {user}; unmount it first")));
    }
    if !device.removable && !force {
        let text = format!("`{path}` cannot be taken out of this computer; --force takes it");
        return Some((Exit::Usage, text));
    }
    if device.read_only {
        return Some((Exit::Usage, format!("`{path}` is write-protected")));
    }
    if device.bytes < source.bytes {
        let (has, needs) = (size(device.bytes), size(source.bytes));
        let text = format!(
            "`{path}` has {has} ({} bytes), the media need {needs} ({} bytes)",
            device.bytes, source.bytes
        );
        return Some((Exit::DoesNotFit, text));
    }
    None
}

fn described(device: &Device) -> String {
    let model = if device.model.is_empty() { "unknown model" } else { &device.model };
    let serial = if device.serial.is_empty() { "none" } else { &device.serial };
    format!("{} {model}, serial {serial}, {}", device.path.display(), size(device.bytes))
}

/// Shows what would be lost, and goes on only if the user says `yes`.
fn ask(source: &Source, devices: &[Device]) -> Result<(), CommandError> {
    let list: Vec<String> =
        devices.iter().map(|device| format!("  {}", described(device))).collect();
    let question = format!(
        "{} ({}) goes onto\n{}\nand everything on {} is lost.",
        source.image.path().display(),
        size(source.bytes),
        list.join("\n"),
        count(devices.len() as u64, "disk"),
    );
    confirm(&question, "what lies on the disks may be lost")
}

/// Goes on only if the user says `yes`; where nobody can be asked, `may` says what for.
fn confirm(question: &str, may: &str) -> Result<(), CommandError> {
    if !io::stdin().is_terminal() {
        let message = format!("nobody can be asked whether {may}");
        return Err(CommandError::usage(message).hint("say --yes if so"));
    }
    let mut answer = String::new();
    waiting(|| {
        let mut out = io::stderr();
        write!(out, "{question}\nType yes to go on: ").and_then(|()| out.flush())?;
        io::stdin().lock().read_line(&mut answer)
    })??;
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(CommandError::new(Exit::Interrupted, "nothing was written"))
}

fn open_log(path: &Path) -> Result<File, pipeline::Error> {
    OpenOptions::new().create(true).append(true).open(path).at("open", path)
}

/// Appends a line for each device that was written, so that people know which stick holds what.
fn append(
    log: Option<&mut File>,
    path: Option<&Path>,
    source: &Source,
    written: &[Written],
) -> Result<(), CommandError> {
    let (Some(log), Some(path)) = (log, path) else { return Ok(()) };
    let mut lines = String::new();
    for one in written {
        lines += &format!("{}\n", entry(source, one));
    }
    log.write_all(lines.as_bytes()).at("write", path)?;
    Ok(())
}

fn entry(source: &Source, written: &Written) -> Value {
    let Written { device, outcome, update, duration } = written;
    let mut entry = json!({
        "time": jiff::Timestamp::now().to_string(),
        "device": device.path,
        "model": device.model,
        "serial": device.serial,
        "device_bytes": device.bytes,
        "set": source.manifest.set,
        "label": source.manifest.label,
        "bytes": source.bytes,
        "seconds": duration.as_secs_f64(),
        "ok": outcome.is_ok(),
        "error": outcome.as_ref().err().map(|error| pipeline::chain(error)),
    });
    if let Some(figures) = update {
        entry["bytes"] = (figures.written.bytes + figures.kept.bytes).into();
        entry["update"] = update::document(figures);
    }
    entry
}

fn tell(
    global: &Global,
    source: &Source,
    digest: Option<Digest>,
    written: Vec<Written>,
) -> Result<Exit, CommandError> {
    if global.json {
        let devices: Vec<Value> = written.iter().map(|one| entry(source, one)).collect();
        report::print_json(&json!({
            "image": source.image.path(),
            "set": source.manifest.set,
            "sha256": digest,
            "devices": devices,
        }))?;
    } else {
        for one in written.iter().filter(|one| one.outcome.is_ok()) {
            let seconds = one.duration.as_secs_f64();
            let device = described(&one.device);
            let did = match &one.update {
                Some(figures) => format!("{}; read back", update::told(figures)),
                None => "written and read back".to_owned(),
            };
            report::print(&format!("{device}: {did}, {seconds:.1} s\n"))?;
        }
    }
    let mut exit = Exit::Done;
    for one in written {
        if let Err(error) = one.outcome {
            let hint = if one.update.is_some() { update::HINT } else { "it holds no media now" };
            let error = CommandError::from(error).hint(hint);
            exit = error.exit;
            report::tell_error(&error, Some(&described(&one.device)));
        }
    }
    Ok(exit)
}
