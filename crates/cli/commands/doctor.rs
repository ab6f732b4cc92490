//! `tsmedia doctor`: whether media start, and why not.

use content::Problem;
use iso9660_writer::read::boot::Platform;
use jiff::Timestamp;
use pipeline::doctor::authenticode::{Signature, SignatureError, Verdict};
use pipeline::doctor::{
    self, BcdReport, BootCode, BootImage, Boots, Diagnosis, Firmware, FirmwareVerdict, Loader,
    LoaderPlace, MediumKind, StickVolume,
};
use serde_json::{Value, json};

use crate::args::{DoctorArgs, Global};
use crate::exit::{CommandError, Exit};
use crate::given_images::GivenImages;
use crate::report::{self, count, problems_json, size};

/// What the document of `--json` is called, and its version.
const FORMAT: &str = "tsmedia-doctor";
const VERSION: u32 = 1;

pub fn run(global: &Global, args: &DoctorArgs) -> Result<Exit, CommandError> {
    let media = GivenImages::find(&args.paths)?;
    let now = Timestamp::now();
    let mut documents = Vec::new();
    let (mut exit, mut failed) = (Exit::Done, None);
    for path in &media.paths {
        let diagnosis = match doctor::examine(path, now) {
            Ok(diagnosis) => diagnosis,
            Err(error) => {
                // What is wrong with one is no reason to say nothing of the others.
                failed.get_or_insert(CommandError::from(error));
                continue;
            }
        };
        if diagnosis.has_errors() {
            exit = Exit::Findings;
        }
        if global.json {
            documents.push(document(&diagnosis));
        } else {
            report::print(&text(&diagnosis))?;
        }
    }
    let missing: Vec<Problem> = media.read_missing().iter().map(missing_disc).collect();
    if !missing.is_empty() {
        exit = Exit::Findings;
    }
    if global.json {
        report::print_json(&json!({
            "format": FORMAT,
            "version": VERSION,
            "media": documents,
            "findings": problems_json(&missing),
        }))?;
    } else {
        report::print(&missing.iter().map(|problem| format!("{problem}\n")).collect::<String>())?;
    }
    failed.map_or(Ok(exit), Err)
}

fn missing_disc(missing: &crate::given_images::MissingDisc) -> Problem {
    let class = content::ProblemClass::Finding;
    Problem::error("disc-missing", class, missing.message())
        .in_file(missing.set.display().to_string())
        .remedy("name the set when all its discs are there")
}

fn firmware_name(firmware: Firmware) -> String {
    match firmware {
        Firmware::Bios => "bios".to_owned(),
        Firmware::Uefi(architecture) => format!("uefi-{architecture}"),
        Firmware::SecureBoot(generation) => format!("secure-boot-{}", generation.year()),
    }
}

fn shown_firmware(firmware: Firmware) -> String {
    match firmware {
        Firmware::Bios => "BIOS".to_owned(),
        Firmware::Uefi(architecture) => format!("UEFI {architecture}"),
        Firmware::SecureBoot(generation) => format!("Secure Boot, CAs of {}", generation.year()),
    }
}

fn boots_word(boots: Boots) -> &'static str {
    match boots {
        Boots::Yes => "yes",
        Boots::No => "no",
        Boots::Unknown => "unknown",
    }
}

fn kind_word(kind: MediumKind) -> &'static str {
    match kind {
        MediumKind::Iso => "iso",
        MediumKind::Fat32 => "fat32",
        MediumKind::Wim => "wim",
        MediumKind::Folder => "folder",
    }
}

