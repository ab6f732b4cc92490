//! What the Windows Boot Manager finds on a medium: its store, the WIM that the store names, and
//! the loader in that WIM.

use content::{Problem, Severity};
use wim::read::{ReadError, WimReader};

use super::bcd::{BcdLoader, BcdStore, Device};
use super::boot_files::BootFiles;
use super::finding;
use super::source::Source;

/// The largest store that is read; that of Windows PE has 256 KiB.
const STORE_MAX: u64 = 16 << 20;

/// The stores, and for whom they are.
const UEFI_STORE: &str = "EFI/Microsoft/Boot/BCD";
const BIOS_STORE: &str = "boot/BCD";

/// A store of boot configuration data on a medium.
#[derive(Clone, Debug)]
pub struct BcdReport {
    /// Its path as it is written on the medium.
    pub path: String,
    /// The loaders of its menu, the default one first.
    pub entries: Vec<BcdEntry>,
    /// What keeps the default one from being started; None if nothing speaks against it.
    pub obstacle: Option<Obstacle>,
}

/// Something that keeps a loader from being started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Whether it surely does; else it could not be looked at.
    pub is_certain: bool,
    /// What it is.
    pub reason: String,
}

/// A loader of a store's menu, and what of it is on the medium.
#[derive(Clone, Debug)]
pub struct BcdEntry {
    /// What the store says.
    pub loader: BcdLoader,
    /// The file of the RAM disk, with slashes; None if it is started from no RAM disk.
    pub wim: Option<String>,
    /// Whether that file is on the medium.
    pub wim_exists: bool,
}

/// What the medium has for the Windows Boot Manager.
#[derive(Default)]
pub(super) struct Windows {
    /// Whether its boot programs for UEFI, and for a BIOS, are those of Windows, as other files tell.
    pub for_uefi: bool,
    pub for_bios: bool,
    /// Whether `bootmgr` is there, the boot manager that a BIOS starts.
    pub has_bios_manager: bool,
    /// The store for UEFI firmware and that for a BIOS, if they are there.
    pub uefi: Option<BcdReport>,
    pub bios: Option<BcdReport>,
    pub findings: Vec<Problem>,
}

impl Windows {
    /// Looks at the stores of a tree.
    pub(super) fn look(source: &Source, files: &BootFiles) -> Self {
        let any = |paths: &[&str]| paths.iter().any(|path| files.has(path));
        let mut windows = Self {
            for_uefi: any(&["bootmgr.efi", "EFI/Microsoft/Boot/efisys.bin", UEFI_STORE]),
            for_bios: any(&["bootmgr", "boot/etfsboot.com", BIOS_STORE]),
            has_bios_manager: files.has("bootmgr"),
            ..Self::default()
        };
        let mut look = |path, extension, is_wanted| {
            let mut store = Store { source, files, path, extension, findings: Vec::new() };
            let report = store.look();
            if report.is_none() && is_wanted {
                let message = "the Windows Boot Manager is there, but no boot configuration data";
                let remedy = "copy the store from the Windows PE files";
                store.tell(finding::error("bcd-missing", message).remedy(remedy));
            }
            windows.findings.extend(store.findings);
            report
        };
        let has_loader = files.below("efi/boot/boot", ".efi").next().is_some();
        let uefi = look(UEFI_STORE, ".efi", windows.for_uefi && has_loader);
        let bios = look(BIOS_STORE, ".exe", windows.has_bios_manager);
        Self { uefi, bios, ..windows }
    }

    /// What keeps the boot manager of UEFI firmware from starting anything.
    pub(super) fn uefi_obstacle(&self) -> Option<Obstacle> {
        obstacle(self.uefi.as_ref(), UEFI_STORE)
    }

