//! Disks that are erased, partitioned, formatted and mounted.

use std::fs;
use std::io;
use std::path::Path;

use runtime::disk;
use runtime::mount::Access;
use runtime::partition::{ExecuteError, Kernel, ToolError, execute, file_system_of};
use runtime::providers::PartitionDisk;
use runtime::volume::{FileSystem, VolumeRole};

use crate::host::{FakeHost, step};
use crate::machine::Machine;
use crate::plan::{planned, variables};
use crate::tool;

const MIB: u64 = 1 << 20;

#[test]
fn a_step_makes_volumes_that_other_tools_find_sound() {
    let machine = Machine::new(&[64 * MIB, 700 * MIB]);
    let lines = [
        "EFI FAT32 64 MB VolumeName=esp",
        "MSR - 16 MB",
        "Primary ext4 400 MB VolumeName=Debian VolumeLetterVariable=OSDisk",
        "Primary NTFS 100 PERCENT VolumeName=Data",
    ];
    let mut host = FakeHost::default();
    let run = step("PartitionDisk", "osddiskpart.exe", &variables("GPT OSDDiskIndex=1", &lines));
    PartitionDisk::run_on(&run, &mut host, &machine.system()).unwrap();

    assert_eq!(host.released, [1]);
    let found: Vec<_> =
        host.volumes.0.iter().map(|it| (it.disk, it.partition, it.role, it.file_system)).collect();
    assert_eq!(
        found,
        [
            (1, 1, VolumeRole::Efi, Some(FileSystem::Fat32)),
            (1, 2, VolumeRole::Msr, None),
            (1, 3, VolumeRole::Data, Some(FileSystem::Ext4)),
            (1, 4, VolumeRole::Data, Some(FileSystem::Ntfs)),
        ]
    );
    let mount = machine.path("volumes/disk1-part3");
    assert_eq!(host.environment.text("OSDisk"), mount.display().to_string());
    fs::write(mount.join("file"), "kept").unwrap();

    machine.unmount_all();
    let disk = machine.loops[1].display();
    assert!(tool(&format!("sgdisk -v {disk}")).contains("No problems found"));
    tool(&format!("fsck.fat -n {disk}p1"));
    tool(&format!("fsck.ext4 -fn {disk}p3"));
    tool(&format!("ntfsinfo -m {disk}p4"));
    for (volume, label) in [(0, "ESP"), (2, "Debian"), (3, "Data")] {
        let volume = &host.volumes.0[volume];
        let device = volume.device.display();
        assert_eq!(tool(&format!("blkid -p -s LABEL -o value {device}")).trim(), label);
        let uuid = tool(&format!("blkid -p -s UUID -o value {device}"));
        assert_eq!(file_system_of(&volume.device).unwrap().unwrap().uuid, uuid.trim());
        let id = tool(&format!("blkid -p -s PART_ENTRY_UUID -o value {device}"));
        assert_eq!(volume.partition_uuid, id.trim());
    }
    assert_eq!(file_system_of(&host.volumes.0[1].device).unwrap(), None);
}

#[test]
fn nothing_of_an_older_disk_is_left() {
    let machine = Machine::new(&[300 * MIB]);
    let disk = machine.loops[0].display();
    // An older GPT with its backup, and a file system that no tool of ours overwrites by itself.
    tool(&format!("sgdisk -n 1:2048:300000 {disk} && mke2fs -q -F {disk} 200M"));
    let run = |lines: &[&str]| {
        let mut host = FakeHost::default();
        let run = step("PartitionDisk", "osddiskpart.exe", &variables("MBR", lines));
        PartitionDisk::run_on(&run, &mut host, &machine.system()).unwrap();
        host
    };
    let host = run(&["Primary - 50 MB", "Extended - 100 MB", "Logical ext4 60 MB"]);
    assert_eq!(host.volumes.0.len(), 2, "an extended partition is no volume");
    assert!(host.volumes.0[0].mount.is_none(), "it is not formatted");
    assert_eq!(host.volumes.find(0, 5).unwrap().file_system, Some(FileSystem::Ext4));
    let verdict = tool(&format!("sfdisk --verify {disk} 2>&1; wipefs {disk}"));
    assert!(!verdict.contains("gpt") && !verdict.contains("ext"), "{verdict}");
    assert_eq!(tool(&format!("wipefs {disk}p1")), "");
}

