//! The certificate by which media make themselves known to a management point.
//!
//! A self-signed one is made once and kept beside the site, so that media that are built again have
//! the same bytes.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use content::{Certificate, CertificateKind, Digest, MediaDefinition, Problem, ProblemClass};
use jiff::{SignedDuration, Timestamp};
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy, PrivateKey, PrivateKeyChain};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer, Pem, X509Certificate};
use zeroize::Zeroizing;

use crate::password::Password;
use crate::{Error, IoContext};

/// How long a self-signed certificate counts whose definition says no end.
const ONE_YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// The largest file that is taken for a certificate, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// A certificate with its private key, as media hold it.
pub struct MediaCertificate {
    /// The PKCS #12 file (RFC 7292), as it is.
    pub pfx: Vec<u8>,
    /// The password of that file; may be empty.
    pub password: Zeroizing<String>,
    /// Whom it names.
    pub subject: String,
    /// The SHA-256 of the certificate's DER form.
    pub fingerprint: Digest,
    /// When it begins to count.
    pub not_before: Timestamp,
    /// When it ends to count.
    pub not_after: Timestamp,
    path: PathBuf,
}

impl fmt::Debug for MediaCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaCertificate({}, {})", self.subject, self.fingerprint)
    }
}

/// What to do about a self-signed certificate that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAbsent {
    /// Make it and keep it.
    Make,
    /// Make one that is not kept: its size is what a plan has to know.
    Imagine,
}

/// Reads the certificate of a definition, or makes it.
///
/// `created` is when a self-signed certificate begins to count whose definition says no start.
/// Paths are relative to `site`.
pub fn load(
    definition: &Certificate,
    site: &Path,
    created: Timestamp,
    when_absent: WhenAbsent,
) -> Result<MediaCertificate, Error> {
    let path = site.join(&definition.file);
    let password = match &definition.password {
        Some(source) => Zeroizing::new(Password::read(source, site)?.expose().to_owned()),
        None => Zeroizing::default(),
    };
    let CertificateKind::SelfSigned { valid_from, valid_until } = definition.kind else {
        return open(read(&path)?, path, password);
    };
    match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let from = valid_from.unwrap_or(created);
            let until = match valid_until {
                Some(until) => until,
                None => from.checked_add(ONE_YEAR).unwrap_or(Timestamp::MAX),
            };
            let pfx = self_signed(&path, from, until, &password)?;
            if when_absent == WhenAbsent::Make {
                keep(&path, &pfx)?;
            }
            open(pfx, path, password)
        }
        _ => open(read(&path)?, path, password),
    }
}

/// Reads files of certificates, in PEM or DER form, and returns each certificate's DER form.
pub fn roots(files: &[PathBuf], site: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let mut certificates = Vec::new();
    for file in files {
        let path = site.join(file);
        let bytes = read(&path)?;
        let wrong =
            |message: &str| Error::Input { path: path.clone(), message: message.to_owned() };
        let before = certificates.len();
        if X509Certificate::from_der(&bytes).is_ok() {
            certificates.push(bytes);
            continue;
        }
        for pem in Pem::iter_from_buffer(&bytes) {
            let pem = pem.map_err(|_| wrong("is neither PEM nor a certificate in DER form"))?;
            if pem.parse_x509().is_err() {
                return Err(wrong("holds something else than certificates"));
            }
            certificates.push(pem.contents);
        }
        if certificates.len() == before {
            return Err(wrong("holds no certificate; give a file in PEM or DER form"));
        }
    }
    Ok(certificates)
}

impl MediaCertificate {
    /// What is wrong with it for these media, at this moment.
    pub fn problems(&self, definition: &MediaDefinition, now: Timestamp) -> Vec<Problem> {
        let mut problems = Vec::new();
        let file = self.path.display();
        if self.not_after <= now {
            let message = format!("the certificate in `{file}` ended on {}", self.not_after);
            problems.push(
                Problem::error("certificate-expired", ProblemClass::Definition, message)
                    .remedy("get a new one; a self-signed one is made anew once its file is gone"),
            );
        }
        if definition.security.password.is_none() {
            let message = "the media hold a certificate's private key that no password protects";
            problems.push(
                Problem::warning("certificate-unprotected", message)
                    .remedy("give [security] a password-file or password-command"),
            );
        }
        problems
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let len = fs::metadata(path).at("read", path)?.len();
    if len > FILE_MAX {
        let message = format!("has {len} bytes, which is no file of a certificate");
        return Err(Error::Input { path: path.to_owned(), message });
    }
    fs::read(path).at("read", path)
}

fn open(
    pfx: Vec<u8>,
    path: PathBuf,
    password: Zeroizing<String>,
) -> Result<MediaCertificate, Error> {
    use p12_keystore::error::Error as PfxError;
    let wrong = |message: String| Error::Input { path: path.clone(), message };
    let store = KeyStore::from_pkcs12(&pfx, &password, Pkcs12ImportPolicy::Relaxed);
    let store = store.map_err(|error| match error {
        PfxError::MacError(_) | PfxError::UnpadError | PfxError::Pkcs5Error(_) => {
            Error::Password(format!("the password of `{}` is wrong", path.display()))
        }
        other => wrong(format!("is no PKCS #12 file that can be read: {other}")),
    })?;
    let Some((_, chain)) = store.private_key_chain() else {
        return Err(wrong("holds no private key; export it together with its key".to_owned()));
    };
    let Some(certificate) = chain.certs().first() else {
        return Err(wrong("holds a private key, but no certificate for it".to_owned()));
    };
    let der = certificate.as_der();
    let (_, parsed) = X509Certificate::from_der(der)
        .map_err(|error| wrong(format!("holds a certificate that cannot be read: {error}")))?;
    let moment = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    Ok(MediaCertificate {
        subject: parsed.subject().to_string(),
        fingerprint: Digest(Sha256::digest(der).into()),
        not_before: moment(parsed.validity().not_before.timestamp()),
        not_after: moment(parsed.validity().not_after.timestamp()),
        pfx,
        password,
        path,
    })
}

/// Makes a key and a certificate for it.
fn self_signed(
    path: &Path,
    from: Timestamp,
    until: Timestamp,
    password: &str,
) -> Result<Vec<u8>, Error> {
    let failed = |why: String| Error::Input {
        path: path.to_owned(),
        message: format!("the certificate cannot be made: {why}"),
    };
    let epoch = date_time_ymd(1970, 1, 1);
    let moment =
        |time: Timestamp| epoch + std::time::Duration::from_secs(time.as_second().max(0) as u64);
    let mut params = CertificateParams::default();
    params.not_before = moment(from);
    params.not_after = moment(until);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "tsmedia task sequence media");
    let key = KeyPair::generate().map_err(|error| failed(error.to_string()))?;
    let certificate = params.self_signed(&key).map_err(|error| failed(error.to_string()))?;
    let pfx_failed = |error: p12_keystore::error::Error| failed(error.to_string());
    let certificate = p12_keystore::Certificate::from_der(certificate.der()).map_err(pfx_failed)?;
    let private = PrivateKey::from_der(&key.serialize_der()).map_err(pfx_failed)?;
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new("media", private, [certificate]);
    store.add_entry("media", KeyStoreEntry::PrivateKeyChain(chain));
    store.writer(password).write().map_err(pfx_failed)
}

/// Keeps a new file that nobody else may read. One that somebody made meanwhile is left alone.
fn keep(path: &Path, pfx: &[u8]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).at("create", folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).at("create", path)?;
    file.write_all(pfx).and_then(|()| file.sync_all()).at("write", path)
}

#[cfg(test)]
mod tests;