fn document(diagnosis: &Diagnosis) -> Value {
    let firmware = |verdict: &FirmwareVerdict| {
        json!({
            "name": firmware_name(verdict.firmware),
            "boots": boots_word(verdict.boots),
            "why": verdict.why,
        })
    };
    let media = diagnosis.media.as_ref().map(|media| {
        json!({
            "type": media.manifest.media_type,
            "label": media.manifest.label,
            "set": media.manifest.set,
            "disc": media.manifest.disc,
            "discs": media.manifest.discs,
            "valid_from": media.manifest.valid_from,
            "valid_until": media.manifest.valid_until,
            "password_required": media.password_required,
        })
    });
    let wim_image = diagnosis.wim_image.as_ref().map(|image| {
        json!({
            "index": image.index,
            "count": image.count,
            "name": image.name,
            "marked_to_start": image.is_marked,
        })
    });
    json!({
        "path": diagnosis.path,
        "kind": kind_word(diagnosis.kind),
        "tsmedia": media,
        "firmware": diagnosis.firmware.iter().map(firmware).collect::<Vec<_>>(),
        "loaders": diagnosis.loaders.iter().map(loader_json).collect::<Vec<_>>(),
        "el_torito": diagnosis.el_torito.iter().map(boot_image_json).collect::<Vec<_>>(),
        "bcd": diagnosis.bcd.iter().map(bcd_json).collect::<Vec<_>>(),
        "volume": diagnosis.volume.as_ref().map(volume_json),
        "second_partition": diagnosis.second.as_ref().map(|second| {
            json!({ "label": second.label, "bytes": second.bytes })
        }),
        "wim_image": wim_image,
        "findings": problems_json(&diagnosis.findings),
    })
}

fn loader_json(loader: &Loader) -> Value {
    let program = loader.program.as_ref();
    let signatures = program.iter().flat_map(|program| &program.signatures);
    json!({
        "path": loader.path,
        "el_torito_entry": match loader.place {
            LoaderPlace::Tree => None,
            LoaderPlace::ElTorito(number) => Some(number),
        },
        "architecture": program.ok().map(|program| program.architecture.to_string()),
        "efi_application": program.ok().map(|program| program.is_efi_application),
        "shim": program.ok().map(|program| program.vendor.is_some()),
        "unreadable": program.err(),
        "signatures": signatures.map(signature_json).collect::<Vec<_>>(),
    })
}

fn signature_json(signature: &Result<Signature, SignatureError>) -> Value {
    let signature = match signature {
        Ok(signature) => signature,
        Err(error) => return json!({ "unreadable": error.to_string() }),
    };
    json!({
        "ca": signature.ca.to_string(),
        "ca_generation": signature.ca.generation().map(|generation| generation.year()),
        "ca_certificate_present": signature.has_ca_certificate,
        "subject": signature.subject,
        "issuers": signature.issuers,
        "not_after": signature.not_after.map(|moment| moment.to_string()),
        "digest_matches": signature.digest_matches,
        "signature_holds": match signature.holds {
            Verdict::Right => Some(true),
            Verdict::Wrong => Some(false),
            Verdict::Unknown => None,
        },
    })
}

fn platform_word(platform: Platform) -> String {
    match platform {
        Platform::Bios => "bios".to_owned(),
        Platform::Uefi => "uefi".to_owned(),
        Platform::Other(number) => format!("platform {number:#04x}"),
    }
}

fn boot_image_json(image: &BootImage) -> Value {
    json!({
        "number": image.number,
        "platform": platform_word(image.platform),
        "bootable": image.is_bootable,
        "emulation": image.emulation,
        "sectors": image.sectors,
        "offset": image.offset,
        "partition": image.is_partition,
        "problem": image.problem,
    })
}

fn bcd_json(store: &BcdReport) -> Value {
    let entries = store.entries.iter().map(|entry| {
        json!({
            "id": entry.loader.id,
            "description": entry.loader.description,
            "default": entry.loader.is_default,
            "winpe": entry.loader.is_winpe,
            "path": entry.loader.path,
            "wim": entry.wim,
            "wim_exists": entry.wim.as_ref().map(|_| entry.wim_exists),
            "sdi": entry.loader.sdi_path,
        })
    });
    json!({
        "path": store.path,
        "entries": entries.collect::<Vec<_>>(),
        "problem": store.obstacle.as_ref().map(|obstacle| &obstacle.reason),
    })
}

