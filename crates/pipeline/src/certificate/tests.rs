use std::process::Command;

use content::PasswordSource;

use super::*;

fn definition(kind: CertificateKind, password: Option<&str>) -> Certificate {
    let password = password.map(|text| PasswordSource::Command(format!("echo {text}")));
    Certificate { kind, file: "secrets/media.pfx".into(), password }
}

const SELF_SIGNED: CertificateKind =
    CertificateKind::SelfSigned { valid_from: None, valid_until: None };

/// Loads as the command line does, with the password that the definition names.
fn load(definition: &Certificate, site: &Path, created: &str) -> Result<MediaCertificate, Error> {
    let read = |source| Password::read(source, site).unwrap();
    let password = definition.password.as_ref().map(read);
    let moments = Moments { created: moment(created), now: moment("2026-11-20T00:00:00Z") };
    super::load(definition, password.as_ref(), site, moments)
}

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
    let created = "2026-11-01T12:00:00Z";
    let mut other = load(&definition, site.path(), created).unwrap();
    let made = load(&definition, site.path(), created).unwrap();
    assert!(!site.path().join("secrets").exists(), "loading keeps nothing");
    assert_ne!(made.fingerprint, other.fingerprint);
    assert_eq!(made.not_before, moment(created));
    assert_eq!(made.not_after, moment("2027-11-20T00:00:00Z"));
    made.keep().unwrap();
    // Another one for the same file finds it there.
    assert!(matches!(other.keep(), Err(Error::Io { .. })));
    other.refresh().unwrap();
    other.keep().unwrap();
    assert_eq!(other.fingerprint, made.fingerprint);
    let again = load(&definition, site.path(), "2027-01-01T00:00:00Z").unwrap();
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
        super::tests::load(&definition, site.path(), "1970-01-01T00:00:00Z")
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
    let load = || load(&definition, site.path(), "1970-01-01T00:00:00Z").unwrap_err();
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
    let certificate = load(&definition, site.path(), "2026-11-01T00:00:00Z").unwrap();
    let text = "[media]\ntype = \"bootable\"\nboot-image = \"P0100001\"\n[output]\npath = \"a.iso\"\n\
                [network]\nmanagement-points = [\"http://mp\"]\n";
    let (media, _) = MediaDefinition::parse(text).unwrap();
    let rules = |now| -> Vec<&str> {
        certificate.problems(&media, moment(now)).iter().map(|problem| problem.rule).collect()
    };
    assert_eq!(rules("2026-12-01T00:00:00Z"), ["certificate-unprotected"]);
    assert_eq!(rules("2028-06-01T00:00:00Z"), ["certificate-expired", "certificate-unprotected"]);
    let early = ["certificate-not-yet-valid", "certificate-unprotected"];
    assert_eq!(rules("2026-10-01T00:00:00Z"), early);
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

#[test]
fn a_certificate_that_could_not_be_used_is_not_made() {
    let site = tempfile::tempdir().unwrap();
    let kind = CertificateKind::SelfSigned {
        valid_from: None,
        valid_until: Some(moment("2026-01-01T00:00:00Z")),
    };
    let error = load(&definition(kind, None), site.path(), "2025-01-01T00:00:00Z").unwrap_err();
    assert!(error.to_string().contains("valid-until"), "{error}");
    // However old the media's own time is, one without dates can be used for a year.
    let made = load(&definition(SELF_SIGNED, None), site.path(), "1990-01-01T00:00:00Z").unwrap();
    assert_eq!(made.not_after, moment("2027-11-20T00:00:00Z"));
}
