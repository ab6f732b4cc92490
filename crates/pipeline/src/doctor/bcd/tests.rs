use std::path::Path;
use std::process::Command;

use super::*;
use crate::doctor::made_up::bcd::{
    LOADER, RAM_DISK, boot_device, boot_manager, loader, object, partition, ram_disk,
    ram_disk_options, store, winpe,
};
use crate::doctor::made_up::hive::{SZ, hive, seal, text};

const WINLOAD: &str = "\\windows\\system32\\boot\\winload.efi";

fn only(bytes: &[u8]) -> BcdLoader {
    let store = BcdStore::parse(bytes).unwrap();
    let [loader] = &store.loaders[..] else { panic!("{store:?}") };
    loader.clone()
}

#[test]
fn the_loader_of_windows_pe_is_read_with_its_ram_disk() {
    let loader = only(&winpe("\\sources\\boot.wim", "efi"));
    assert_eq!((&*loader.id, loader.description.as_deref()), (LOADER, Some("Windows PE")));
    assert_eq!(loader.path.as_deref(), Some(WINLOAD));
    assert_eq!(loader.sdi_path.as_deref(), Some("\\boot\\boot.sdi"));
    assert!(loader.is_default && loader.is_offered && loader.is_winpe);
    let Some(Ok(Device::RamDisk { parent, path, options })) = loader.device else {
        panic!("{:?}", loader.device)
    };
    assert_eq!((*parent, &*path, &*options), (Device::Boot, "\\sources\\boot.wim", RAM_DISK));
}

/// The lengths that a store of Windows has for `ramdisk=[boot]\Boot\boot.wim`: 154 bytes from the
/// device on, 114 of them for the path with its device.
#[test]
fn a_made_up_device_has_the_lengths_that_windows_writes() {
    let element = ram_disk(&boot_device(), "\\Boot\\boot.wim");
    assert_eq!((element.len(), element[24], element[60]), (170, 154, 114));
}

#[test]
fn devices_of_other_kinds_are_told_apart() {
    let device =
        |device: Vec<u8>| only(&store(vec![boot_manager(), loader(device, WINLOAD)])).device;
    let bare = |device: Vec<u8>| [vec![0; 16], device].concat();
    assert_eq!(device(bare(boot_device())), Some(Ok(Device::Boot)));
    assert_eq!(device(bare(partition())), Some(Ok(Device::Partition)));
    let on_disk = device(ram_disk(&partition(), "\\boot.wim"));
    let Some(Ok(Device::RamDisk { parent, .. })) = on_disk else { panic!("{on_disk:?}") };
    assert_eq!(*parent, Device::Partition);
    let element = ram_disk(&boot_device(), "\\boot.wim");
    for len in 0..element.len() - 1 {
        assert!(matches!(device(element[..len].to_vec()), Some(Err(_)) | None), "{len} bytes");
    }
}

#[test]
fn the_default_entry_comes_first_and_what_no_menu_has_is_offered_by_none() {
    let other = |id| object(id, 0x1020_0003, vec![("12000002", SZ, text(WINLOAD))]);
    let first = "{00000000-0000-0000-0000-000000000001}";
    let pe = loader(ram_disk(&boot_device(), "\\b.wim"), WINLOAD);
    let bytes = store(vec![other(first), boot_manager(), pe, ram_disk_options("\\boot.sdi")]);
    let store = BcdStore::parse(&bytes).unwrap();
    let ids: Vec<(&str, bool)> =
        store.loaders.iter().map(|loader| (&*loader.id, loader.is_offered)).collect();
    assert_eq!(ids, [(LOADER, true), (first, false)]);
}

#[test]
fn a_hive_of_something_else_and_a_damaged_one_are_refused() {
    let root = crate::doctor::made_up::hive::Key::new("ROOT");
    assert_eq!(BcdStore::parse(&hive(&root)), Err(BcdError::NotBcd));
    let mut bytes = winpe("\\sources\\boot.wim", "efi");
    bytes[40] ^= 1;
    assert!(matches!(BcdStore::parse(&bytes), Err(BcdError::Hive(HiveError::Checksum { .. }))));
    for bytes in [&b""[..], b"regf", b"MSWIM\0\0\0"] {
        assert!(matches!(BcdStore::parse(bytes), Err(BcdError::Hive(HiveError::NotHive(_)))));
    }
}

/// Whatever byte is changed, reading ends with an answer.
#[test]
fn no_changed_byte_makes_a_store_unanswerable() {
    let sound = winpe("\\sources\\boot.wim", "efi");
    let used = sound.iter().rposition(|byte| *byte != 0).unwrap();
    for at in 0..=used {
        for mask in [0x01, 0x80, 0xFF] {
            let mut bytes = sound.clone();
            bytes[at] ^= mask;
            seal(&mut bytes);
            let _ = BcdStore::parse(&bytes);
        }
    }
}

/// hivex, which others made, finds in a made-up hive what was put there.
#[test]
fn a_made_up_hive_is_read_alike_by_hivex() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("BCD");
    std::fs::write(&path, winpe("\\sources\\boot.wim", "efi")).unwrap();
    let get = |key: &str| hivexget(&path, key);
    let elements = format!("\\Objects\\{LOADER}\\Elements");
    assert_eq!(get(&format!("{elements}\\12000002")), WINLOAD);
    assert_eq!(get(&format!("\\Objects\\{RAM_DISK}\\Elements\\32000004")), "\\boot\\boot.sdi");
}

fn hivexget(hive: &Path, key: &str) -> String {
    let output = Command::new("hivexget").arg(hive).args([key, "Element"]).output();
    let output = output.expect("hivexget runs: apt-get install libhivex-bin");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
