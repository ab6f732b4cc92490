mod destination;
mod source;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use cmtrace::LogType;
use tasksequence::run::{StepEnd, StepRun};
use wim::libwim::{CaptureSource, Change, Compression, Progress, UnixOptions, Wim, WriteOptions};
use wim::{Algorithm, ImageTexts};

use self::destination::Destination;
use super::done;
use super::existing::{Mounted, mount_existing};
use crate::mount::Access;
use crate::provider::{Host, Provider, StepFailure, value_of};
use crate::system::System;
use crate::tool::Tool;

/// Folders of which only the folder itself belongs to a system: the kernel fills them.
const PSEUDO: [&str; 4] = ["dev", "proc", "run", "sys"];

/// Capture Operating System Image: the Linux system of a reference computer.
pub struct CaptureSystemImage;

impl Provider for CaptureSystemImage {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        Self::run_on(step, host, &System::default())
    }
}

impl CaptureSystemImage {
    /// Does the step on this computer.
    pub fn run_on(
        step: &StepRun,
        host: &mut dyn Host,
        system: &System,
    ) -> Result<StepEnd, StepFailure> {
        let text =
            |host: &dyn Host, name: &str| value_of(step, host, name).text().trim().to_owned();
        let destination = Destination::parse(&text(host, "OSDCaptureDestination"))?;
        let compression = compression(&text(host, "OSDCaptureCompression"))?;
        let reference = source::find(&text(host, "OSDCaptureSource"), host, system)?;
        let (file, mounted) = reach(&destination, step, host, system)?;
        let name = crate::system_boot::title_of(&reference.root);
        host.log(
            LogType::Info,
            &format!(
                "capturing {name} from partition {} of disk {} to `{}`, compressed with {:?}",
                reference.place.1,
                reference.place.0,
                file.display(),
                compression.algorithm
            ),
        );
        let description = text(host, "OSDImageDescription");
        let texts = ImageTexts { name, description, ..ImageTexts::default() };
        let properties = [
            ("CREATOR", text(host, "OSDImageCreator")),
            ("VERSION", text(host, "OSDImageVersion")),
        ];
        let mut wim = captured(&reference.root, &texts, &compression, host)?;
        for (name, value) in properties.iter().filter(|(_, value)| !value.is_empty()) {
            wim.set_property(1, name, value).map_err(|error| StepFailure::because(&error))?;
        }
        write(&mut wim, &file, compression, host)?;
        // The sources of the WIM are not needed any more.
        drop(wim);
        for mounted in [mounted, reference.mounted].into_iter().flatten() {
            mounted.release()?;
        }
        Ok(done())
    }
}

/// XPRESS unless said otherwise: for a Debian of 215 MB it took an eighth of the processor time of
/// LZX, and a tenth more room.
fn compression(text: &str) -> Result<Compression, StepFailure> {
    let algorithm = match &*text.to_uppercase() {
        "" | "XPRESS" => Algorithm::Xpress,
        "LZX" => Algorithm::Lzx,
        "NONE" => Algorithm::None,
        _ => {
            return Err(StepFailure::new(format!(
                "OSDCaptureCompression is `{text}`; it has to be XPRESS, LZX or none"
            )));
        }
    };
    Ok(Compression::new(algorithm))
}

/// The file that the image goes to, in a folder that is there, and what was mounted for that.
fn reach(
    destination: &Destination,
    step: &StepRun,
    host: &dyn Host,
    system: &System,
) -> Result<(PathBuf, Option<Mounted>), StepFailure> {
    let folder = host.scratch_folder().join("capture-destination");
    let (file, mounted) = match destination {
        Destination::File(path) => (path.clone(), None),
        Destination::Partition { disk, partition, file } => {
            let volume = host.volumes().find(*disk, *partition);
            match volume.and_then(|volume| volume.mount.as_ref()) {
                Some(root) => (root.join(file), None),
                None => {
                    let place = (*disk, *partition);
                    mount_existing(place, &folder, Access::ReadWrite, host, system)?;
                    (folder.join(file), Some(Mounted::at(folder)))
                }
            }
        }
        Destination::Smb { share, file } => {
            mount_share(share, &folder, step, host)?;
            (folder.join(file), Some(Mounted::at(folder)))
        }
        Destination::Nfs { export, file } => {
            make_folder(&folder)?;
            let tool = Tool::new("mount.nfs", "nfs-common").args([export]).args([&folder]);
            tool.args(["-o", "nolock"]).run().map_err(|error| StepFailure::because(&error))?;
            (folder.join(file), Some(Mounted::at(folder)))
        }
    };
    let parent = file.parent().unwrap_or(Path::new("/"));
    make_folder(parent)?;
    if is_in_memory(parent) {
        return Err(StepFailure::new(format!(
            "`{}` would lie in memory and be lost: OSDCaptureDestination has to be on a volume, a \
             share or DISK,PARTITION:/file.wim",
            file.display()
        )));
    }
    Ok((file, mounted))
}

