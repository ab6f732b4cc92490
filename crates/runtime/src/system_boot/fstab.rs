use std::fs;
use std::io;

use super::{Applied, BootError, identity_of};
use crate::partition::Found;

/// Brings `etc/fstab` in line with the disk: what it says of `/` and `/boot/efi` would else be what
/// was true of the computer that the image was made on. Other lines stay as they are.
pub(super) fn write(applied: &Applied<'_>) -> Result<Option<String>, BootError> {
    let path = applied.root.join("etc/fstab");
    let old = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(BootError::io("read", &path, error)),
    };
    let efi = match applied.efi {
        Some(efi) if applied.root.join("boot/efi").is_dir() => identity_of(&efi.device)?,
        _ => None,
    };
    let new = table(&old, &applied.identity, efi.as_ref());
    if new == old {
        return Ok(None);
    }
    super::write(&path, &new)?;
    Ok(Some("etc/fstab names the partitions of this disk".to_owned()))
}

/// The table with this root and this EFI system partition.
fn table(old: &str, root: &Found, efi: Option<&Found>) -> String {
    let mut lines: Vec<String> = old.lines().map(str::to_owned).collect();
    let root_line = format!("UUID={} / ext4 errors=remount-ro 0 1", root.uuid);
    put(&mut lines, "/", &root.uuid, root_line);
    match efi {
        Some(efi) => {
            let line = format!("UUID={} /boot/efi vfat umask=0077 0 1", efi.uuid);
            put(&mut lines, "/boot/efi", &efi.uuid, line);
        }
        // One that is not there would stop the start.
        None => lines.retain(|line| folder_of(line) != Some("/boot/efi")),
    }
    lines.join("\n") + "\n"
}

/// Names another device in the line of a folder, or appends a line where there is none.
fn put(lines: &mut Vec<String>, folder: &str, uuid: &str, new: String) {
    let Some(line) = lines.iter_mut().find(|line| folder_of(line) == Some(folder)) else {
        return lines.push(new);
    };
    let device = format!("UUID={uuid}");
    if let Some(old) = line.split_whitespace().next().filter(|old| *old != device) {
        *line = line.replacen(old, &device, 1);
    }
}

fn folder_of(line: &str) -> Option<&str> {
    let mut fields = line.split_whitespace();
    let device = fields.next()?;
    if device.starts_with('#') { None } else { fields.next() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::FileSystem;

    fn found(uuid: &str) -> Found {
        Found { file_system: FileSystem::Ext4, uuid: uuid.to_owned() }
    }

    #[test]
    fn an_image_without_a_table_gets_one() {
        let new = table("# UNCONFIGURED FSTAB\n", &found("aaaa"), Some(&found("1111-2222")));
        assert_eq!(
            new,
            "# UNCONFIGURED FSTAB\nUUID=aaaa / ext4 errors=remount-ro 0 1\n\
             UUID=1111-2222 /boot/efi vfat umask=0077 0 1\n"
        );
        assert_eq!(table(&new, &found("aaaa"), Some(&found("1111-2222"))), new, "done is done");
    }

    #[test]
    fn a_table_of_another_computer_keeps_all_but_its_devices() {
        let old = "# <file system>\n/dev/sda2\t/  ext4  noatime 0 1\n\
                   UUID=OLD /boot/efi vfat umask=0077 0 1\ntmpfs /tmp tmpfs size=1g 0 0\n";
        assert_eq!(
            table(old, &found("aaaa"), Some(&found("1111"))),
            "# <file system>\nUUID=aaaa\t/  ext4  noatime 0 1\n\
             UUID=1111 /boot/efi vfat umask=0077 0 1\ntmpfs /tmp tmpfs size=1g 0 0\n"
        );
        assert_eq!(
            table(old, &found("aaaa"), None),
            "# <file system>\nUUID=aaaa\t/  ext4  noatime 0 1\ntmpfs /tmp tmpfs size=1g 0 0\n"
        );
    }
}
