//! What goes on which disc?
//!
//! [`span`] takes a [`content::ContentIndex`] and the needs of a definition in the order of first
//! use, and returns a [`SpanPlan`]: for each disc the files and ranges of files that lie on it, why,
//! how large its image is to the byte, and how much of it stays empty. Discs are asked for once
//! each and in order: while a disc is in the drive, the runtime fetches from it what later steps
//! need.
//!
//! The types in walking order: [`Medium`] (what kind of disc) → [`span`] → [`SpanPlan`] of
//! [`DiscPlan`]s of [`Piece`]s; [`Placements`] is the same plan looked up by file; [`explain`] says
//! it in words. [`baseline`] holds two plain planners to compare with.
//!
//! This crate opens no file, reads no clock, and does not know how an image or a manifest is
//! encoded. Every size comes from [`Medium::measure`], which is the code that writes.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use content::{Blob, BlobId, ContentIndex, IndexedContent, IndexedFile, Need};
//! use image::ByteCount;
//! use plan::{DiscDraft, Medium, SetDraft, explain, span};
//!
//! /// Discs that hold 100 bytes of data and nothing else.
//! struct Tiny;
//!
//! impl Medium for Tiny {
//!     type Error = Infallible;
//!     type SetSizes = ();
//!
//!     fn capacity(&self) -> Option<ByteCount> {
//!         Some(ByteCount(100))
//!     }
//!
//!     fn max_file(&self) -> ByteCount {
//!         ByteCount(u64::MAX)
//!     }
//!
//!     fn measure_set(&self, _: &SetDraft<'_>) -> Result<(), Infallible> {
//!         Ok(())
//!     }
//!
//!     fn measure(&self, disc: &DiscDraft<'_>, _: &()) -> Result<ByteCount, Infallible> {
//!         Ok(disc.pieces.iter().map(|piece| piece.len).sum())
//!     }
//! }
//!
//! let blob = |size| Blob { size: ByteCount(size), digest: None, digest_checked: false };
//! let file = |path: &str, blob| IndexedFile { path: path.into(), blob: BlobId(blob) };
//! let index = ContentIndex {
//!     blobs: vec![blob(70), blob(50), blob(20)],
//!     contents: vec![IndexedContent {
//!         id: "P0100001".parse()?,
//!         files: vec![file("a.cab", 0), file("b.cab", 1), file("c.cab", 2)],
//!         empty_directories: vec![],
//!     }],
//! };
//! let first_used_by = "step 1 \"Install drivers\"".to_owned();
//! let needs = [Need { content: "P0100001".parse()?, first_used_by }];
//!
//! let plan = span(&index, &needs, &Tiny)?;
//! assert_eq!((plan.discs.len(), plan.lower_bound_discs, plan.swaps), (2, 2, 1));
//! assert_eq!(
//!     explain(&plan, &index)[3],
//!     "  P0100001: 2 files, 90 bytes: first used by step 1 \"Install drivers\"; continues on disc 2"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod baseline;
mod cut;
mod error;
mod explain;
mod fill;
mod fit;
mod items;
mod medium;
mod pack;
mod placement;
mod reason;
mod span;
mod span_plan;

pub use cut::CUT_ALIGNMENT;
pub use error::SpanError;
pub use explain::explain;
pub use medium::{DiscDraft, Medium, SetDraft};
pub use pack::{MAX_DISCS, MAX_PARTS};
pub use placement::{PlacedPart, Placement, Placements};
pub use reason::Reason;
pub use span::span;
pub use span_plan::{DiscContent, DiscPlan, Piece, SpanPlan};
