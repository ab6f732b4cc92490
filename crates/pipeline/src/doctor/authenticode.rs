//! Authenticode signatures of PE images: who signed, who vouches for the signer, and whether what
//! was signed is what is there.
//!
//! Sources: "Windows Authenticode Portable Executable Signature Format" (2008), RFC 2315 (PKCS #7)
//! and RFC 5652 (CMS), X.509. An image may have several signatures: as entries of its certificate
//! table, as `sbsign` writes them, or nested in each other, as `signtool /as` does.

mod verify;

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode, Sequence, SliceReader};
use jiff::Timestamp;
use spki::AlgorithmIdentifierOwned;
use thiserror::Error;
use x509_cert::Certificate;
use x509_cert::name::Name;

use super::ca::Ca;
use super::pe::{PeError, PeImage, WinCertificate};
use verify::Hash;
pub use verify::Verdict;

/// id-signedData (RFC 5652 §5.1).
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// SPC_INDIRECT_DATA_OBJID.
const INDIRECT_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");
/// The attribute with further signatures (szOID_NESTED_SIGNATURE).
const NESTED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.4.1");
/// id-messageDigest (RFC 5652 §11.2).
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// WIN_CERT_TYPE_PKCS_SIGNED_DATA.
const PKCS_SIGNED_DATA: u16 = 2;

/// More signatures than any loader has, and certificates in a chain.
const SIGNATURES_MAX: usize = 32;
const CHAIN_MAX: usize = 8;

/// Bytes of an entry of the table: real ones have some ten thousand.
const SIGNATURE_BYTES_MAX: usize = 1 << 20;

/// A signature of a PE image.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Who vouches for the signer.
    pub ca: Ca,
    /// Whether the certificate of that authority is in the signature. Without it the authority is
    /// known by its name alone.
    pub has_ca_certificate: bool,
    /// The common name of the signer.
    pub subject: String,
    /// The common names of those who issued the certificates, from the signer's own upwards.
    pub issuers: Vec<String>,
    /// The end of the signer's certificate. Firmware does not look at it.
    pub not_after: Option<Timestamp>,
    /// Whether the image has the digest that was signed.
    pub digest_matches: bool,
    /// Whether the signature and the certificates in it hold.
    pub holds: Verdict,
    signer: Certificate,
}

/// Why a signature cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The image's own structures are wrong.
    #[error("the image {0}")]
    Image(#[from] PeError),
    /// The entry of the table is no PKCS #7.
    #[error("a certificate of kind {kind:#06x} is no Authenticode signature")]
    Kind {
        /// wCertificateType.
        kind: u16,
    },
    /// The signature is no PKCS #7 SignedData as Authenticode has it.
    #[error("the signature is no sound Authenticode: {0}")]
    Malformed(String),
    /// The certificate of the signer is not there.
    #[error("the certificate of the signer is not in the signature")]
    NoSigner,
    /// There are more than are read.
    #[error("there are more than {SIGNATURES_MAX} signatures")]
    TooMany,
}

