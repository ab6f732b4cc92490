//! Stores of boot configuration data as those of Windows PE media are.

use super::hive::{BINARY, DWORD, Key, MULTI_SZ, SZ, hive, text};

pub const BOOT_MANAGER: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
pub const LOADER: &str = "{7619dcc9-fafe-11d9-b411-000476eba25f}";
pub const RAM_DISK: &str = "{7619dcc8-fafe-11d9-b411-000476eba25f}";

/// The GUID of the RAM disk's options as devices have it.
const RAM_DISK_BYTES: [u8; 16] = [
    0xC8, 0xDC, 0x19, 0x76, 0xFE, 0xFA, 0xD9, 0x11, 0xB4, 0x11, 0x00, 0x04, 0x76, 0xEB, 0xA2, 0x5F,
];

/// The device `boot`, without the GUID before it: kind 5, 72 bytes.
pub fn boot_device() -> Vec<u8> {
    device(5)
}

/// A partition, by zeros instead of GUIDs.
pub fn partition() -> Vec<u8> {
    device(6)
}

fn device(kind: u32) -> Vec<u8> {
    let mut device = Vec::new();
    for word in [kind, 0, 72, 0] {
        device.extend_from_slice(&u32::to_le_bytes(word));
    }
    device.resize(72, 0);
    device
}

/// What `ramdisk=[parent]path,{ramdiskoptions}` becomes.
pub fn ram_disk(parent: &[u8], path: &str) -> Vec<u8> {
    let mut file = Vec::new();
    let path = text(path);
    for word in [1, (12 + parent.len() + path.len()) as u32, 5] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(parent);
    file.extend_from_slice(&path);
    let mut element = RAM_DISK_BYTES.to_vec();
    for word in [0, 1, (40 + file.len()) as u32, 0, 3, 0, 0, 0, 0, 0] {
        element.extend_from_slice(&word.to_le_bytes());
    }
    element.extend_from_slice(&file);
    element
}

/// An object of a store.
pub fn object(id: &str, kind: u32, elements: Vec<(&str, u32, Vec<u8>)>) -> Key {
    let mut below = Key::new("Elements");
    for (number, kind, data) in elements {
        below = below.key(Key::new(number).value("Element", kind, data));
    }
    let description = Key::new("Description").value("Type", DWORD, kind.to_le_bytes());
    Key::new(id).key(description).key(below)
}

/// A store of these objects.
pub fn store(objects: Vec<Key>) -> Vec<u8> {
    let description = Key::new("Description").value("KeyName", SZ, text("BCD00000000"));
    let objects = Key { keys: objects, ..Key::new("Objects") };
    hive(&Key::new("NewStoreRoot").key(description).key(objects))
}

pub fn boot_manager() -> Key {
    let mut order = text(LOADER);
    order.extend_from_slice(&[0, 0]);
    let elements = vec![("23000003", SZ, text(LOADER)), ("24000001", MULTI_SZ, order)];
    object(BOOT_MANAGER, 0x1010_0002, elements)
}

pub fn ram_disk_options(sdi: &str) -> Key {
    let mut device = vec![0; 16];
    device.extend(boot_device());
    object(RAM_DISK, 0x3000_0000, vec![("31000003", BINARY, device), ("32000004", SZ, text(sdi))])
}

/// The boot loader with this device and path.
pub fn loader(device: Vec<u8>, path: &str) -> Key {
    let elements = vec![
        ("11000001", BINARY, device.clone()),
        ("12000002", SZ, text(path)),
        ("12000004", SZ, text("Windows PE")),
        ("21000001", BINARY, device),
        ("22000002", SZ, text("\\windows")),
        ("26000022", BINARY, vec![1]),
    ];
    object(LOADER, 0x1020_0003, elements)
}

/// The store of Windows PE media: `\sources\boot.wim` in a RAM disk. `extension` is that of the
/// loader: `exe` for a BIOS, `efi` for UEFI.
pub fn winpe(wim: &str, extension: &str) -> Vec<u8> {
    let path = format!("\\windows\\system32\\boot\\winload.{extension}");
    let loader = loader(ram_disk(&boot_device(), wim), &path);
    store(vec![boot_manager(), loader, ram_disk_options("\\boot\\boot.sdi")])
}
