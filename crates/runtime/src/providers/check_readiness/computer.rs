use std::fs;
use std::path::{Path, PathBuf};

use super::Asked;
use crate::disk;
use crate::kernel_text::text_in;
use crate::provider::StepFailure;
use crate::system::System;
use crate::volume::VolumeRole;

/// The memory that the computer has, in MiB. What the kernel keeps for itself counts too.
pub(super) fn memory_mebibytes(asked: &Asked<'_>) -> Result<Option<u64>, StepFailure> {
    let text = fs::read_to_string(asked.system.proc.join("meminfo")).unwrap_or_default();
    let usable = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let usable = usable.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    Ok([usable.map(|kibibytes| kibibytes >> 10), plugged_mebibytes(asked.system)]
        .into_iter()
        .flatten()
        .max())
}

/// The memory by the blocks in which the kernel manages it.
fn plugged_mebibytes(system: &System) -> Option<u64> {
    let folder = system.folders.sys.join("devices/system/memory");
    let size = text_in(&folder.join("block_size_bytes"))?;
    let size = u64::from_str_radix(&size, 16).ok()?;
    let is_block = |name: &str| {
        let number = name.strip_prefix("memory");
        number.is_some_and(|it| !it.is_empty() && it.bytes().all(|c| c.is_ascii_digit()))
    };
    let blocks = names_in(&folder).iter().filter(|name| is_block(name)).count() as u64;
    size.checked_mul(blocks).map(|bytes| bytes >> 20)
}

/// The speed of the fastest processor in MHz.
pub(super) fn megahertz(system: &System) -> Option<u64> {
    let path = system.folders.sys.join("devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    let stated = text_in(&path).and_then(|text| text.parse::<u64>().ok());
    let text = fs::read_to_string(system.proc.join("cpuinfo")).unwrap_or_default();
    let now = text.lines().filter(|line| line.starts_with("cpu MHz"));
    let now = now.filter_map(|line| line.split_once(':')?.1.trim().parse::<f64>().ok());
    stated.map(|kilohertz| kilohertz / 1000).into_iter().chain(now.map(|it| it as u64)).max()
}

/// The room that an image could have in MiB: what is free on a volume of the run, or else all of
/// the largest disk, as it can be partitioned.
pub(super) fn disk_mebibytes(asked: &Asked<'_>) -> Result<Option<u64>, StepFailure> {
    let data = asked.host.volumes().0.iter().filter(|it| it.role == VolumeRole::Data);
    let free = data.filter_map(|volume| {
        let facts = rustix::fs::statvfs(volume.mount.as_ref()?).ok()?;
        Some(facts.f_bavail.saturating_mul(facts.f_frsize) >> 20)
    });
    if let Some(free) = free.max() {
        return Ok(Some(free));
    }
    let disks = disk::disks(&asked.system.folders, asked.host.media_device())
        .map_err(|error| StepFailure::because(&error))?;
    Ok(disks.iter().map(|disk| disk.bytes >> 20).max())
}

/// Whether the computer is not on battery: mains power is plugged in, or there is no battery.
pub(super) fn is_on_mains(system: &System) -> bool {
    let folder = system.folders.sys.join("class/power_supply");
    let supplies: Vec<PathBuf> = names_in(&folder).iter().map(|name| folder.join(name)).collect();
    let of_type = |kind: &'static str| {
        move |it: &&PathBuf| text_in(&it.join("type")).is_some_and(|text| text == kind)
    };
    let is_online = |it: &PathBuf| text_in(&it.join("online")).is_some_and(|text| text == "1");
    let mut mains = supplies.iter().filter(of_type("Mains")).peekable();
    if mains.peek().is_some() {
        return mains.any(is_online);
    }
    let discharges =
        |it: &PathBuf| text_in(&it.join("status")).is_some_and(|text| text == "Discharging");
    !supplies.iter().filter(of_type("Battery")).any(discharges)
}

/// Whether a network card has a link; a wired one, if that is asked for.
pub(super) fn has_network(system: &System, wired: bool) -> bool {
    let folder = system.folders.sys.join("class/net");
    names_in(&folder).iter().map(|name| folder.join(name)).any(|card| {
        // 1 is Ethernet, to which cards without wires belong too (ARPHRD_ETHER); the loopback
        // device is of another type.
        let is_card = text_in(&card.join("type")).is_some_and(|text| text == "1");
        let has_link = text_in(&card.join("carrier")).is_some_and(|text| text == "1");
        let is_wireless = card.join("wireless").exists() || card.join("phy80211").exists();
        is_card && has_link && !(wired && is_wireless)
    })
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