    /// What keeps a BIOS from starting anything of Windows.
    pub(super) fn bios_obstacle(&self) -> Option<Obstacle> {
        if !self.has_bios_manager {
            let reason = "there is no `bootmgr`".to_owned();
            return Some(Obstacle { is_certain: true, reason });
        }
        obstacle(self.bios.as_ref(), BIOS_STORE)
    }
}

fn obstacle(store: Option<&BcdReport>, path: &str) -> Option<Obstacle> {
    let Some(store) = store else {
        let reason = format!("the Windows Boot Manager finds no `{path}`");
        return Some(Obstacle { is_certain: true, reason });
    };
    let obstacle = store.obstacle.as_ref()?;
    Some(Obstacle { reason: format!("in `{}` {}", store.path, obstacle.reason), ..*obstacle })
}

struct Store<'s> {
    source: &'s Source,
    files: &'s BootFiles,
    path: &'s str,
    /// That of the loaders that its boot manager starts.
    extension: &'s str,
    findings: Vec<Problem>,
}

impl Store<'_> {
    fn look(&mut self) -> Option<BcdReport> {
        let file = self.files.find(self.path)?;
        let parse = |bytes: Vec<u8>| BcdStore::parse(&bytes).map_err(|error| error.to_string());
        let mut report = BcdReport { path: file.path.clone(), entries: Vec::new(), obstacle: None };
        let certain = |reason: &str| Obstacle { is_certain: true, reason: reason.to_owned() };
        let store = match self.source.read(file, STORE_MAX).and_then(parse) {
            Ok(store) => store,
            Err(reason) => {
                let problem = format!("the boot configuration data cannot be read: {reason}");
                let remedy = "copy the store from the Windows PE files again";
                self.tell(finding::error("bcd-unreadable", &*problem).remedy(remedy));
                report.obstacle = Some(certain("the data cannot be read"));
                return Some(report);
            }
        };
        for loader in store.loaders.into_iter().filter(|loader| loader.is_offered) {
            let is_first = report.entries.is_empty();
            let (entry, problem) = self.entry(loader);
            if is_first {
                report.obstacle = problem.as_ref().map(|problem| Obstacle {
                    is_certain: problem.severity == Severity::Error,
                    reason: problem.message.clone(),
                });
            }
            // Whoever starts a further entry chose it from a menu and sees what happens.
            self.findings.extend(problem.map(|problem| Problem {
                severity: if is_first { problem.severity } else { Severity::Warning },
                ..problem.in_file(report.path.clone())
            }));
            report.entries.push(entry);
        }
        if report.entries.is_empty() {
            let problem = "the boot configuration data offers no loader of Windows";
            self.tell(finding::error("bcd-no-loader", problem).remedy(
                "give {bootmgr} a default entry of an osloader, as the store of Windows PE has",
            ));
            report.obstacle = Some(certain("no loader is offered"));
        }
        Some(report)
    }

    fn tell(&mut self, problem: Problem) {
        self.findings.push(problem.in_file(self.path));
    }

    /// An entry with the first thing that keeps it from being started.
    fn entry(&self, loader: BcdLoader) -> (BcdEntry, Option<Problem>) {
        let mut entry = BcdEntry { loader, wim: None, wim_exists: false };
        let id = entry.loader.id.clone();
        let (path, parent) = match &entry.loader.device {
            Some(Ok(Device::RamDisk { path, parent, .. })) => (path.clone(), (**parent).clone()),
            Some(Ok(Device::Boot | Device::Locate)) => return (entry, None),
            Some(Ok(device)) => {
                let problem = foreign(&id, device);
                return (entry, Some(problem));
            }
            Some(Err(error)) => {
                let message = format!("entry {id} cannot be read: {error}");
                return (entry, Some(finding::error("bcd-unreadable", message)));
            }
            None => {
                let message = format!("entry {id} names no device");
                return (entry, Some(finding::error("bcd-no-loader", message)));
            }
        };
        let wim = plain_path(&path);
        entry.wim_exists = self.files.has(&wim);
        entry.wim = Some(wim.clone());
        let problem = match parent {
            Device::Boot | Device::Locate => self.ram_disk(&entry, &wim),
            device => Some(foreign(&id, &device)),
        };
        (entry, problem)
    }

    fn ram_disk(&self, entry: &BcdEntry, wim: &str) -> Option<Problem> {
        let id = &entry.loader.id;
        if !entry.wim_exists {
            let message = format!("entry {id} starts `{wim}`, which is not on the medium");
            let remedy = "put the WIM there, or let the entry name one that is there";
            return Some(finding::error("bcd-target-missing", message).remedy(remedy));
        }
        let sdi = entry.loader.sdi_path.as_deref().map(plain_path);
        if let Some(sdi) = sdi.filter(|sdi| !self.files.has(sdi)) {
            let message = format!("entry {id} makes its RAM disk with `{sdi}`, which is not there");
            let remedy = "copy boot.sdi from the Windows PE files";
            return Some(finding::error("bcd-sdi-missing", message).remedy(remedy));
        }
        let path = entry.loader.path.as_deref().map(plain_path).unwrap_or_default();
        if !path.to_lowercase().ends_with(self.extension) {
            let message = format!(
                "entry {id} starts `{path}`, but the boot manager of this store starts loaders \
                 that end with `{}`",
                self.extension
            );
            return Some(finding::error("bcd-wrong-loader", message));
        }
        self.wim(wim, &path)
    }

    /// Whether the WIM has an image to start, and that one the loader.
    fn wim(&self, wim: &str, loader: &str) -> Option<Problem> {
        let file = self.files.find(wim)?;
        let unread = |reason: String| {
            let message = format!("`{wim}` cannot be looked into: {reason}");
            finding::warning("boot-wim-unreadable", message)
        };
        let bytes = match self.source.open(file) {
            Ok(bytes) => bytes,
            Err(reason) => return Some(unread(reason)),
        };
        let remedy = "take the WIM from its source again";
        let reader = match WimReader::open(&bytes) {
            Ok(reader) => reader,
            Err(error) => {
                let message = format!("`{wim}` cannot be read: {error}");
                return Some(finding::error("boot-wim-damaged", message).remedy(remedy));
            }
        };
        let image = reader.header().boot_index;
        if image == 0 {
            let message = format!("no image of `{wim}` is marked to be started");
            let remedy = "mark one, for instance with `wimlib-imagex info FILE 1 --boot`";
            return Some(finding::error("boot-wim-no-image", message).remedy(remedy));
        }
        let tree = match reader.tree(image) {
            Ok(_) => BootFiles::of_wim(&reader, image),
            Err(error @ ReadError::Unsupported { .. }) => return Some(unread(error.to_string())),
            Err(error) => Err(error.to_string()),
        };
        match tree {
            Err(error) => {
                let message = format!("image {image} of `{wim}` cannot be read: {error}");
                Some(finding::error("boot-wim-damaged", message).remedy(remedy))
            }
            Ok(tree) if !tree.has(loader) => {
                let message = format!("image {image} of `{wim}` has no `{loader}`");
                let remedy = "take the boot image of the right architecture and firmware";
                Some(finding::error("boot-wim-no-loader", message).remedy(remedy))
            }
            Ok(_) => None,
        }
    }
}

fn foreign(id: &str, device: &Device) -> Problem {
    let what = match device {
        Device::Partition => "a certain partition of a certain disk",
        _ => "a device that no medium has",
    };
    let message = format!("entry {id} starts from {what}, not from the medium");
    finding::error("bcd-foreign-device", message)
        .remedy("name `boot` as its device: ramdisk=[boot]\\sources\\boot.wim,{ramdiskoptions}")
}

/// A path of Windows as media have it: with slashes, from the root without one.
fn plain_path(path: &str) -> String {
    path.replace('\\', "/").trim_start_matches('/').to_owned()
}
