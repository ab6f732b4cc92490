//! Whether each kind of firmware starts a medium, from what was found on it. Nothing is read here.

use iso9660_writer::read::boot::Platform;

use super::authenticode::Verdict;
use super::ca::Generation;
use super::disc::{BootCode, BootImage, StickVolume};
use super::loaders::{Loader, LoaderPlace, Program};
use super::pe::Architecture;
use super::windows::{Obstacle, Windows};

/// A kind of firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Firmware {
    /// A BIOS, or UEFI firmware that pretends to be one.
    Bios,
    /// UEFI firmware of these processors, without Secure Boot.
    Uefi(Architecture),
    /// UEFI firmware with Secure Boot that trusts Microsoft's authorities of these years.
    SecureBoot(Generation),
}

impl Firmware {
    /// Every kind that is judged.
    pub const ALL: [Self; 6] = [
        Self::Bios,
        Self::Uefi(Architecture::X64),
        Self::Uefi(Architecture::X86),
        Self::Uefi(Architecture::Arm64),
        Self::SecureBoot(Generation::Of2011),
        Self::SecureBoot(Generation::Of2023),
    ];
}

/// Whether something starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Boots {
    /// All that was looked at speaks for it.
    Yes,
    /// It cannot be told.
    Unknown,
    /// It does not.
    No,
}

/// What is said of a kind of firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirmwareVerdict {
    /// Which.
    pub firmware: Firmware,
    /// Whether it starts the medium.
    pub boots: Boots,
    /// Why, in one sentence.
    pub why: String,
}

