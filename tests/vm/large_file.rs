//! A file that is longer than 32 bits can say.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use crate::boot::{site_with_boot_tree, wait_until_ready};
use crate::machine::{Firmware, boot_cd};
use crate::promised::sha256;
use crate::site::noise;

const GIB: u64 = 1 << 30;
const LEN: u64 = 4 * GIB + 1_000_001;
const BLOCK: u64 = 4096;
/// Two blocks around each place where an extent of some file system ends, and the last ones.
const MARKS: [u64; 4] =
    [GIB - BLOCK, 2 * GIB - BLOCK, 4 * GIB - BLOCK, LEN / BLOCK * BLOCK - BLOCK];
const COMMAND: Duration = Duration::from_secs(60);

fn mark(at: u64) -> Vec<u8> {
    noise(at, (2 * BLOCK).min(LEN - at) as usize)
}

#[test]
fn a_file_over_four_gib_is_whole_in_udf_and_iso_9660() {
    let mut site = site_with_boot_tree();
    let folder = site.add_package();
    let path = site.path(&format!("{folder}/large.bin"));
    let file = File::create(&path).unwrap();
    file.set_len(LEN).unwrap();
    for at in MARKS {
        file.write_all_at(&mark(at), at).unwrap();
    }
    site.define("one", "unlimited", "");
    site.succeed(&["build", "one"]);
    let image = site.path("out/one.iso");

    let mut guest = boot_cd(&image, Firmware::Bios);
    wait_until_ready(&mut guest);
    let file = "/mnt/SMS/PKG/P0100200/large.bin";
    for options in ["-t udf", "-t iso9660 -o nojoliet", "-t iso9660 -o norock"] {
        guest.run(&format!("umount /media /mnt; mount -r {options} /dev/sr0 /mnt"), COMMAND);
        let size = guest.run(&format!("stat -c %s {file}"), COMMAND);
        assert_eq!(size.trim(), LEN.to_string(), "{options}");
        for at in MARKS {
            let skip = at / BLOCK;
            let read = format!("dd if={file} bs={BLOCK} skip={skip} count=2 2>/dev/null");
            let found = guest.run(&format!("{read} | sha256sum"), COMMAND);
            let found = found.split_whitespace().next();
            assert_eq!(found, Some(sha256(&mark(at)).as_str()), "{options}, byte {at}");
        }
    }
}
