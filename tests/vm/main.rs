//! Boots images in virtual machines: other people's firmware, boot loaders and kernel judge what
//! this workspace wrote.
//!
//! - [`boot_cd`](machine::boot_cd) and [`boot_disk`](machine::boot_disk) start an image as a
//!   computer would and give a [`Guest`](guest::Guest) whose serial console a test reads and types
//!   on.
//! - [`guest_trees`](mounted::guest_trees) has a Linux kernel mount images in every namespace and
//!   hash every file; [`all_images`] gives it those that other tests left.
//!
//! Machines run without hardware virtualisation, so that results are the same everywhere. What is
//! missing on this machine is a failure that says what to run.

#[path = "../site/awkward.rs"]
mod awkward;
#[path = "../site/mod.rs"]
mod site;

mod all_images;
mod boot;
mod control;
mod guest;
mod initramfs;
mod large_file;
mod machine;
mod mounted;
mod promised;
mod trees;
