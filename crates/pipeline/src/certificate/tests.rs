use std::process::Command;

use content::PasswordSource;

use super::*;

fn definition(kind: CertificateKind, password: Option<&str>) -> Certificate {
    let password = password.map(|text| PasswordSource::Command(format!("echo {text}")));
    Certificate { kind, file: "secrets/media.pfx".into(), password }
}

const SELF_SIGNED: CertificateKind =
    CertificateKind::SelfSigned { valid_from: None, valid_until: None };

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_self_signed_certificate_is_made_once_and_read_by_openssl() {
    let site = tempfile::tempdir().unwrap();
    let definition = definition(SELF_SIGNED, Some("hush"));
    let created = moment("2026-11-01T12:00:00Z");
    let imagined = load(&definition, site.path(), created, WhenAbsent::Imagine).unwrap();
    assert!(!site.path().join("secrets").exists());
    let made = load(&definition, site.path(), created, WhenAbsent::Make).unwrap();
    assert_ne!(made.fingerprint, imagined.fingerprint);
    assert_eq!(made.not_before, created);
    assert_eq!(made.not_after, moment("2027-11-01T12:00:00Z"));
    let later = moment("2027-01-01T00:00:00Z");
    let again = load(&definition, site.path(), later, WhenAbsent::Make).unwrap();
    assert_eq!((again.fingerprint, &again.pfx), (made.fingerprint, &made.pfx));

    let text = openssl(
        site.path(),
        &["pkcs12", "-in", "secrets/media.pfx", "-passin", "pass:hush", "-nodes"],
    );
    assert!(text.contains("BEGIN PRIVATE KEY") && text.contains("BEGIN CERTIFICATE"), "{text}");
    fs::write(site.path().join("media.pem"), &text).unwrap();
    let dates = openssl(site.path(), &["x509", "-in", "media.pem", "-noout", "-dates", "-subject"]);
    assert!(dates.contains("notBefore=Nov  1 12:00:00 2026 GMT"), "{dates}");
    assert!(dates.contains("tsmedia task sequence media"), "{dates}");
}

/// A certificate as an authority would hand it out, made by openssl.
fn pki(folder: &Path, days: &str) {
    fs::create_dir_all(folder.join("secrets")).unwrap();
    let subject = "/CN=media.example.org";
    openssl(
        folder,
        &[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
            "cert.pem", "-subj", subject, "-days", days,
        ],
    );
    openssl(
        folder,
        &[
            "pkcs12",
            "-export",
            "-inkey",
            "key.pem",
            "-in",
            "cert.pem",
            "-out",
            "secrets/media.pfx",
            "-passout",
            "pass:hush",
        ],
    );
}

#[test]
fn a_pki_certificate_is_taken_as_it_is_and_its_password_must_be_right() {
    let site = tempfile::tempdir().unwrap();
    pki(site.path(), "30");
    let load = |password| {
        let definition = definition(CertificateKind::Pki, password);
        super::load(&definition, site.path(), Timestamp::UNIX_EPOCH, WhenAbsent::Make)
    };
    let certificate = load(Some("hush")).unwrap();
    assert_eq!(certificate.pfx, fs::read(site.path().join("secrets/media.pfx")).unwrap());
    assert!(certificate.subject.contains("media.example.org"));
    for password in [Some("loud"), None] {
        let error = load(password).unwrap_err();
        assert!(matches!(&error, Error::Password(text) if text.contains("media.pfx")), "{error}");
    }
}

#[test]
fn a_file_without_a_key_and_one_that_is_no_pfx_are_refused() {
    let site = tempfile::tempdir().unwrap();
    pki(site.path(), "30");
    openssl(
        site.path(),
        &[
            "pkcs12",
            "-export",
            "-nokeys",
            "-in",
            "cert.pem",
            "-out",
            "secrets/media.pfx",
            "-passout",
            "pass:hush",
        ],
    );
    let definition = definition(CertificateKind::Pki, Some("hush"));
    let load = || {
        super::load(&definition, site.path(), Timestamp::UNIX_EPOCH, WhenAbsent::Make).unwrap_err()
    };
    let error = load();
    assert!(error.to_string().contains("no private key"), "{error}");
    for bytes in [&b"no pfx at all"[..], b"", &[0x30; 40], &[0xff; 3000]] {
        fs::write(site.path().join("secrets/media.pfx"), bytes).unwrap();
        let error = load();
        assert!(matches!(error, Error::Input { .. }), "{error}");
    }
}

#[test]
fn an_expired_certificate_and_an_unprotected_key_are_problems() {
    let site = tempfile::tempdir().unwrap();
    let definition = definition(SELF_SIGNED, None);
    let created = moment("2020-01-01T00:00:00Z");
    let certificate = load(&definition, site.path(), created, WhenAbsent::Imagine).unwrap();
    let text = "[media]\ntype = \"bootable\"\nboot-image = \"P0100001\"\n[output]\npath = \"a.iso\"\n\
                [network]\nmanagement-points = [\"http://mp\"]\n";
    let (media, _) = MediaDefinition::parse(text).unwrap();
    let rules = |now| -> Vec<&str> {
        certificate.problems(&media, moment(now)).iter().map(|problem| problem.rule).collect()
    };
    assert_eq!(rules("2020-06-01T00:00:00Z"), ["certificate-unprotected"]);
    assert_eq!(rules("2021-06-01T00:00:00Z"), ["certificate-expired", "certificate-unprotected"]);
}

#[test]
fn roots_are_read_from_pem_and_der() {
    let site = tempfile::tempdir().unwrap();
    pki(site.path(), "30");
    openssl(site.path(), &["x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der"]);
    let pem = fs::read_to_string(site.path().join("cert.pem")).unwrap();
    fs::write(site.path().join("two.pem"), pem.repeat(2)).unwrap();
    let der = fs::read(site.path().join("cert.der")).unwrap();
    let files = ["two.pem".into(), "cert.der".into()];
    assert_eq!(roots(&files, site.path()).unwrap(), [der.clone(), der.clone(), der]);
    for (name, bytes) in [("empty", &b""[..]), ("key.pem", b""), ("text", b"hello")] {
        if name != "key.pem" {
            fs::write(site.path().join(name), bytes).unwrap();
        }
        let error = roots(&[name.into()], site.path()).unwrap_err();
        assert!(matches!(error, Error::Input { .. }), "{name}: {error}");
    }
}