/// What kind of medium the facts are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium<'f> {
    /// An ISO image with these entries; whether its master boot record has code.
    Disc { images: &'f [BootImage], has_mbr_code: bool },
    /// A FAT32 volume of a stick.
    Stick(&'f StickVolume),
    /// A folder, or an image of a WIM that holds a boot tree: what lies on a stick once it has been
    /// copied there. What of it a BIOS could be started with, if anything.
    Tree { bios: Option<&'static str> },
    /// An image of a WIM that a boot manager loads: whether it is the one that is marked for that,
    /// and whether it has a loader for a BIOS.
    RamDisk { is_marked: bool, has_bios_loader: bool },
}

/// What was found.
pub(super) struct Facts<'f> {
    pub medium: Medium<'f>,
    pub loaders: &'f [Loader],
    pub windows: &'f Windows,
}

type Said = (Boots, String);

/// The name of the boot program that UEFI firmware starts from removable media (UEFI 2.10
/// §3.5.1.1), and that of what a shim starts.
fn names(architecture: Architecture) -> Option<(&'static str, &'static str)> {
    match architecture {
        Architecture::X64 => Some(("EFI/BOOT/BOOTX64.EFI", "grubx64.efi")),
        Architecture::X86 => Some(("EFI/BOOT/BOOTIA32.EFI", "grubia32.efi")),
        Architecture::Arm64 => Some(("EFI/BOOT/BOOTAA64.EFI", "grubaa64.efi")),
        _ => None,
    }
}

/// The loader in the boot image of Windows PE, which its boot manager starts.
const WINLOAD: &str = "Windows/System32/boot/winload.efi";

/// The architectures that firmware is judged of.
const ARCHITECTURES: [Architecture; 3] =
    [Architecture::X64, Architecture::X86, Architecture::Arm64];

impl Facts<'_> {
    /// The verdict on every kind of firmware.
    pub(super) fn verdicts(&self) -> Vec<FirmwareVerdict> {
        let verdict = |firmware| {
            let (boots, why) = match firmware {
                Firmware::Bios => self.bios(),
                Firmware::Uefi(architecture) => self.uefi(architecture),
                Firmware::SecureBoot(generation) => self.secure_boot(generation),
            };
            FirmwareVerdict { firmware, boots, why }
        };
        Firmware::ALL.map(verdict).into()
    }

    /// The boot programs that firmware looks for by name, as they are found.
    pub(super) fn first_loaders(&self) -> impl Iterator<Item = (Architecture, &Loader)> {
        let of = |architecture| self.first_loader(architecture).map(|found| (architecture, found));
        ARCHITECTURES.into_iter().filter_map(of)
    }

    /// On a disc the one in the volume of an El Torito entry comes first.
    fn first_loader(&self, architecture: Architecture) -> Option<&Loader> {
        let (path, _) = names(architecture)?;
        let named = |loader: &&Loader| loader.path.eq_ignore_ascii_case(path);
        let mut found: Vec<&Loader> = self.loaders.iter().filter(named).collect();
        found.sort_by_key(|loader| loader.place == LoaderPlace::Tree);
        found.first().copied()
    }

    fn bios(&self) -> Said {
        let start = match self.medium {
            Medium::Disc { images, has_mbr_code } => bios_of_disc(images, has_mbr_code),
            Medium::Stick(volume) => bios_of_stick(volume),
            Medium::Tree { bios: Some(path) } => {
                let why = format!("no boot sector belongs to it; `{path}` is there to be started");
                return (Boots::Unknown, why);
            }
            Medium::Tree { bios: None } => {
                return (
                    Boots::No,
                    "nothing is there that a BIOS could be started with".to_owned(),
                );
            }
            Medium::RamDisk { is_marked, has_bios_loader } => {
                let what = "Windows/System32/boot/winload.exe";
                return of_ram_disk(is_marked, has_bios_loader, what);
            }
        };
        let by_grub =
            matches!(self.medium, Medium::Stick(StickVolume { boot_code: BootCode::Grub, .. }));
        if start.0 == Boots::No || by_grub || !self.windows.for_bios {
            return start;
        }
        behind(start, self.windows.bios_obstacle())
    }

    fn uefi(&self, architecture: Architecture) -> Said {
        let Some((path, _)) = names(architecture) else {
            return (Boots::Unknown, "firmware of these processors is not known".to_owned());
        };
        if let Medium::RamDisk { is_marked, .. } = self.medium {
            let winload = self.loaders.iter().find(|l| l.path.eq_ignore_ascii_case(WINLOAD));
            let fits =
                |l: &Loader| l.program.as_ref().is_ok_and(|p| p.architecture == architecture);
            return of_ram_disk(is_marked, winload.is_some_and(fits), WINLOAD);
        }
        let Some(loader) = self.first_loader(architecture) else {
            return self.unread_volume().unwrap_or_else(|| {
                (Boots::No, format!("there is no `{path}`{}", self.where_looked()))
            });
        };
        let program = match checked(loader, architecture) {
            Ok(program) => program,
            Err(why) => return (Boots::No, why),
        };
        let why = format!("starts `{}`{}", loader.shown_path(), self.how_found(loader));
        let start = match (self.medium, loader.place) {
            (Medium::Disc { .. }, LoaderPlace::Tree) => {
                let why = format!(
                    "no El Torito entry has `{path}`; only firmware that reads the disc's own file \
                     system {why}"
                );
                (Boots::Unknown, why)
            }
            _ => (Boots::Yes, why),
        };
        behind(start, self.behind_loader(architecture, loader, program))
    }

    /// That an El Torito entry has a volume which cannot be read here, but may be by firmware.
    fn unread_volume(&self) -> Option<Said> {
        let Medium::Disc { images, .. } = self.medium else { return None };
        let for_uefi = images.iter().filter(|image| image.platform == Platform::Uefi);
        let (number, problem) = for_uefi
            .filter(|image| image.is_bootable)
            .find_map(|image| Some((image.number, image.problem.as_ref()?)))?;
        let why = format!("what El Torito entry {number} holds cannot be read: {problem}");
        Some((Boots::Unknown, why))
    }

    fn where_looked(&self) -> &'static str {
        match self.medium {
            Medium::Disc { images, .. } => {
                let is_there = |image: &BootImage| image.platform == Platform::Uefi;
                if images.iter().any(is_there) {
                    " behind the El Torito entry for UEFI"
                } else {
                    ", and no El Torito entry for UEFI"
                }
            }
            _ => "",
        }
    }

    fn how_found(&self, loader: &Loader) -> &'static str {
        match (self.medium, loader.place) {
            (Medium::Disc { images, .. }, LoaderPlace::ElTorito(number)) => {
                let is_it = |image: &BootImage| image.number == number && image.is_partition;
                if images.iter().any(is_it) { ", from a disc and from a stick" } else { "" }
            }
            (Medium::Tree { .. }, _) => ", once it lies on a FAT32 stick",
            _ => "",
        }
    }

    /// What keeps a boot program of the firmware from going on.
    fn behind_loader(
        &self,
        architecture: Architecture,
        loader: &Loader,
        program: &Program,
    ) -> Option<Obstacle> {
        if program.vendor.is_some() {
            let second = self.second_stage(architecture, loader);
            let (_, name) = names(architecture)?;
            let reason = format!("the shim finds no `{name}` beside it");
            return second.is_none().then_some(Obstacle { is_certain: true, reason });
        }
        let is_windows = program.readable().any(|signature| signature.ca.is_of_windows());
        if is_windows || self.windows.for_uefi { self.windows.uefi_obstacle() } else { None }
    }

    /// What a shim starts: a program of a fixed name in its own folder.
    fn second_stage(&self, architecture: Architecture, shim: &Loader) -> Option<&Loader> {
        let (_, name) = names(architecture)?;
        let folder = &shim.path[..shim.path.len() - shim.name().len()];
        let path = format!("{folder}{name}");
        let is_it =
            |other: &&Loader| other.place == shim.place && other.path.eq_ignore_ascii_case(&path);
        self.loaders.iter().find(is_it)
    }

    fn secure_boot(&self, generation: Generation) -> Said {
        if let Medium::RamDisk { .. } = self.medium {
            return self.boot_managers(generation);
        }
        let verdicts = self.first_loaders().map(|(architecture, loader)| {
            let (boots, why) = self.uefi(architecture);
            if boots == Boots::No {
                return (boots, format!("{architecture}: {why}"));
            }
            let (signed, chain) = self.chain(architecture, loader, generation);
            let doubt = if boots == Boots::Unknown { format!("; {why}") } else { String::new() };
            (signed.max(boots), format!("{architecture}: {chain}{doubt}"))
        });
        let best = verdicts.min_by_key(|(boots, _)| *boots);
        best.unwrap_or_else(|| (Boots::No, "there is no boot program of UEFI".to_owned()))
    }

    /// Whether firmware with authorities of a generation takes a boot program, and that the next.
    fn chain(&self, architecture: Architecture, first: &Loader, generation: Generation) -> Said {
        let Ok(program) = &first.program else {
            return (Boots::No, format!("`{}` is no boot program", first.path));
        };
        let Some(signature) = program.signed_by(generation) else {
            return (Boots::No, unsigned(first, program, generation));
        };
        let by = format!("`{}` is signed by {}", first.path, signature.ca);
        let Some(vendor) = &program.vendor else { return (Boots::Yes, by) };
        let Some(second) = self.second_stage(architecture, first) else {
            return (Boots::No, format!("{by}, but the shim finds nothing to start"));
        };
        let Ok(next) = &second.program else {
            return (Boots::No, format!("{by}, but `{}` is no boot program", second.path));
        };
        if next.signed_by(generation).is_some() {
            return (Boots::Yes, format!("{by}, and so is `{}`", second.path));
        }
        match next.vouched_for_by(vendor) {
            Verdict::Right => {
                let signers: Vec<String> = next.readable().map(|s| s.ca.to_string()).collect();
                let signers = signers.join(", ");
                (Boots::Yes, format!("{by}, `{}` by {signers}, which the shim trusts", second.path))
            }
            Verdict::Wrong => {
                let why = format!("{by}, but the shim does not trust who signed `{}`", second.path);
                (Boots::No, why)
            }
            Verdict::Unknown => {
                let why = format!("{by}; whether the shim trusts `{}` cannot be told", second.path);
                (Boots::Unknown, why)
            }
        }
    }

    /// Of a WIM: whether media that are made of it have a boot manager of this generation.
    fn boot_managers(&self, generation: Generation) -> Said {
        let is_manager = |loader: &&Loader| loader.name().to_lowercase().starts_with("bootmgfw");
        let managers: Vec<&Loader> = self.loaders.iter().filter(is_manager).collect();
        let signed = managers.iter().find_map(|loader| {
            let signature = loader.program.as_ref().ok()?.signed_by(generation)?;
            Some(format!(
                "media made from it can take `{}`, signed by {}",
                loader.path, signature.ca
            ))
        });
        match (signed, managers.first()) {
            (Some(why), _) => (Boots::Yes, why),
            (None, Some(manager)) => {
                let why = format!(
                    "no boot manager in it, such as `{}`, is signed by an authority of {}",
                    manager.path,
                    generation.year()
                );
                (Boots::No, why)
            }
            (None, None) => {
                let why = "it has no boot manager: what loads it decides".to_owned();
                (Boots::Unknown, why)
            }
        }
    }
}

