//! What is wanted?
//!
//! A [`MediaDefinition`] says which media a person wants, a [`Catalog`] what a site has, and
//! [`resolve()`] gives the [`ContentGraph`]: every content that the media need, who needs it, and
//! every [`Problem`] on the way. A [`ContentIndex`] then knows each file, and the [`manifest`]
//! documents lie on the media.
//!
//! The crate opens no file and reads no clock: text comes in, values go out. It does not know
//! discs, images, or how content is read.

mod capacity;
mod catalog;
mod definition;
mod digest;
pub mod documents;
pub mod envelope;
mod fields;
mod id;
mod index;
pub mod library;
mod location;
pub mod manifest;
mod need;
mod object;
mod problem;
mod resolve;
pub mod schema;
mod sequence_info;
mod site;
mod stripe_sums;
pub mod windows_names;

pub use capacity::{Capacity, CapacityError, MINIMUM_CAPACITY, NAMED_CAPACITIES};
pub use catalog::{AbsentContent, Catalog, ObjectNames, SequenceEntry};
pub use definition::{
    Certificate, CertificateKind, Customization, DEFAULT_LABEL, ExtraContent, MEDIA_TIMES,
    Management, MediaDefinition, MediaProperties, MediaType, Network, Output, OutputKind, Oversize,
    PartitionTable, PasswordSource, Prestart, Security, StagedImage, UserDeviceAffinity, options,
};
pub use digest::{Digest, DigestParseError};
pub use id::{ContentId, ContentIdError};
pub use index::{Blob, BlobId, ContentIndex, IndexedContent, IndexedFile};
pub use location::{ContentLocation, LocatedFile};
pub use need::Need;
pub use object::{
    Application, Architecture, BootPlatform, CatalogObject, ContentSource, DependencyGroup,
    DeploymentType, Detection, ObjectKind, OsImageIndex, Program,
};
pub use problem::{Place, Problem, ProblemClass, Severity};
pub use resolve::{
    ContentGraph, NamedDefinition, ResolvedMedia, SequenceUses, SharedContent, StepUse,
    absent_content, resolve,
};
pub use sequence_info::{ReferenceInfo, SequenceInfo};
pub use site::{DistributionPoint, DistributionPointKind, Site};
pub use stripe_sums::{STRIPE, StripeSums};
