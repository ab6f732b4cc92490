//! The certificate by which media make themselves known to a management point.
//!
//! A self-signed one is made once and kept beside the site, so that media that are built again have
//! the same bytes.

use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
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
    is_kept: bool,
}

impl fmt::Debug for MediaCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaCertificate({}, {})", self.subject, self.fingerprint)
    }
}

/// The moments that dates are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// The time of the media: when a self-signed certificate begins to count whose definition says
    /// no start.
    pub created: Timestamp,
    /// The present.
    pub now: Timestamp,
}

/// Reads the certificate of a definition. A self-signed one that is not there is made, and lies in
/// memory alone until [`MediaCertificate::keep`]: planning writes nothing.
///
/// `password` is that of the file; paths are relative to `site`.
pub fn load(
    definition: &Certificate,
    password: Option<&Password>,
    site: &Path,
    moments: Moments,
) -> Result<MediaCertificate, Error> {
    let path = site.join(&definition.file);
    let password = Zeroizing::new(password.map_or("", Password::expose).to_owned());
    let CertificateKind::SelfSigned { valid_from, valid_until } = definition.kind else {
        return open(read(&path)?, path, password);
    };
    match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let from = valid_from.unwrap_or(moments.created);
            let usual = from.max(moments.now).checked_add(ONE_YEAR).unwrap_or(Timestamp::MAX);
            let until = valid_until.unwrap_or(usual);
            if until <= from.max(moments.now) {
                let message = format!(
                    "is not there, and a certificate from {from} until {until} could not be used; \
                     set a later valid-until"
                );
                return Err(Error::Input { path, message });
            }
            let pfx = self_signed(&path, from, until, &password)?;
            Ok(MediaCertificate { is_kept: false, ..open(pfx, path, password)? })
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
    /// Puts a certificate that was made into its file, which nobody else may read, unless that has
    /// been done. Before media are planned with it, [`refresh`](Self::refresh) it.
    pub fn keep(&self) -> Result<(), Error> {
        if self.is_kept { Ok(()) } else { keep(&self.path, &self.pfx) }
    }

    /// Takes the certificate that another definition has put into the file meanwhile.
    pub fn refresh(&mut self) -> Result<(), Error> {
        if !self.is_kept && self.path.exists() {
            *self = open(read(&self.path)?, self.path.clone(), self.password.clone())?;
        }
        Ok(())
    }

    /// What is wrong with it for these media, at this moment.
    pub fn problems(&self, definition: &MediaDefinition, now: Timestamp) -> Vec<Problem> {
        let mut problems = self.date_problems(definition);
        let file = self.path.display();
        if self.not_before > now {
            let message = format!("the certificate in `{file}` begins on {}", self.not_before);
            problems.push(
                Problem::warning("certificate-not-yet-valid", message)
                    .remedy("nothing to do if the media are not used before"),
            );
        }
        if self.not_after <= now {
            let message = format!("the certificate in `{file}` ended on {}", self.not_after);
            problems.push(
                Problem::error("certificate-expired", ProblemClass::Definition, message)
                    .remedy("get a new one; a self-signed one is made anew once its file is gone"),
            );
        }
        if definition.security.password.is_none() {
            let message = "the media hold a certificate's private key, and the password of its \
                           file, where everybody can read them";
            let remedy = "give [security] a password-file or password-command";
            // Somebody else vouches for a PKI certificate, and has protected it.
            let is_pki = definition.security.certificate.as_ref();
            let is_pki = is_pki.is_some_and(|known| known.kind == CertificateKind::Pki);
            let rule = "certificate-unprotected";
            let problem = match is_pki {
                true => Problem::error(rule, ProblemClass::Definition, message),
                false => Problem::warning(rule, message),
            };
            problems.push(problem.remedy(remedy));
        }
        problems
    }

    /// The dates that the definition says and the file, which was there before, does not have.
    fn date_problems(&self, definition: &MediaDefinition) -> Vec<Problem> {
        let kind = definition.security.certificate.as_ref().map(|known| known.kind);
        let Some(CertificateKind::SelfSigned { valid_from, valid_until }) = kind else {
            return Vec::new();
        };
        let pairs = [
            ("valid-from", valid_from, self.not_before),
            ("valid-until", valid_until, self.not_after),
        ];
        let differ = |(key, said, found): (&str, Option<Timestamp>, Timestamp)| {
            let said = said.filter(|said| said.as_second() != found.as_second())?;
            let file = self.path.display();
            let message = format!("{key} is {said}, the certificate in `{file}` has {found}");
            let remedy = "remove the file, and the next build makes another one";
            Some(Problem::warning("certificate-dates", message).remedy(remedy))
        };
        pairs.into_iter().filter_map(differ).collect()
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
        is_kept: true,
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

/// Keeps a new file that nobody else may read, whole or not at all. One that another run made
/// meanwhile is left alone, and this run fails.
fn keep(path: &Path, pfx: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).at("create", folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).at("create a file in", folder)?;
    file.write_all(pfx).and_then(|()| file.as_file().sync_all()).at("write", path)?;
    file.persist_noclobber(path).map_err(|error| error.error).at("create", path)?;
    File::open(folder).and_then(|folder| folder.sync_all()).at("make durable", folder)
}

#[cfg(test)]
mod tests;
