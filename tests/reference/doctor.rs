//! The boot programs that Debian ships, judged by `tsmedia doctor` as sbverify judges them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::made_up::pe::{X64, application};
use crate::site::tool;

const TSMEDIA: &str = env!("CARGO_BIN_EXE_tsmedia");

/// Unpacks the newest cached package of this name.
fn unpack(package: &str, folder: &Path) {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let cache = cache.join("tsmedia/deb");
    let entries = fs::read_dir(&cache).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mine = |path: &PathBuf| {
        path.file_name().unwrap().to_string_lossy().starts_with(&format!("{package}_"))
    };
    let newest =
        entries.filter(mine).max_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    let deb = newest.unwrap_or_else(|| {
        panic!("no {package} in {}; run: tools/fetch-deb {package}", cache.display())
    });
    tool("dpkg", &["-x", deb.to_str().unwrap(), "."], folder);
}

/// What a signature says: its issuer, and the names in its certificates.
#[derive(Debug, PartialEq, Eq)]
struct Signed {
    issuer: String,
    subject: String,
}

fn common_name(line: &str) -> String {
    line.rsplit_once("/CN=").unwrap_or_else(|| panic!("a common name: {line}")).1.trim().to_owned()
}

/// What `sbverify --list` says of a file: of each signature the issuer, and the first of the
/// certificates, which is the signer's.
fn by_sbverify(file: &Path, folder: &Path) -> Vec<Signed> {
    let text = tool("sbverify", &["--list", file.to_str().unwrap()], folder);
    let mut found = Vec::new();
    let (mut issuer, mut wants_subject) = (None, false);
    for line in text.lines() {
        if line.starts_with(" - /") {
            (issuer, wants_subject) = (Some(common_name(line)), true);
        } else if line.starts_with(" - subject:") && wants_subject {
            let issuer = issuer.take().unwrap();
            found.push(Signed { issuer, subject: common_name(line) });
            wants_subject = false;
        }
    }
    assert_eq!(found.len(), text.matches("image signature issuers").count(), "{text}");
    found
}

fn doctor(medium: &str, folder: &Path) -> Value {
    let output =
        Command::new(TSMEDIA).args(["doctor", "--json", medium]).current_dir(folder).output();
    let document: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    document["media"][0].clone()
}

fn boots<'d>(medium: &'d Value, firmware: &str) -> &'d str {
    let all = medium["firmware"].as_array().unwrap();
    all.iter().find(|verdict| verdict["name"] == firmware).unwrap()["boots"].as_str().unwrap()
}

/// What doctor says of the boot programs of a medium, by their paths.
fn by_doctor<'d>(medium: &'d Value, path: &str) -> &'d Value {
    let loaders = medium["loaders"].as_array().unwrap();
    loaders.iter().find(|loader| loader["path"] == path).unwrap()
}

fn signed(loader: &Value) -> Vec<Signed> {
    let signatures = loader["signatures"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    signatures
        .iter()
        .map(|s| Signed { issuer: text(&s["issuers"][0]), subject: text(&s["subject"]) })
        .collect()
}

fn holds(loader: &Value) -> bool {
    let signatures = loader["signatures"].as_array().unwrap();
    !signatures.is_empty()
        && signatures.iter().all(|s| s["digest_matches"] == true && s["signature_holds"] == true)
}

/// Debian's shim and GRUB as a boot tree in `tree`.
fn debian_tree(folder: &Path) {
    for package in ["shim-signed", "grub-efi-amd64-signed"] {
        unpack(package, folder);
    }
    let boot = folder.join("tree/EFI/BOOT");
    fs::create_dir_all(&boot).unwrap();
    let copy = |from: &str, to: &str| fs::copy(folder.join(from), boot.join(to)).unwrap();
    copy("usr/lib/shim/shimx64.efi.signed", "BOOTX64.EFI");
    copy("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", "grubx64.efi");
    copy("usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed", "gcdx64.efi");
}

#[test]
fn sbverify_agrees_on_the_signed_boot_programs_of_debian() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    debian_tree(folder);
    let medium = doctor("tree", folder);
    for path in ["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "EFI/BOOT/gcdx64.efi"] {
        let loader = by_doctor(&medium, path);
        assert_eq!(signed(loader), by_sbverify(&folder.join("tree").join(path), folder), "{path}");
        assert!(holds(loader), "{path}: {loader:#}");
        assert_eq!(loader["architecture"], "x64");
    }
    let shim = by_doctor(&medium, "EFI/BOOT/BOOTX64.EFI");
    let authorities: Vec<&Value> =
        shim["signatures"].as_array().unwrap().iter().map(|s| &s["ca_generation"]).collect();
    assert_eq!(shim["shim"], true);
    // Older shims have one signature only, so what is expected follows from what is there.
    for (year, firmware) in [(2011, "secure-boot-2011"), (2023, "secure-boot-2023")] {
        let expected = if authorities.contains(&&year.into()) { "yes" } else { "no" };
        assert_eq!(boots(&medium, firmware), expected, "{shim:#}");
    }
    assert!(!authorities.is_empty() && authorities.iter().all(|year| !year.is_null()));
    assert_eq!(boots(&medium, "uefi-x64"), "yes");
}