/// A start, and what stands in its way later.
fn behind(start: Said, obstacle: Option<Obstacle>) -> Said {
    match obstacle {
        None => start,
        Some(obstacle) => {
            let boots = if obstacle.is_certain { Boots::No } else { Boots::Unknown };
            (boots.max(start.0), format!("{}, but {}", start.1, obstacle.reason))
        }
    }
}

/// The program of a loader that firmware of this architecture takes.
fn checked(loader: &Loader, architecture: Architecture) -> Result<&Program, String> {
    let path = loader.shown_path();
    let program = loader.program.as_ref().map_err(|why| format!("`{path}` {why}"))?;
    if program.architecture != architecture {
        return Err(format!("`{path}` is made for {}", program.architecture));
    }
    if !program.is_efi_application {
        return Err(format!("`{path}` is no application of EFI"));
    }
    Ok(program)
}

/// Why firmware does not take the signatures of a program.
fn unsigned(loader: &Loader, program: &Program, generation: Generation) -> String {
    let (path, year) = (&loader.path, generation.year());
    if program.signatures.is_empty() {
        return format!("`{path}` is not signed");
    }
    let is_broken = |s: &&super::authenticode::Signature| {
        !s.is_sound() && s.ca.generation() == Some(generation)
    };
    if program.readable().any(|s| is_broken(&s)) {
        return format!("the signature of `{path}` by an authority of {year} does not hold");
    }
    let signers: Vec<String> = program.readable().map(|s| s.ca.to_string()).collect();
    format!("`{path}` is signed by no authority of {year}, only by {}", signers.join(", "))
}

