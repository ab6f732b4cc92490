use super::*;
use crate::doctor::made_up::pe::{ARM64, X64, application, image, shim};
use crate::doctor::windows::BcdReport;

fn loader(path: &str, place: LoaderPlace, bytes: &[u8]) -> Loader {
    let program = Program::parse(bytes).map_err(|error| error.to_string());
    Loader { path: path.to_owned(), place, program }
}

fn in_tree(path: &str, bytes: &[u8]) -> Loader {
    loader(path, LoaderPlace::Tree, bytes)
}

fn stick(boot_code: BootCode) -> StickVolume {
    StickVolume { label: String::new(), bytes: 0, cluster_bytes: 4096, clusters: 0, boot_code }
}

fn entry(number: usize, platform: Platform) -> BootImage {
    BootImage {
        number,
        platform,
        is_bootable: true,
        emulation: 0,
        sectors: 4,
        offset: 2048,
        is_partition: false,
        problem: None,
    }
}

/// What is said of BIOS, UEFI x64 and Secure Boot with the authorities of 2011.
fn said(medium: Medium<'_>, loaders: &[Loader], windows: &Windows) -> [(Boots, String); 3] {
    let facts = Facts { medium, loaders, windows };
    let verdicts = facts.verdicts();
    let wanted = [
        Firmware::Bios,
        Firmware::Uefi(Architecture::X64),
        Firmware::SecureBoot(Generation::Of2011),
    ];
    wanted.map(|firmware| {
        let verdict = verdicts.iter().find(|verdict| verdict.firmware == firmware).unwrap();
        (verdict.boots, verdict.why.clone())
    })
}

fn boots(medium: Medium<'_>, loaders: &[Loader], windows: &Windows) -> [Boots; 3] {
    said(medium, loaders, windows).map(|(boots, _)| boots)
}

const TREE: Medium<'_> = Medium::Tree { bios: None };

#[test]
fn an_unsigned_loader_starts_without_secure_boot_only() {
    let loaders = [in_tree("efi/boot/bootx64.efi", &application(X64))];
    let said = said(TREE, &loaders, &Windows::default());
    assert_eq!([said[0].0, said[1].0, said[2].0], [Boots::No, Boots::Yes, Boots::No]);
    assert!(said[2].1.contains("not signed"), "{}", said[2].1);
}

#[test]
fn a_loader_must_be_what_firmware_of_its_name_takes() {
    let cases = [application(ARM64), image(X64, 11, &[]), b"MZ, and nothing else".to_vec()];
    for bytes in cases {
        let loaders = [in_tree("EFI/BOOT/BOOTX64.EFI", &bytes)];
        assert_eq!(boots(TREE, &loaders, &Windows::default()), [Boots::No; 3]);
    }
}

#[test]
fn a_shim_needs_what_it_starts_in_its_own_folder() {
    let shim = in_tree("EFI/BOOT/BOOTX64.EFI", &shim(X64, b"0"));
    let elsewhere = in_tree("EFI/debian/grubx64.efi", &application(X64));
    let said = said(TREE, &[shim.clone(), elsewhere], &Windows::default());
    assert_eq!(said[1].0, Boots::No);
    assert!(said[1].1.contains("the shim finds no `grubx64.efi`"), "{}", said[1].1);
    let beside = in_tree("EFI/BOOT/GRUBX64.EFI", &application(X64));
    assert_eq!(boots(TREE, &[shim, beside], &Windows::default())[1], Boots::Yes);
}

#[test]
fn on_a_disc_a_loader_must_lie_behind_el_torito() {
    let images = [entry(1, Platform::Bios), entry(2, Platform::Uefi)];
    let medium = Medium::Disc { images: &images, has_mbr_code: false };
    let tree = in_tree("EFI/BOOT/BOOTX64.EFI", &application(X64));
    let windows = Windows::default();
    assert_eq!(boots(medium, &[], &windows)[..2], [Boots::Yes, Boots::No]);
    assert_eq!(boots(medium, std::slice::from_ref(&tree), &windows)[1], Boots::Unknown);
    let behind = loader("EFI/BOOT/BOOTX64.EFI", LoaderPlace::ElTorito(2), &application(X64));
    assert_eq!(boots(medium, &[tree, behind], &windows)[1], Boots::Yes);
    let broken = |platform| BootImage { problem: Some("empty".to_owned()), ..entry(1, platform) };
    let unread = [broken(Platform::Uefi)];
    let medium = Medium::Disc { images: &unread, has_mbr_code: false };
    assert_eq!(boots(medium, &[], &windows)[1], Boots::Unknown);
    let broken = [broken(Platform::Bios)];
    let medium = Medium::Disc { images: &broken, has_mbr_code: true };
    assert_eq!(boots(medium, &[], &windows)[0], Boots::No);
    let medium = Medium::Disc { images: &[], has_mbr_code: true };
    assert_eq!(boots(medium, &[], &windows)[0], Boots::Unknown);
}

#[test]
fn boot_sectors_of_sticks_are_told_apart() {
    let cases = [
        (BootCode::Grub, Boots::Yes),
        (BootCode::WindowsBootManager, Boots::Yes),
        (BootCode::None, Boots::No),
        (BootCode::GrubWithoutCore, Boots::No),
        (BootCode::NoActivePartition, Boots::No),
        (BootCode::NotBootable, Boots::No),
        (BootCode::Unknown, Boots::Unknown),
    ];
    for (code, expected) in cases {
        let volume = stick(code);
        let found = boots(Medium::Stick(&volume), &[], &Windows::default());
        assert_eq!(found[0], expected, "{code:?}");
    }
}

#[test]
fn what_the_boot_manager_of_windows_lacks_keeps_the_medium_from_starting() {
    let loaders = [in_tree("EFI/BOOT/BOOTX64.EFI", &application(X64))];
    let store = |obstacle| BcdReport { path: "BCD".to_owned(), entries: Vec::new(), obstacle };
    let obstacle = |is_certain| Some(Obstacle { is_certain, reason: "no WIM".to_owned() });
    let cases = [
        (None, Boots::No),
        (Some(store(None)), Boots::Yes),
        (Some(store(obstacle(true))), Boots::No),
        (Some(store(obstacle(false))), Boots::Unknown),
    ];
    for (uefi, expected) in cases {
        let windows = Windows { for_uefi: true, uefi, ..Windows::default() };
        assert_eq!(boots(TREE, &loaders, &windows)[1], expected);
    }
}

#[test]
fn a_wim_is_started_by_a_boot_manager_if_it_is_marked_and_has_a_loader() {
    let winload = in_tree("Windows/System32/boot/winload.efi", &application(X64));
    let medium = |is_marked| Medium::RamDisk { is_marked, has_bios_loader: true };
    let windows = Windows::default();
    let loaders = [winload];
    assert_eq!(boots(medium(true), &loaders, &windows), [Boots::Yes, Boots::Yes, Boots::Unknown]);
    assert_eq!(boots(medium(false), &loaders, &windows)[..2], [Boots::No, Boots::No]);
    let manager = in_tree("Windows/Boot/EFI/bootmgfw.efi", &application(X64));
    assert_eq!(boots(medium(true), &[manager], &windows)[1..], [Boots::No, Boots::No]);
}
