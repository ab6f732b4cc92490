//! What is asked for, and where it will lie.

use runtime::partition::{DiskRequest, PartitionPlan, PlanError, plan};

const GIB: u64 = 1 << 30;

/// The variables of a step: `disk` is style and further words, each partition is
/// `Type FileSystem Size Units` with `-` for what is not set, and then `Name=value` words.
pub fn variables(disk: &str, partitions: &[&str]) -> Vec<(String, String)> {
    let mut words = disk.split(' ');
    let mut all = vec![("OSDPartitionStyle".to_owned(), words.next().unwrap().to_owned())];
    let pair = |prefix: &str, word: &str| {
        let (name, value) = word.split_once('=').unwrap();
        (format!("{prefix}{name}"), value.to_owned())
    };
    all.extend(words.map(|word| pair("", word)));
    for (at, line) in partitions.iter().enumerate() {
        let prefix = format!("OSDPartitions{at}");
        let mut words = line.split(' ');
        for field in ["Type", "FileSystem", "Size", "SizeUnits"] {
            let value = words.next().unwrap_or("-");
            if value != "-" {
                all.push((format!("{prefix}{field}"), value.to_owned()));
            }
        }
        all.extend(words.map(|word| pair(&prefix, word)));
    }
    all
}

pub fn request(disk: &str, partitions: &[&str]) -> Result<DiskRequest, String> {
    let all = variables(disk, partitions);
    let text = |name: &str| {
        let found = all.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    DiskRequest::read(&text).map_err(|error| error.to_string())
}

pub fn planned(disk: &str, partitions: &[&str], bytes: u64) -> Result<PartitionPlan, PlanError> {
    plan(&request(disk, partitions).unwrap(), bytes)
}

#[test]
fn a_disk_for_uefi_is_laid_out_in_the_order_of_the_sequence() {
    let plan = planned(
        "GPT OSDGPTBootDisk=true OSDDiskIndex=1",
        &[
            "EFI FAT32 500 MB VolumeName=BOOT",
            "MSR - 128 mb",
            "Primary ext4 99 Percent VolumeName=Debian VolumeLetterVariable=OSDisk",
            "Recovery NTFS 100 PERCENT VolumeName=Recovery",
        ],
        64 * GIB,
    );
    assert_eq!(
        plan.unwrap().to_string(),
        "disk 1: GPT, 134217728 sectors\n\
         1: EFI, 2048-1026047, 500 MiB, FAT32, `BOOT`\n\
         2: MSR, 1026048-1288191, 128 MiB, not formatted\n\
         3: primary, 1288192-132884479, 64256 MiB, ext4, `Debian`\n\
         4: recovery, 132884480-134215679, 650 MiB, NTFS, `Recovery`"
    );
}

#[test]
fn a_disk_for_bios_has_an_active_partition_and_logical_ones_in_an_extended_one() {
    let plan = planned(
        "mbr",
        &[
            "Primary NTFS 350 MB Bootable=True",
            "Extended - 10 gb",
            "Logical ext4 4 GB",
            "Logical FAT32 50 percent",
            "Logical NTFS",
            "Primary ext4 100 PERCENT",
        ],
        32 * GIB,
    );
    assert_eq!(
        plan.unwrap().to_string(),
        "disk 0: MBR, 67108864 sectors\n\
         1: primary, 2048-718847, 350 MiB, NTFS, active\n\
         2: extended, 718848-21690367, 10240 MiB, not formatted\n\
         5: logical, 720896-9109503, 4096 MiB, ext4\n\
         6: logical, 9111552-15400959, 3071 MiB, FAT32\n\
         7: logical, 15403008-21690367, 3070 MiB, NTFS\n\
         3: primary, 21690368-67108863, 22177 MiB, ext4"
    );
}

#[test]
fn a_disk_that_is_too_small_says_how_many_bytes_are_missing() {
    let lines = ["EFI FAT32 500 MB", "Primary ext4 4 GB VolumeName=Debian", "Primary NTFS 1 GB"];
    let error = planned("GPT", &lines, 4 * GIB).unwrap_err();
    // 1 MiB in front, 5620 MiB of partitions, and what holds the backup table.
    let needed = (1 + 500 + 4096 + 1024 + 1) << 20;
    assert_eq!(
        error.to_string(),
        format!(
            "disk 0 has 4294967296 bytes, the partitions need {needed} bytes: {} bytes are missing \
             for partition 2 (Debian)",
            needed - 4 * GIB
        )
    );
    assert!(planned("GPT", &lines, needed).is_ok());
    assert!(planned("GPT", &lines, needed - 512).is_ok(), "tables take 33 sectors of the last MiB");
    assert!(planned("GPT", &lines, needed - (1 << 20)).is_err());
}

#[test]
fn nothing_is_left_behind_a_hundred_per_cent() {
    let lines = ["Primary ext4 100 PERCENT", "Primary NTFS 10 PERCENT"];
    let error = planned("GPT", &lines, GIB).unwrap_err();
    assert!(error.to_string().ends_with("1048576 bytes are missing for partition 2"), "{error}");
    for bytes in [0, 512, 1 << 20, 2 << 20] {
        assert!(planned("GPT", &["Primary ext4"], bytes).is_err(), "{bytes}");
        assert!(planned("MBR", &["Extended", "Logical ext4"], bytes).is_err(), "{bytes}");
    }
}

#[test]
fn what_a_table_cannot_hold_is_refused_by_name() {
    let refused = |disk: &str, lines: &[&str]| planned(disk, lines, 64 * GIB).unwrap_err();
    let text = |disk: &str, lines: &[&str]| refused(disk, lines).to_string();
    let error = text("GPT", &["Primary NTFS 1 GB", "Logical NTFS 1 GB"]);
    assert!(error.contains("partition 2 has the type logical, which a disk with GPT"), "{error}");
    let error = text("MBR", &["MSR - 128 MB"]);
    assert!(error.contains("partition 1 has the type MSR, which a disk with MBR"), "{error}");
    let error = text("MBR", &["Primary NTFS 1 GB"; 5]);
    assert!(error.contains("this is the fifth: partition 5"), "{error}");
    assert!(matches!(refused("MBR", &["Logical NTFS"]), PlanError::Extended { partition: 1, .. }));
    let twice = ["Extended - 1 GB", "Extended - 1 GB"];
    assert!(matches!(refused("MBR", &twice), PlanError::Extended { partition: 2, .. }));
    let active = ["Primary NTFS 1 GB Bootable=true"; 2];
    assert_eq!(refused("MBR", &active), PlanError::TwoActive { partition: 2 });
    assert_eq!(refused("GPT OSDGPTBootDisk=true", &["Primary ext4"]), PlanError::NoEfi);
    let error = text("GPT", &["EFI FAT32 20 MB VolumeName=ESP"]);
    assert!(
        error.contains("partition 1 (ESP) would have 20971520 bytes; FAT32 needs at least"),
        "{error}"
    );
}

#[test]
fn variables_that_mean_nothing_are_refused_by_name() {
    let cases = [
        ("GPT", "Primary ext3 1 GB", "OSDPartitions0FileSystem is `ext3`"),
        ("GPT", "Data ext4 1 GB", "OSDPartitions0Type is `Data`"),
        ("GPT", "Primary ext4 -1 GB", "OSDPartitions0Size is `-1`"),
        ("GPT", "Primary ext4 0 GB", "OSDPartitions0Size is `0`"),
        ("GPT", "Primary ext4 101 PERCENT", "OSDPartitions0Size is `101`"),
        ("GPT", "Primary ext4 99999999999999999999 MB", "OSDPartitions0Size is"),
        ("GPT", "Primary ext4 1 TB", "OSDPartitions0SizeUnits is `TB`"),
        ("GPT", "Primary ext4 1 GB Bootable=yes", "OSDPartitions0Bootable is `yes`"),
        ("GPT", "EFI ext4 500 MB", "OSDPartitions0FileSystem is `ext4`"),
        ("APM", "Primary ext4 1 GB", "OSDPartitionStyle is `APM`"),
        ("GPT OSDDiskIndex=x", "Primary ext4 1 GB", "OSDDiskIndex is `x`"),
        ("GPT OSDPartitions=200", "Primary ext4 1 GB", "OSDPartitions is `200`"),
        ("GPT OSDPartitions=2", "Primary ext4 1 GB", "OSDPartitions1Type is ``"),
        ("GPT OSDPartitions=0", "Primary ext4 1 GB", "names no partition"),
    ];
    for (disk, line, wanted) in cases {
        let error = request(disk, &[line]).unwrap_err();
        assert!(error.contains(wanted), "{disk} {line}: {error}");
    }
}

#[test]
fn no_size_overflows() {
    for size in ["17592186044415 MB", "17179869183 GB"] {
        let lines = [format!("Primary ext4 {size}")];
        let lines: Vec<&str> = vec![&lines[0]; 3];
        let error = planned("GPT", &lines, 64 * GIB).unwrap_err();
        assert!(matches!(error, PlanError::DoesNotFit { .. }), "{error}");
    }
}

#[test]
fn the_count_says_how_many_partitions_there_are() {
    let request = request("GPT OSDPartitions=1", &["Primary ext4 1 GB", "Primary NTFS 1 GB"]);
    assert_eq!(request.unwrap().partitions.len(), 1);
}
