//! What only the machine knows that the sequence runs on.

/// An answer to a question about the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<T> {
    /// It is known.
    Known(T),
    /// Nobody here can say, as of a WMI query without Windows.
    Unknown,
}

impl<T> Answer<T> {
    /// Returns what is known.
    pub(super) fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown => None,
        }
    }
}

/// A file or folder that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFact {
    /// The file version, such as `10.0.22621.1`; `None` for a file that has none.
    pub version: Option<String>,
    /// The time of the last change in seconds since 1970, UTC.
    pub modified_seconds: i64,
}

/// What the registry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryFact {
    /// The key is not there.
    NoKey,
    /// The key is there, and the value is not.
    NoValue,
    /// The value is there.
    Value {
        /// The type, such as `REG_SZ`.
        value_type: String,
        /// The data as text: numbers in decimal, several strings joined by line feeds.
        data: String,
    },
}

/// What to look for among the products of Windows Installer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftwareCode<'a> {
    /// A product by its product code: this very version.
    Product(&'a str),
    /// A product by its upgrade code: any version.
    Upgrade(&'a str),
}

/// The identity of the computer; fields that it has not are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names say all there is")]
pub struct ComputerFact {
    pub make: String,
    pub model: String,
    pub serial_number: String,
    pub asset_tag: String,
    pub uuid: String,
    pub mac_addresses: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub default_gateways: Vec<String>,
}

/// Answers what only the machine knows. What is not implemented is unknown.
///
/// A question may be asked several times, and each answer is that of the moment.
pub trait Facts {
    /// Looks for a file; `Known(None)` when there is none.
    fn file(&self, path: &str) -> Answer<Option<FileFact>> {
        let _ = path;
        Answer::Unknown
    }

    /// Looks for a folder; `Known(None)` when there is none.
    fn folder(&self, path: &str) -> Answer<Option<FileFact>> {
        let _ = path;
        Answer::Unknown
    }

    /// Reads a value of the registry; an empty name is the default value.
    fn registry(&self, key_path: &str, value_name: &str) -> Answer<RegistryFact> {
        let _ = (key_path, value_name);
        Answer::Unknown
    }

    /// Says whether a WMI query gives at least one row.
    fn wmi(&self, namespace: &str, query: &str) -> Answer<bool> {
        let _ = (namespace, query);
        Answer::Unknown
    }

    /// Says whether a product of Windows Installer is installed.
    fn software(&self, code: SoftwareCode<'_>) -> Answer<bool> {
        let _ = code;
        Answer::Unknown
    }

    /// Says which computer it is.
    fn computer(&self) -> Answer<ComputerFact> {
        Answer::Unknown
    }

    /// Returns a variable of the system's environment, such as `SystemDrive`; `None` without it.
    fn system_variable(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// Lists the discs, from 1, that must be read for a content; empty when it is at hand already.
    fn discs_of(&self, id: &str) -> Vec<u32> {
        let _ = id;
        Vec::new()
    }
}

/// Knows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoFacts;

impl Facts for NoFacts {}