fn bios_of_disc(images: &[BootImage], has_mbr_code: bool) -> Said {
    let for_bios = |image: &&BootImage| image.platform == Platform::Bios && image.is_bootable;
    match images.iter().find(for_bios) {
        Some(BootImage { number, problem: Some(problem), .. }) => {
            (Boots::No, format!("El Torito entry {number} cannot be started: {problem}"))
        }
        Some(image) => {
            let stick = if has_mbr_code { ", and from a stick its boot sector" } else { "" };
            (Boots::Yes, format!("starts El Torito entry {}{stick}", image.number))
        }
        None if has_mbr_code => {
            let why = "no El Torito entry is for a BIOS; as a stick it has a boot sector";
            (Boots::Unknown, why.to_owned())
        }
        None => (Boots::No, "no El Torito entry is for a BIOS".to_owned()),
    }
}

fn bios_of_stick(volume: &StickVolume) -> Said {
    let (boots, why) = match volume.boot_code {
        BootCode::Grub => (Boots::Yes, "starts GRUB from the boot sector"),
        BootCode::WindowsBootManager => {
            (Boots::Yes, "starts BOOTMGR from the boot sector of the volume")
        }
        BootCode::None => (Boots::No, "there is no code in the boot sector"),
        BootCode::GrubWithoutCore => {
            (Boots::No, "GRUB in the boot sector does not find its core image")
        }
        BootCode::NoActivePartition => (Boots::No, "no partition is active"),
        BootCode::NotBootable => {
            (Boots::No, "the boot sector of the volume only says that it starts nothing")
        }
        BootCode::Unknown => (Boots::Unknown, "the code in the boot sector is not known"),
    };
    (boots, why.to_owned())
}

fn of_ram_disk(is_marked: bool, has_loader: bool, path: &str) -> Said {
    match (is_marked, has_loader) {
        (true, true) => (Boots::Yes, format!("a boot manager that loads it starts `{path}`")),
        (true, false) => (Boots::No, format!("it has no `{path}` for such firmware")),
        (false, _) => (Boots::No, "no image of the WIM is marked to be started".to_owned()),
    }
}

#[cfg(test)]
mod tests;
