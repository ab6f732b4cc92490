//! A computer whose disks and firmware outlive a restart.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::guest::Guest;
use crate::machine::{Firmware, firmware_arguments, option_path, own_variables};
use crate::site::tool;

/// A computer with disks, and an optical drive `cd0` that may be empty.
///
/// QEMU ends when its machine restarts, and the next [`power_on`](Self::power_on) goes on with the
/// same disks and firmware variables, as after any restart.
pub struct Computer {
    firmware: Firmware,
    /// Disks and firmware variables.
    folder: tempfile::TempDir,
    disks: Vec<Disk>,
    /// What is plugged in besides.
    stick: Option<PathBuf>,
    memory_mib: u32,
    processors: u32,
    /// When the next start is; `None`: now.
    clock: Option<String>,
}

struct Disk {
    serial: String,
    path: PathBuf,
}

/// Where the firmware looks first for something to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootFirst {
    /// The disks in their order, then the optical drive: a disk that nothing was installed on is
    /// passed over.
    Disks,
    /// The optical drive, then the stick.
    Media,
}

impl Computer {
    /// A computer without disks.
    pub fn new(firmware: Firmware) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        own_variables(firmware, folder.path());
        Self {
            firmware,
            folder,
            disks: Vec::new(),
            stick: None,
            memory_mib: 512,
            processors: 1,
            clock: None,
        }
    }

    /// Adds an empty disk of `len` bytes; this machine stores only what is written.
    pub fn with_disk(mut self, serial: &str, len: u64) -> Self {
        let path = self.folder.path().join(serial);
        File::create(&path).and_then(|file| file.set_len(len)).expect("a disk can be made");
        self.disks.push(Disk { serial: serial.to_owned(), path });
        self
    }

    /// Adds a disk that begins as a copy of `image`.
    pub fn with_disk_like(mut self, serial: &str, image: &Path) -> Self {
        let path = self.folder.path().join(serial);
        let (from, to) = (image.to_str().unwrap(), path.to_str().unwrap());
        tool("cp", &["--reflink=auto", "--sparse=always", from, to], Path::new("/"));
        self.disks.push(Disk { serial: serial.to_owned(), path });
        self
    }

    /// Plugs in a stick, on the bus that computers with Secure Boot have here: the kernel for
    /// virtual machines has no drivers for USB. What is written to it is thrown away.
    pub fn with_stick(mut self, image: &Path) -> Self {
        assert_eq!(self.firmware, Firmware::UefiSecureBoot, "the others have no such bus");
        self.stick = Some(image.to_owned());
        self
    }

    /// Sets the memory and the number of processors; 512 MiB and one if nobody does.
    pub fn with_hardware(mut self, memory_mib: u32, processors: u32) -> Self {
        self.memory_mib = memory_mib;
        self.processors = processors;
        self
    }

    /// Sets the clock at the next start, such as `2026-11-28T12:00:00` (UTC).
    pub fn set_clock(&mut self, time: &str) {
        self.clock = Some(time.to_owned());
    }

    /// Where the disk with this serial number lies on this machine. To be read while the computer
    /// is off.
    pub fn disk(&self, serial: &str) -> &Path {
        let disk = self.disks.iter().find(|disk| disk.serial == serial);
        &disk.unwrap_or_else(|| panic!("the computer has no disk {serial}")).path
    }

    /// Starts it with `disc` in its drive, or nothing.
    pub fn power_on(&self, disc: Option<&Path>, first: BootFirst) -> Guest {
        let mut arguments = firmware_arguments(self.firmware, self.folder.path());
        arguments.extend(["-m".to_owned(), self.memory_mib.to_string()]);
        arguments.extend(["-smp".to_owned(), self.processors.to_string()]);
        if let Some(clock) = &self.clock {
            arguments.extend(["-rtc".to_owned(), format!("base={clock}")]);
        }
        // The drive, then the stick.
        let (disk_from, disc_at) = match first {
            BootFirst::Disks => (0, self.disks.len()),
            BootFirst::Media => (2, 0),
        };
        for (number, disk) in self.disks.iter().enumerate() {
            let (serial, bootindex) = (&disk.serial, disk_from + number);
            arguments.extend([
                "-drive".to_owned(),
                format!(
                    // What the guest has written outlives it all the same, as this machine does.
                    "if=none,id=disk{number},format=raw,cache=unsafe,file={}",
                    option_path(&disk.path)
                ),
                "-device".to_owned(),
                format!("virtio-blk-pci,drive=disk{number},serial={serial},bootindex={bootindex}"),
            ]);
        }
        if let Some(stick) = &self.stick {
            let file = option_path(stick);
            let bootindex = disc_at + 1;
            arguments.extend([
                "-drive".to_owned(),
                format!("if=none,id=stick,format=raw,snapshot=on,file={file}"),
                "-device".to_owned(),
                format!("scsi-hd,bus=scsi.0,drive=stick,removable=on,bootindex={bootindex}"),
            ]);
        }
        let mut drive = format!("{},bootindex={disc_at}", self.firmware.optical_drive());
        if let Some(disc) = disc {
            let file = option_path(disc);
            arguments.extend([
                "-drive".to_owned(),
                format!("if=none,id=disc,format=raw,media=cdrom,readonly=on,file={file}"),
            ]);
            drive += ",drive=disc";
        }
        arguments.extend(["-device".to_owned(), drive]);
        Guest::start(&arguments, tempfile::tempdir().expect("a temporary folder"))
    }
}
