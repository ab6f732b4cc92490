//! The certificate authorities whose signatures firmware knows, told by name and by key.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Who vouches for a signer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ca {
    /// Microsoft Corporation UEFI CA 2011: loaders of others, such as shim.
    MicrosoftUefi2011,
    /// Microsoft UEFI CA 2023: its successor.
    MicrosoftUefi2023,
    /// Microsoft Windows Production PCA 2011: the loaders of Windows.
    WindowsProduction2011,
    /// Windows UEFI CA 2023: its successor.
    WindowsUefi2023,
    /// Another one, by its name.
    Other(String),
}

/// Which of the two generations of Microsoft's authorities firmware has in its database `db`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// Those of 2011, whose certificates end in 2026.
    Of2011,
    /// Those of 2023.
    Of2023,
}

/// An authority as it is known: its common name and the SHA-256 of its public key
/// (SubjectPublicKeyInfo in DER).
struct Known {
    ca: Ca,
    name: &'static str,
    key: [u8; 32],
}

/// The keys are those of the certificates that Microsoft publishes in "Windows Secure Boot Key
/// Creation and Management Guidance"; their SHA-1 thumbprints stand beside them.
const KNOWN: [Known; 4] = [
    // 46DEF63B5CE61CF8BA0DE2E6639C1019D0ED14F3
    Known {
        ca: Ca::MicrosoftUefi2011,
        name: "Microsoft Corporation UEFI CA 2011",
        key: key("2c627ccbb690409550ad6e2d46a03eb10aa6d62d272a5dc3c86a8863ae19b2bb"),
    },
    // B5EEB4A6706048073F0ED296E7F580A790B59EAA
    Known {
        ca: Ca::MicrosoftUefi2023,
        name: "Microsoft UEFI CA 2023",
        key: key("f0f6d23f74457473749a72d5aa55b9efe491dd0bc3068905b019940abe8b5cc3"),
    },
    // 580A6F4CC4E4B669B9EBDC1B2B3E087B80D0678D
    Known {
        ca: Ca::WindowsProduction2011,
        name: "Microsoft Windows Production PCA 2011",
        key: key("96fcf444012a77ea14f34f349c469c85e2749fce709e0bcdf2e5eab431cdccae"),
    },
    // 45A0FA32604773C82433C3B7D59E7466B3AC0C67
    Known {
        ca: Ca::WindowsUefi2023,
        name: "Windows UEFI CA 2023",
        key: key("b45bbdd94c9bf231bb8d9dbf47f6dc917fe7ebea7ef95aeede218d7e9d395f9a"),
    },
];

const fn key(hex: &str) -> [u8; 32] {
    const fn digit(c: u8) -> u8 {
        match c {
            b'0'..=b'9' => c - b'0',
            _ => c - b'a' + 10,
        }
    }
    let (hex, mut key, mut at) = (hex.as_bytes(), [0; 32], 0);
    while at < key.len() {
        key[at] = digit(hex[2 * at]) << 4 | digit(hex[2 * at + 1]);
        at += 1;
    }
    key
}

impl Ca {
    /// The authority of this common name; `key` is its SubjectPublicKeyInfo, where its certificate
    /// is at hand.
    ///
    /// Anybody can call an authority as Microsoft does: one with another key is another one.
    pub fn of(name: &str, key: Option<&[u8]>) -> Self {
        let Some(known) = KNOWN.into_iter().find(|known| known.name == name) else {
            return Self::Other(name.to_owned());
        };
        match key.map(|key| <[u8; 32]>::from(Sha256::digest(key))) {
            Some(found) if found != known.key => {
                Self::Other(format!("{name} (the name only: it has another key)"))
            }
            _ => known.ca,
        }
    }

    /// The generation that it is of; None for all others.
    pub fn generation(&self) -> Option<Generation> {
        match self {
            Self::MicrosoftUefi2011 | Self::WindowsProduction2011 => Some(Generation::Of2011),
            Self::MicrosoftUefi2023 | Self::WindowsUefi2023 => Some(Generation::Of2023),
            Self::Other(_) => None,
        }
    }

    /// Whether what it signs are the loaders of Windows.
    pub fn is_of_windows(&self) -> bool {
        matches!(self, Self::WindowsProduction2011 | Self::WindowsUefi2023)
    }
}

impl Generation {
    /// The year of its certificates.
    pub fn year(self) -> u16 {
        match self {
            Self::Of2011 => 2011,
            Self::Of2023 => 2023,
        }
    }
}

/// The common name.
impl fmt::Display for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(name) => f.write_str(name),
            known => {
                let named = KNOWN.iter().find(|entry| entry.ca == *known);
                f.write_str(named.map_or("", |entry| entry.name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_known_by_its_name_and_must_have_its_key() {
        let known = Ca::of("Microsoft UEFI CA 2023", None);
        assert_eq!(known, Ca::MicrosoftUefi2023);
        assert_eq!(known.generation(), Some(Generation::Of2023));
        let pretended = Ca::of("Microsoft UEFI CA 2023", Some(b"another key"));
        assert_eq!(pretended.generation(), None);
        assert!(pretended.to_string().contains("another key"), "{pretended}");
        let other = Ca::of("Debian Secure Boot CA", Some(b"any key"));
        assert_eq!(other, Ca::Other("Debian Secure Boot CA".to_owned()));
    }

    #[test]
    fn every_authority_has_a_name_by_which_it_is_known() {
        for known in KNOWN {
            assert_eq!(known.ca.to_string(), known.name);
            assert_eq!(Ca::of(known.name, None), known.ca);
        }
    }
}
