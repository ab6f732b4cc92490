//! Deployments: computers with disks of their own, which media start, which restart, and whose
//! disks are read afterwards.
//!
//! - A [`Computer`](computer::Computer) has disks and firmware variables that outlive a restart;
//!   each [`power_on`](computer::Computer::power_on) gives a [`Guest`](guest::Guest).
//! - [`disk`] reads files from the disks of a computer that is off.
//! - [`installed_disk`](installed::installed_disk) is a disk with the OS image of `tools/os-image`
//!   on it.

#[path = "../site/mod.rs"]
mod site;

#[path = "../vm/computer.rs"]
mod computer;
#[path = "../vm/control.rs"]
mod control;
#[path = "../vm/disk.rs"]
mod disk;
#[path = "../vm/guest.rs"]
mod guest;
#[path = "../vm/installed.rs"]
mod installed;
#[path = "../vm/machine.rs"]
mod machine;

mod bench;
mod capture;
mod deployed;
mod faults;
mod prestaged;
mod scenario;
mod stick;
mod three_discs;