impl From<der::Error> for SignatureError {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// SpcIndirectDataContent, what Authenticode signs.
#[derive(Sequence)]
struct IndirectData {
    data: Any,
    message_digest: DigestInfo,
}

/// DigestInfo (RFC 2315 §9.4).
#[derive(Sequence)]
struct DigestInfo {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

/// All signatures of an image, those that are nested behind the one that holds them.
pub fn signatures(image: &PeImage<'_>) -> Vec<Result<Signature, SignatureError>> {
    let mut found = Vec::new();
    for entry in image.certificates() {
        match entry.map_err(SignatureError::from).and_then(signed_data) {
            Ok(data) => add(image, data, &mut found),
            Err(error) => found.push(Err(error)),
        }
    }
    found
}

fn signed_data(entry: WinCertificate<'_>) -> Result<SignedData, SignatureError> {
    if entry.kind != PKCS_SIGNED_DATA {
        return Err(SignatureError::Kind { kind: entry.kind });
    }
    if entry.data.len() > SIGNATURE_BYTES_MAX {
        let text = format!("it has {} bytes", entry.data.len());
        return Err(SignatureError::Malformed(text));
    }
    // Zeros follow up to the next multiple of eight bytes.
    let info = ContentInfo::decode(&mut SliceReader::new(entry.data)?)?;
    signed_data_of(&info)
}

fn signed_data_of(info: &ContentInfo) -> Result<SignedData, SignatureError> {
    if info.content_type != SIGNED_DATA {
        let text = format!("it is {} instead of SignedData", info.content_type);
        return Err(SignatureError::Malformed(text));
    }
    Ok(info.content.decode_as()?)
}

/// Adds the signatures of a SignedData and of those nested in it. A list instead of a call for
/// each: nesting is as deep as a file says.
fn add(image: &PeImage<'_>, data: SignedData, found: &mut Vec<Result<Signature, SignatureError>>) {
    let mut waiting = vec![data];
    while let Some(data) = waiting.pop() {
        for signer in data.signer_infos.0.iter() {
            if found.len() == SIGNATURES_MAX {
                found.push(Err(SignatureError::TooMany));
                return;
            }
            found.push(signature(image, &data, signer));
            match nested(signer) {
                Ok(nested) => waiting.extend(nested),
                Err(error) => found.push(Err(error)),
            }
        }
    }
}

fn nested(signer: &SignerInfo) -> Result<Vec<SignedData>, SignatureError> {
    let attributes = signer.unsigned_attrs.iter().flat_map(|attributes| attributes.iter());
    let values = attributes.filter(|a| a.oid == NESTED).flat_map(|a| a.values.iter());
    values.map(|value| signed_data_of(&value.decode_as::<ContentInfo>()?)).collect()
}

fn signature(
    image: &PeImage<'_>,
    data: &SignedData,
    info: &SignerInfo,
) -> Result<Signature, SignatureError> {
    let content = &data.encap_content_info;
    if content.econtent_type != INDIRECT_DATA {
        let text = format!("it signs {} instead of a PE image", content.econtent_type);
        return Err(SignatureError::Malformed(text));
    }
    let missing = || SignatureError::Malformed("it signs nothing".to_owned());
    let content = content.econtent.as_ref().ok_or_else(missing)?;
    let indirect: IndirectData = content.decode_as()?;
    let certificates = certificates(data);
    let signer = certificates.iter().find(|certificate| is_of(&info.sid, certificate));
    let signer = (*signer.ok_or(SignatureError::NoSigner)?).clone();
    let chain = chain(&signer, &certificates);
    let (ca, has_ca_certificate) = authority(&signer, &chain);
    // An authority at the top issued its certificate itself.
    let above = chain.iter().copied().filter(|link| !is_self_issued(link));
    let links = std::iter::once(&signer).chain(above);
    let issuers: Vec<String> =
        links.map(|link| common_name(link.tbs_certificate().issuer())).collect();
    Ok(Signature {
        ca,
        has_ca_certificate,
        subject: common_name(signer.tbs_certificate().subject()),
        issuers,
        not_after: end_of(&signer),
        digest_matches: digest_matches(image, &indirect.message_digest)?,
        holds: holds(info, content.value(), &signer, &chain),
        signer,
    })
}

fn certificates(data: &SignedData) -> Vec<&Certificate> {
    let all = data.certificates.iter().flat_map(|set| set.0.iter());
    all.filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate),
        CertificateChoices::Other(_) => None,
    })
    .collect()
}

fn is_of(id: &SignerIdentifier, certificate: &Certificate) -> bool {
    let certificate = certificate.tbs_certificate();
    match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *certificate.issuer() && id.serial_number == *certificate.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            let own = certificate.get_extension::<x509_cert::ext::pkix::SubjectKeyIdentifier>();
            matches!(own, Ok(Some((_, own))) if own == *id)
        }
    }
}

/// The certificates above a signer's, as far as they are there; the issuer's first.
fn chain<'c>(signer: &Certificate, certificates: &[&'c Certificate]) -> Vec<&'c Certificate> {
    let mut chain: Vec<&Certificate> = Vec::new();
    while chain.len() < CHAIN_MAX {
        let last = chain.last().copied().unwrap_or(signer);
        if is_self_issued(last) {
            break;
        }
        let last = last.tbs_certificate();
        let issuer = certificates.iter().find(|c| c.tbs_certificate().subject() == last.issuer());
        let Some(issuer) = issuer else { break };
        chain.push(issuer);
    }
    chain
}