#[test]
fn a_changed_byte_of_a_signed_boot_program_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    debian_tree(folder);
    let path = folder.join("tree/EFI/BOOT/BOOTX64.EFI");
    let sound = fs::read(&path).unwrap();
    for at in [0x1000, sound.len() / 2] {
        let mut changed = sound.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let medium = doctor("tree", folder);
        let rules = medium["findings"].as_array().unwrap().iter().map(|finding| &finding["rule"]);
        assert!(rules.into_iter().any(|rule| rule == "loader-tampered"), "{at}: {medium:#}");
        for firmware in ["secure-boot-2011", "secure-boot-2023"] {
            assert_eq!(boots(&medium, firmware), "no");
        }
    }
}

#[test]
fn a_shim_does_not_trust_what_another_signed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    debian_tree(folder);
    own_key(folder, "own");
    fs::write(folder.join("tree/EFI/BOOT/grubx64.efi"), application(X64)).unwrap();
    sign(folder, "tree/EFI/BOOT/grubx64.efi", "own");
    let medium = doctor("tree", folder);
    assert!(holds(by_doctor(&medium, "EFI/BOOT/grubx64.efi")));
    assert_eq!((boots(&medium, "uefi-x64"), boots(&medium, "secure-boot-2011")), ("yes", "no"));
    fs::remove_file(folder.join("tree/EFI/BOOT/grubx64.efi")).unwrap();
    assert_eq!(boots(&doctor("tree", folder), "uefi-x64"), "no");
}

#[test]
fn sbverify_agrees_on_files_that_were_signed_twice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("tree/EFI/BOOT")).unwrap();
    let path = "tree/EFI/BOOT/BOOTX64.EFI";
    fs::write(folder.join(path), application(X64)).unwrap();
    for name in ["one", "two"] {
        own_key(folder, name);
        sign(folder, path, name);
        let cert = format!("{name}.pem");
        tool("sbverify", &["--cert", &cert, path], folder);
    }
    let medium = doctor("tree", folder);
    let loader = by_doctor(&medium, "EFI/BOOT/BOOTX64.EFI");
    let found = signed(loader);
    assert_eq!((found.len(), &found), (2, &by_sbverify(&folder.join(path), folder)));
    assert!(holds(loader), "{loader:#}");
}

#[test]
fn osslsigncode_agrees_on_nested_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("tree/EFI/BOOT")).unwrap();
    fs::write(folder.join("plain"), application(X64)).unwrap();
    let path = "tree/EFI/BOOT/BOOTX64.EFI";
    for (name, from, to, nest) in
        [("one", "plain", "once", None), ("two", "once", path, Some("-nest"))]
    {
        own_key(folder, name);
        let (key, cert) = (format!("{name}.key"), format!("{name}.pem"));
        let args = ["sign", "-h", "sha256", "-certs", &cert, "-key", &key, "-in", from, "-out", to];
        let args: Vec<&str> = args.into_iter().chain(nest).collect();
        tool("osslsigncode", &args, folder);
    }
    let medium = doctor("tree", folder);
    let loader = by_doctor(&medium, "EFI/BOOT/BOOTX64.EFI");
    let subjects: Vec<String> = signed(loader).into_iter().map(|s| s.subject).collect();
    assert_eq!(subjects, ["one", "two"]);
    assert!(holds(loader), "{loader:#}");
    // Its exit code says that the certificates are made up.
    let output = Command::new("osslsigncode").args(["verify", path]).current_dir(folder).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    assert_eq!(text.matches("Signature Index:").count(), 2, "{text}");
}

fn own_key(folder: &Path, name: &str) {
    let (key, cert, subject) =
        (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
    let args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365"];
    tool(
        "openssl",
        &[&args[..], &["-subj", &subject, "-keyout", &key, "-out", &cert]].concat(),
        folder,
    );
}

fn sign(folder: &Path, path: &str, name: &str) {
    let (key, cert) = (format!("{name}.key"), format!("{name}.pem"));
    tool("sbsign", &["--key", &key, "--cert", &cert, "--output", path, path], folder);
}