/// Whether a folder is on the file system that the runtime itself runs from, or another one in
/// memory.
fn is_in_memory(folder: &Path) -> bool {
    // As statfs(2) has them.
    const TMPFS: i128 = 0x0102_1994;
    const RAMFS: i128 = 0x8584_58F6;
    let device = |path: &Path| fs::metadata(path).map(|facts| facts.dev()).ok();
    let kind = rustix::fs::statfs(folder).map(|facts| facts.f_type as i128);
    device(folder) == device(Path::new("/")) || matches!(kind, Ok(TMPFS | RAMFS))
}

/// The password goes through the environment, which no other user sees, and no log.
fn mount_share(
    share: &str,
    folder: &Path,
    step: &StepRun,
    host: &dyn Host,
) -> Result<(), StepFailure> {
    make_folder(folder)?;
    let account = value_of(step, host, "OSDCaptureAccount");
    let (domain, user) = account.text().split_once('\\').unwrap_or(("", account.text()));
    let mut tool = Tool::new("mount.cifs", "cifs-utils").args([share]).args([folder]);
    let mut options = Vec::new();
    if user.is_empty() {
        options.push("guest".to_owned());
    } else {
        let password = value_of(step, host, "OSDCaptureAccountPassword");
        tool = tool.env("USER", user).env("PASSWD", password.text());
    }
    if !domain.is_empty() {
        options.push(format!("domain={}", domain.replace(',', "")));
    }
    if !options.is_empty() {
        tool = tool.args(["-o".to_owned(), options.join(",")]);
    }
    tool.run().map_err(|error| StepFailure::because(&error))
}

fn make_folder(folder: &Path) -> Result<(), StepFailure> {
    fs::create_dir_all(folder)
        .map_err(|error| StepFailure::new(format!("cannot create `{}`: {error}", folder.display())))
}

/// The tree in memory, without what belongs to the run or to the kernel.
fn captured(
    root: &Path,
    texts: &ImageTexts,
    compression: &Compression,
    host: &dyn Host,
) -> Result<Wim, StepFailure> {
    let failed = |error: wim::Error| StepFailure::because(&error);
    let options = UnixOptions { metadata: true, follow_links: false };
    let mut silent = wim::libwim::silent;
    let mut wim = Wim::create(compression).map_err(failed)?;
    let source = CaptureSource { source: root.to_owned(), target: String::new() };
    wim.capture(&[source], texts, &options, &mut silent).map_err(failed)?;
    let mut left_out = vec![host.own_folder().to_owned(), "lost+found".to_owned()];
    for folder in PSEUDO {
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        left_out.extend(names.map(|name| format!("{folder}/{name}")));
    }
    let delete = |path| Change::Delete { path, may_be_missing: true };
    let changes: Vec<_> = left_out.into_iter().map(delete).collect();
    wim.update(1, &changes, &options, &mut silent).map_err(failed)?;
    Ok(wim)
}

/// Writes the WIM; the file has its name only when it is whole and on its disk.
fn write(
    wim: &mut Wim,
    file: &Path,
    compression: Compression,
    host: &mut dyn Host,
) -> Result<(), StepFailure> {
    let mut observe = |progress| {
        if let Progress::Write { done, total, .. } = progress {
            host.progress(done, total);
        }
        ControlFlow::Continue(())
    };
    let options = WriteOptions::new(compression);
    wim.write(file, &options, &mut observe).map_err(|error| match &error {
        wim::Error::Library { source: Some(host), .. }
            if host.kind() == std::io::ErrorKind::StorageFull =>
        {
            StepFailure::new(format!("there is no room for `{}`; {error}", file.display()))
        }
        _ => StepFailure::because(&error),
    })
}
