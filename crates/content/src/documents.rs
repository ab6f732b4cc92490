//! The XML documents on the media: the policy and the media variables.
//!
//! Whoever makes media writes them, and whoever starts from media reads them; both with this code.
//! Reading is strict: an element or attribute that is not known, one that is there twice, and a
//! text where none belongs are errors, since a target that skips what it does not know would do
//! half of what was meant.
//!
//! Where a document lies and what protects it, other code knows ([`crate::envelope`]).

mod element;
mod objects;
mod policy;
mod split;
mod variables;
mod write;

pub use policy::{PolicyDocument, PolicySequence};
pub use variables::{PrestartCommand, VariablesDocument};

use tasksequence::xml::XmlError;

/// The largest document in bytes. Each element of it has the limits of [`tasksequence::xml`].
pub const MAX_BYTES: usize = 256 << 20;

/// The version of both documents.
const VERSION: &str = "1";

/// Why a text is not the document that it should be. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is larger than [`MAX_BYTES`].
    #[error("the document has {size} bytes, more than the limit of {MAX_BYTES}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// An element is no XML.
    #[error("line {line}: what begins there is no XML that is read")]
    Xml {
        /// The line in which the element begins.
        line: u32,
        /// Why; its lines count from the beginning of the element.
        source: XmlError,
    },
    /// The document is of a version that is not known.
    #[error(
        "line {line}: the document has version `{version}`, and only `{VERSION}` is known; use the tsmedia that made the media"
    )]
    Version {
        /// The line of the root element.
        line: u32,
        /// The version that it names.
        version: String,
    },
    /// Something is there that should not be, or is not there that should be.
    #[error(
        "line {line}: {problem}; make the media again, or read them with the tsmedia that made them"
    )]
    Unexpected {
        /// The line in which the outermost element around it begins.
        line: u32,
        /// What, and in which element; never a variable's value.
        problem: String,
    },
}
