//! What only this computer knows: its identity, its files, and where content lies.

use std::cell::RefCell;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use tasksequence::run::{Answer, ComputerFact, Facts, FileFact};

use crate::contents::Contents;
use crate::kernel_text::text_in;
use crate::objects::Objects;

/// The facts of a Linux computer. It has no registry, no WMI and no Windows Installer: what is
/// asked of those is unknown, so that the step that asks fails and says so.
pub struct LinuxFacts {
    sys: PathBuf,
    proc: PathBuf,
}

impl Default for LinuxFacts {
    fn default() -> Self {
        Self { sys: "/sys".into(), proc: "/proc".into() }
    }
}

impl LinuxFacts {
    /// Says which computer it is, as its firmware and its network say.
    pub fn computer(&self) -> ComputerFact {
        let firmware =
            |name: &str| text_in(&self.sys.join("class/dmi/id").join(name)).unwrap_or_default();
        ComputerFact {
            make: firmware("sys_vendor"),
            model: firmware("product_name"),
            serial_number: firmware("product_serial"),
            asset_tag: firmware("chassis_asset_tag"),
            uuid: firmware("product_uuid").to_uppercase(),
            mac_addresses: self.mac_addresses(),
            ip_addresses: local_addresses(
                &text_in(&self.proc.join("net/fib_trie")).unwrap_or_default(),
            ),
            default_gateways: gateways(&text_in(&self.proc.join("net/route")).unwrap_or_default()),
        }
    }

    /// Whether the computer was started by UEFI firmware.
    pub fn is_uefi(&self) -> bool {
        self.sys.join("firmware/efi").exists()
    }

    fn mac_addresses(&self) -> Vec<String> {
        let folder = self.sys.join("class/net");
        let mut names: Vec<_> = fs::read_dir(&folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        names.sort();
        let addresses = names
            .iter()
            .map(|path| text_in(&path.join("address")).unwrap_or_default().to_uppercase());
        addresses.filter(|it| !it.is_empty() && it != "00:00:00:00:00:00").collect()
    }
}

/// The addresses of this computer in `/proc/net/fib_trie`: the line above `/32 host LOCAL`.
fn local_addresses(trie: &str) -> Vec<String> {
    let lines: Vec<&str> = trie.lines().map(str::trim).collect();
    let mut found: Vec<String> = Vec::new();
    for pair in lines.windows(2).filter(|pair| pair[1] == "/32 host LOCAL") {
        let address = pair[0].trim_start_matches("|-- ");
        if !address.starts_with("127.") && !found.iter().any(|known| known == address) {
            found.push(address.to_owned());
        }
    }
    found
}

/// The gateways of default routes in `/proc/net/route`, whose numbers are in the processor's order.
fn gateways(routes: &str) -> Vec<String> {
    let gateway = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (destination, gateway) = (fields.next()?, fields.next()?);
        let gateway = u32::from_str_radix(gateway, 16).ok()?;
        (destination == "00000000" && gateway != 0)
            .then(|| Ipv4Addr::from(gateway.to_le_bytes()).to_string())
    };
    routes.lines().skip(1).filter_map(gateway).collect()
}

/// A path of Windows is none here, and nobody can say what it would have meant.
fn fact(path: &str, wanted: fn(&fs::Metadata) -> bool) -> Answer<Option<FileFact>> {
    if !path.starts_with('/') {
        return Answer::Unknown;
    }
    match fs::metadata(path) {
        Ok(found) if wanted(&found) => {
            Answer::Known(Some(FileFact { version: None, modified_seconds: found.mtime() }))
        }
        Ok(_) => Answer::Known(None),
        Err(error) => match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Answer::Known(None),
            _ => Answer::Unknown,
        },
    }
}

/// What a run knows: the computer, and where its contents lie.
pub(crate) struct RunFacts<'a> {
    pub linux: &'a LinuxFacts,
    pub contents: RefCell<&'a mut Contents>,
    pub objects: &'a Objects,
}

impl Facts for RunFacts<'_> {
    fn file(&self, path: &str) -> Answer<Option<FileFact>> {
        fact(path, fs::Metadata::is_file)
    }

    fn folder(&self, path: &str) -> Answer<Option<FileFact>> {
        fact(path, fs::Metadata::is_dir)
    }

    fn computer(&self) -> Answer<ComputerFact> {
        Answer::Known(self.linux.computer())
    }

    fn system_variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn discs_of(&self, id: &str) -> Vec<u32> {
        let mut contents = self.contents.borrow_mut();
        let mut discs: Vec<u32> = self
            .objects
            .contents_of(id)
            .iter()
            .flat_map(|content| contents.discs_of(content.as_str()))
            .collect();
        discs.sort_unstable();
        discs.dedup();
        discs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_gateways_are_read_as_the_kernel_writes_them() {
        let trie = "Main:\n  +-- 10.0.2.0/24 2 0 2\n     |-- 10.0.2.15\n        /32 host LOCAL\n  \
                    |-- 127.0.0.1\n        /32 host LOCAL\nLocal:\n     |-- 10.0.2.15\n        \
                    /32 host LOCAL\n";
        assert_eq!(local_addresses(trie), ["10.0.2.15"]);
        let routes = "Iface\tDestination\tGateway\tFlags\n\
                      eth0\t00000000\t0202000A\t0003\neth0\t0002000A\t00000000\t0001\n";
        assert_eq!(gateways(routes), ["10.0.2.2"]);
        assert!(gateways("").is_empty() && local_addresses("").is_empty());
    }

    #[test]
    fn files_and_folders_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert!(matches!(fact(path, fs::Metadata::is_dir), Answer::Known(Some(_))));
        assert!(matches!(fact(path, fs::Metadata::is_file), Answer::Known(None)));
        let missing = format!("{path}/missing/deeper");
        assert!(matches!(fact(&missing, fs::Metadata::is_file), Answer::Known(None)));
        assert!(matches!(fact("C:\\Windows", fs::Metadata::is_dir), Answer::Unknown));
    }
}