fn volume_json(volume: &StickVolume) -> Value {
    json!({
        "label": volume.label,
        "bytes": volume.bytes,
        "cluster_bytes": volume.cluster_bytes,
        "clusters": volume.clusters,
        "boot_code": match volume.boot_code {
            BootCode::None => "none",
            BootCode::Grub => "grub",
            BootCode::GrubWithoutCore => "grub-without-core",
            BootCode::NoActivePartition => "no-active-partition",
            BootCode::WindowsBootManager => "bootmgr",
            BootCode::NotBootable => "not-bootable",
            BootCode::Unknown => "unknown",
        },
    })
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut text = format!("{}: {}\n", diagnosis.path.display(), what_it_is(diagnosis));
    for verdict in &diagnosis.firmware {
        let (name, boots) = (shown_firmware(verdict.firmware), boots_word(verdict.boots));
        text += &format!("  {name:<24} {boots:<8} {}\n", verdict.why);
    }
    for image in &diagnosis.el_torito {
        text += &format!("  El Torito {}\n", boot_image_text(image));
    }
    for loader in &diagnosis.loaders {
        text += &format!("  {}: {}\n", loader.shown_path(), loader_text(loader));
    }
    for store in &diagnosis.bcd {
        for entry in &store.entries {
            let wim = entry.wim.as_deref().map(|wim| format!(" in {wim}")).unwrap_or_default();
            let path = entry.loader.path.as_deref().unwrap_or("nothing");
            text += &format!("  {}: {} starts {path}{wim}\n", store.path, entry.loader.id);
        }
    }
    for problem in &diagnosis.findings {
        text += &format!("{problem}\n");
    }
    text
}

fn what_it_is(diagnosis: &Diagnosis) -> String {
    let mut parts = vec![match diagnosis.kind {
        MediumKind::Iso => "ISO image".to_owned(),
        MediumKind::Fat32 => "FAT32 image".to_owned(),
        MediumKind::Wim => "WIM".to_owned(),
        MediumKind::Folder => "folder".to_owned(),
    }];
    if let Some(image) = &diagnosis.wim_image {
        let marked = if image.is_marked { ", marked to be started" } else { "" };
        parts.push(format!("image {} of {}{marked}", image.index, image.count));
    }
    if let Some(volume) = &diagnosis.volume {
        let clusters = count(volume.clusters.into(), "cluster");
        parts.push(format!(
            "{} in {clusters} of {} bytes",
            size(volume.bytes),
            volume.cluster_bytes
        ));
    }
    if let Some(second) = &diagnosis.second {
        parts.push(format!("{} of exFAT on a second partition", size(second.bytes)));
    }
    if let Some(media) = &diagnosis.media {
        let manifest = &media.manifest;
        let (disc, discs) = (manifest.disc, manifest.discs);
        let kind = &manifest.media_type;
        parts.push(format!("{kind} media \"{}\", disc {disc} of {discs}", manifest.label));
        if let Some(required) = media.password_required {
            parts.push(if required { "with a password" } else { "without a password" }.to_owned());
        }
        if let Some(until) = &manifest.valid_until {
            parts.push(format!("valid until {until}"));
        }
    }
    parts.join(", ")
}

fn boot_image_text(image: &BootImage) -> String {
    let emulation = match image.emulation {
        0 => "no emulation".to_owned(),
        1..=3 => "as a floppy disk".to_owned(),
        4 => "as a hard disk".to_owned(),
        other => format!("emulation {other}"),
    };
    let bootable = if image.is_bootable { "" } else { ", not to be started" };
    let partition = if image.is_partition { ", also a partition" } else { "" };
    format!(
        "entry {}: {}, {emulation}, {} at byte {}{bootable}{partition}",
        image.number,
        platform_word(image.platform),
        count(image.sectors.into(), "sector"),
        image.offset,
    )
}

fn loader_text(loader: &Loader) -> String {
    let program = match &loader.program {
        Ok(program) => program,
        Err(reason) => return reason.clone(),
    };
    let shim = if program.vendor.is_some() { " shim" } else { "" };
    if program.signatures.is_empty() {
        return format!("{}{shim}, not signed", program.architecture);
    }
    let signed = |signature: &Result<Signature, SignatureError>| match signature {
        Ok(signature) if signature.is_sound() => signature.ca.to_string(),
        Ok(signature) => format!("{} (does not hold)", signature.ca),
        Err(_) => "a signature that cannot be read".to_owned(),
    };
    let signed: Vec<String> = program.signatures.iter().map(signed).collect();
    format!("{}{shim}, signed by {}", program.architecture, signed.join(" and by "))
}
