//! Do it: load, scan, compose, write, verify.

mod blob_source;
pub mod boot_runtime;
pub mod build;
pub mod catalog_edit;
pub mod certificate;
pub mod checksum;
pub mod compose;
pub mod device;
pub mod diff;
pub mod doctor;
mod error;
pub mod extract;
mod hash_cache;
pub mod image_file;
pub mod import;
pub mod library;
pub mod load;
pub mod media;
pub mod output;
pub mod password;
pub mod plan_media;
pub mod progress;
mod read;
mod replaced;
pub mod scan;
pub mod second_partition;
mod site_lock;
pub mod split_wims;
pub mod staging;
mod stamp;
pub mod verify;
mod walk;
pub mod write;

pub use error::{ContentFile, ContentProblem, Error, IoContext, LayoutLimit, chain};
pub use hash_cache::HashCache;
pub use stamp::{FileStamp, Nanoseconds};
