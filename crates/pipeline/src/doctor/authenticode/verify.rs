//! Whether a signature is that of a key.

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};
use der::asn1::ObjectIdentifier;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use spki::SubjectPublicKeyInfoOwned;

/// What a check of a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It is of a kind that is not checked: only RSA with PKCS #1 is, which is what firmware takes.
    Unknown,
}

impl Verdict {
    /// What both say together: the worse of them.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Wrong, _) | (_, Self::Wrong) => Self::Wrong,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Right, Self::Right) => Self::Right,
        }
    }
}

/// A hash algorithm of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// rsaEncryption, which leaves the hash to be named elsewhere (RFC 8017, appendix A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

impl Hash {
    /// The algorithm of this identifier.
    pub(super) fn of(id: &ObjectIdentifier) -> Option<Self> {
        const IDS: [(&str, Hash); 4] = [
            ("1.3.14.3.2.26", Hash::Sha1),
            ("2.16.840.1.101.3.4.2.1", Hash::Sha256),
            ("2.16.840.1.101.3.4.2.2", Hash::Sha384),
            ("2.16.840.1.101.3.4.2.3", Hash::Sha512),
        ];
        named(&IDS, id)
    }

    /// The hash of RSA signatures of this kind; `stated` is what is named elsewhere.
    fn of_signature(id: &ObjectIdentifier, stated: Self) -> Option<Self> {
        const IDS: [(&str, Hash); 4] = [
            ("1.2.840.113549.1.1.5", Hash::Sha1),
            ("1.2.840.113549.1.1.11", Hash::Sha256),
            ("1.2.840.113549.1.1.12", Hash::Sha384),
            ("1.2.840.113549.1.1.13", Hash::Sha512),
        ];
        if *id == RSA { Some(stated) } else { named(&IDS, id) }
    }

    /// The digest of these bytes, one after the other.
    pub(super) fn digest<'b>(self, bytes: impl IntoIterator<Item = &'b [u8]>) -> Vec<u8> {
        fn run<'b, D: Digest>(bytes: impl IntoIterator<Item = &'b [u8]>) -> Vec<u8> {
            let mut hash = D::new();
            bytes.into_iter().for_each(|part| hash.update(part));
            hash.finalize().to_vec()
        }
        match self {
            Self::Sha1 => run::<Sha1>(bytes),
            Self::Sha256 => run::<Sha256>(bytes),
            Self::Sha384 => run::<Sha384>(bytes),
            Self::Sha512 => run::<Sha512>(bytes),
        }
    }

    fn rsa(self) -> &'static RsaParameters {
        match self {
            Self::Sha1 => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        }
    }
}

fn named(ids: &[(&str, Hash)], id: &ObjectIdentifier) -> Option<Hash> {
    let known = |text: &str| ObjectIdentifier::new(text).is_ok_and(|known| known == *id);
    ids.iter().find(|(text, _)| known(text)).map(|(_, hash)| *hash)
}

/// Whether `signature` is that of `key` below `message`; `hash` is what an algorithm without one of
/// its own takes.
pub(super) fn verify(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &ObjectIdentifier,
    hash: Hash,
    message: &[u8],
    signature: &[u8],
) -> Verdict {
    let hash = Hash::of_signature(algorithm, hash).filter(|_| key.algorithm.oid == RSA);
    let (Some(hash), Some(bytes)) = (hash, key.subject_public_key.as_bytes()) else {
        return Verdict::Unknown;
    };
    match UnparsedPublicKey::new(hash.rsa(), bytes).verify(message, signature) {
        Ok(()) => Verdict::Right,
        Err(_) => Verdict::Wrong,
    }
}
