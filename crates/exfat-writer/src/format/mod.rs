//! The bytes of the specification: fields in their names and positions, no decisions.

pub(crate) mod boot_region;
pub(crate) mod directory_entry;
pub(crate) mod fat;
pub(crate) mod time;
pub(crate) mod upcase;

/// The bytes of a sector: the only size that every firmware and every tool takes.
pub(crate) const SECTOR: u64 = 512;