/// Who vouches for the signer: the first in its chain that is known, else its issuer.
fn authority(signer: &Certificate, chain: &[&Certificate]) -> (Ca, bool) {
    let of = |certificate: &Certificate| {
        let certificate = certificate.tbs_certificate();
        let key = certificate.subject_public_key_info().to_der().unwrap_or_default();
        Ca::of(&common_name(certificate.subject()), Some(&key))
    };
    let known = chain.iter().map(|link| of(link)).find(|ca| ca.generation().is_some());
    if let Some(ca) = known.or_else(|| chain.first().map(|issuer| of(issuer))) {
        return (ca, true);
    }
    match is_self_issued(signer) {
        true => (of(signer), true),
        false => (Ca::of(&common_name(signer.tbs_certificate().issuer()), None), false),
    }
}

fn is_self_issued(certificate: &Certificate) -> bool {
    let certificate = certificate.tbs_certificate();
    certificate.issuer() == certificate.subject()
}

/// The common name, or the whole name of what has none.
fn common_name(name: &Name) -> String {
    match name.common_name() {
        Ok(Some(common)) => common.value().into_owned(),
        _ => name.to_string(),
    }
}

fn end_of(certificate: &Certificate) -> Option<Timestamp> {
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}

fn digest_matches(image: &PeImage<'_>, signed: &DigestInfo) -> Result<bool, SignatureError> {
    let Some(hash) = Hash::of(&signed.algorithm.oid) else {
        let text = format!("its digest is of the unknown kind {}", signed.algorithm.oid);
        return Err(SignatureError::Malformed(text));
    };
    Ok(hash.digest(image.hashed()?) == signed.digest.as_bytes())
}

/// Whether the signer signed this content, and the issuers the certificates below theirs.
fn holds(
    info: &SignerInfo,
    content: &[u8],
    signer: &Certificate,
    chain: &[&Certificate],
) -> Verdict {
    let below = std::iter::once(signer).chain(chain.iter().copied());
    let links = below.zip(chain).map(|(certificate, issuer)| issued(certificate, issuer));
    links.fold(signed(info, content, signer), Verdict::and)
}

fn signed(info: &SignerInfo, content: &[u8], signer: &Certificate) -> Verdict {
    let Some(hash) = Hash::of(&info.digest_alg.oid) else { return Verdict::Unknown };
    let key = signer.tbs_certificate().subject_public_key_info();
    let signature = info.signature.as_bytes();
    let algorithm = &info.signature_algorithm.oid;
    let Some(attributes) = &info.signed_attrs else {
        return verify::verify(key, algorithm, hash, content, signature);
    };
    // The digest of the content is among the attributes, and they are what is signed.
    let mut stated = attributes.iter().filter(|attribute| attribute.oid == MESSAGE_DIGEST);
    let stated = stated.next().and_then(|attribute| attribute.values.iter().next());
    let stated = stated.and_then(|value| value.decode_as::<OctetString>().ok());
    if stated.is_none_or(|stated| stated.as_bytes() != hash.digest([content])) {
        return Verdict::Wrong;
    }
    match attributes.to_der() {
        Ok(message) => verify::verify(key, algorithm, hash, &message, signature),
        Err(_) => Verdict::Wrong,
    }
}

fn issued(certificate: &Certificate, issuer: &Certificate) -> Verdict {
    let algorithm = &certificate.signature_algorithm().oid;
    let (Ok(message), Some(signature)) =
        (certificate.tbs_certificate().to_der(), certificate.signature().as_bytes())
    else {
        return Verdict::Wrong;
    };
    let key = issuer.tbs_certificate().subject_public_key_info();
    verify::verify(key, algorithm, Hash::Sha256, &message, signature)
}

impl Signature {
    /// Whether firmware that trusts this authority would start the image: all is as it was signed.
    pub fn is_sound(&self) -> bool {
        self.digest_matches && self.holds != Verdict::Wrong
    }

    /// Whether the owner of this certificate, in DER, signed, or issued the signer's certificate.
    pub fn is_vouched_for_by(&self, certificate: &[u8]) -> Verdict {
        let Ok(issuer) = Certificate::from_der(certificate) else { return Verdict::Unknown };
        if issuer == self.signer {
            return Verdict::Right;
        }
        if issuer.tbs_certificate().subject() != self.signer.tbs_certificate().issuer() {
            return Verdict::Wrong;
        }
        issued(&self.signer, &issuer)
    }
}

#[cfg(test)]
mod tests;
