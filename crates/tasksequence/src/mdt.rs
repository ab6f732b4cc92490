//! The documents of an MDT deployment share, from their text.
//!
//! `Control\*.xml` lists what the share holds: task sequences, operating systems, applications, drivers,
//! packages, selection profiles and media, each with a document of groups (folders) beside it. Reading
//! the files is the caller's business.

mod guid;
mod list;
mod objects;
mod profiles;

pub use guid::Guid;
pub use list::{Entry, MdtError};
pub use objects::{
    Application, Driver, OperatingSystem, Package, TaskSequenceEntry, applications, drivers,
    operating_systems, packages, task_sequences,
};
pub use profiles::{Group, Media, SelectionProfile, groups, medias, selection_profiles};