#[test]
fn a_disk_that_is_in_use_stays_as_it_is() {
    let machine = Machine::new(&[100 * MIB]);
    let system = machine.system();
    let disk = disk::disk(&system.folders, None, 0).unwrap();
    let plan = planned("GPT", &["Primary ext4 50 MB"], disk.bytes).unwrap();
    execute(&plan, &disk, &system).unwrap();
    let before = tool(&format!("sha256sum < {}", machine.loops[0].display()));
    let error = execute(&plan, &disk, &system).unwrap_err();
    assert!(matches!(error, ExecuteError::Busy { disk: 0, .. }), "{error}");
    assert_eq!(before, tool(&format!("sha256sum < {}", machine.loops[0].display())));
    machine.unmount_all();
    execute(&plan, &disk, &system).unwrap();
}

/// A kernel without NTFS.
struct NoNtfs(Box<dyn Kernel>);

impl Kernel for NoNtfs {
    fn read_partitions(&self, disk: &Path) -> Result<(), ToolError> {
        self.0.read_partitions(disk)
    }

    fn mount(
        &self,
        device: &Path,
        folder: &Path,
        file_system: FileSystem,
        access: Access,
    ) -> io::Result<()> {
        match file_system {
            FileSystem::Ntfs => Err(io::Error::other("no such file system")),
            _ => self.0.mount(device, folder, file_system, access),
        }
    }
}

#[test]
fn a_volume_that_cannot_be_mounted_leaves_the_disk_free_for_another_try() {
    let machine = Machine::new(&[200 * MIB]);
    let mut system = machine.system();
    let run = step(
        "PartitionDisk",
        "",
        &variables(
            "GPT",
            &["Primary ext4 50 MB", "MSR - 16 MB VolumeLetterVariable=Msr", "Primary NTFS 50 MB"],
        ),
    );
    let mut host = FakeHost::default();
    system.kernel = Box::new(NoNtfs(system.kernel));
    let error = PartitionDisk::run_on(&run, &mut host, &system).unwrap_err();
    assert!(error.reason.starts_with("cannot mount `"), "{error}");
    assert!(error.reason.ends_with(": no such file system"), "{error}");
    assert!(host.volumes.0.is_empty());
    PartitionDisk::run_on(&run, &mut host, &machine.system()).unwrap();
    assert_eq!(host.volumes.0.len(), 3);
    assert!(host.log.iter().any(|line| line.contains("Msr gets no value")), "{:?}", host.log);
}

#[test]
fn a_disk_that_is_too_small_is_not_touched() {
    let machine = Machine::new(&[40 * MIB]);
    let mut host = FakeHost::default();
    let run = step("PartitionDisk", "", &variables("GPT", &["Primary ext4 50 MB"]));
    let error = PartitionDisk::run_on(&run, &mut host, &machine.system()).unwrap_err();
    assert!(error.reason.starts_with("disk 0 has 41943040 bytes"), "{error}");
    assert!(host.released.is_empty(), "nothing was let go of");
    assert!(fs::read(&machine.loops[0]).unwrap().iter().all(|byte| *byte == 0));
    let run = step("PartitionDisk", "", &variables("GPT OSDDiskIndex=3", &["Primary ext4"]));
    let error = PartitionDisk::run_on(&run, &mut host, &machine.system()).unwrap_err();
    assert!(error.reason.starts_with("there is no disk 3"), "{error}");
}
