//! Sticks: the volume with FAT32, and the one with exFAT beside it, whose files are those of one
//! tree.

use std::collections::HashSet;
use std::ops::ControlFlow;

use exfat_writer::read::{ExfatReader, ReadError};
use fat32_writer::read::FatReader;
use iso9660_writer::read::{Entry, EntryKind};

use super::{Fault, FileSystem, ImageFile, of_fat};

/// Where the exFAT volume of a FAT32 image starts: behind the other one, as sticks of others may
/// have it before.
pub(super) fn find(image: &ImageFile) -> Option<u64> {
    let first = FatReader::open(image).ok()?.info().offset;
    exfat_writer::read::find(image).ok().filter(|second| *second > first)
}

impl ImageFile {
    /// Whether there is a second partition whose files are among those of the image.
    pub fn has_second_partition(&self) -> bool {
        self.second.is_some()
    }

    /// Which partition of a stick an entry lies on, from 1 on; `None` where partitions are not told
    /// apart.
    pub fn partition_of(&self, entry: &Entry) -> Option<u32> {
        let is_second = self.second.is_some_and(|second| entry.record_offset >= second);
        (self.file_system == FileSystem::Fat32).then_some(1 + u32::from(is_second))
    }

    /// Visits the files and directories of a stick's first partition, from which firmware starts.
    pub fn walk_first(
        &self,
        visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>,
    ) -> Result<(), String> {
        FatReader::open(self)
            .and_then(|volume| volume.walk(&mut |entry| visit(&of_fat(entry.clone()))))
            .map_err(|error| error.to_string())
    }

    /// Visits those of both; a directory that both have, once.
    pub(super) fn walk_stick(
        &self,
        visit: &mut dyn FnMut(&Entry) -> ControlFlow<()>,
    ) -> Result<(), String> {
        if self.second.is_none() {
            return self.walk_first(visit);
        }
        let mut directories = HashSet::new();
        let mut has_ended = false;
        self.walk_first(&mut |entry| {
            if entry.is_directory() {
                directories.insert(entry.path.clone());
            }
            let flow = visit(entry);
            has_ended |= flow.is_break();
            flow
        })?;
        if has_ended {
            return Ok(());
        }
        let second = ExfatReader::open(self).map_err(of_second)?;
        let walked = second.walk(&mut |entry| match directories.contains(&entry.path) {
            true if entry.is_directory() => ControlFlow::Continue(()),
            _ => visit(&of_exfat(entry.clone())),
        });
        walked.map_err(of_second)
    }

    /// The entry at this path, on the first partition or else on the second.
    pub(super) fn find_on_stick(&self, path: &str) -> Result<Entry, String> {
        let found = FatReader::open(self).and_then(|volume| volume.find(path));
        match found {
            Err(fat32_writer::read::ReadError::NotFound { .. }) if self.second.is_some() => {
                let found = ExfatReader::open(self).and_then(|volume| volume.find(path));
                found.map(of_exfat).map_err(of_second)
            }
            found => found.map(of_fat).map_err(|error| error.to_string()),
        }
    }

    /// What breaks a rule of exFAT on the second partition.
    pub(super) fn faults_of_second(&self, slack: bool) -> Vec<Fault> {
        use exfat_writer::check::{CheckOptions, check};
        if self.second.is_none() {
            return Vec::new();
        }
        let faults = check(self, &CheckOptions { slack, ..Default::default() }).into_iter();
        let fault = |f: exfat_writer::check::Fault| Fault {
            rule: f.rule,
            offset: f.offset,
            path: f.path,
            message: f.message,
        };
        faults.map(fault).collect()
    }
}

fn of_second(error: ReadError) -> String {
    match error {
        ReadError::NotFound { .. } => error.to_string(),
        error => format!("the second partition: {error}"),
    }
}

/// The same entry in the words of the other reader.
fn of_exfat(entry: exfat_writer::read::Entry) -> Entry {
    Entry {
        kind: if entry.is_directory() { EntryKind::Directory } else { EntryKind::File },
        len: entry.len,
        extents: entry.extents,
        record_offset: entry.record_offset,
        path: entry.path,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use exfat_writer::ExfatOptions;
    use fat32_writer::{FatOptions, Partitioning, SecondPartition};
    use image::{FileData, FileTree, Image, Source, ValidTree};

    use super::*;

    fn tree(files: &[(&str, &str)]) -> ValidTree<u32> {
        let mut tree = FileTree::new();
        for (path, text) in files {
            tree.add_file(path, FileData::Bytes(text.as_bytes().into())).unwrap();
        }
        tree.validate().unwrap()
    }

    /// An image with these files on its partitions.
    fn stick(first: &[(&str, &str)], second: &[(&str, &str)]) -> Image<u32> {
        let len = exfat_writer::measure(&tree(second), &ExfatOptions::default()).unwrap();
        let options = FatOptions {
            partitioning: Partitioning::Mbr { disk_signature: 1 },
            second_partition: Some(SecondPartition { len, name: String::new() }),
            ..FatOptions::default()
        };
        let layout = fat32_writer::layout(tree(first), &options).unwrap();
        let start = layout.second_partition().unwrap();
        let options = ExfatOptions { partition_offset: start.0 / 512, ..ExfatOptions::default() };
        let volume = exfat_writer::layout(tree(second), &options).unwrap().into_image();
        layout.into_image().with_inner(start, volume).unwrap()
    }

    fn opened(image: &Image<u32>) -> (tempfile::TempDir, ImageFile) {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("stick.img");
        let file = File::create(&path).unwrap();
        file.set_len(image.len().0).unwrap();
        for extent in image.extents() {
            let mut bytes = Vec::new();
            match &extent.source {
                Source::Bytes(known) => bytes.extend_from_slice(known),
                Source::Encoded { encoder, part } => encoder.encode(*part, &mut bytes),
                Source::Blob { .. } | Source::Zeros => {}
            }
            file.write_all_at(&bytes, extent.start.0).unwrap();
        }
        let image = ImageFile::open(&path).unwrap();
        (room, image)
    }

    #[test]
    fn the_files_of_both_partitions_are_one_tree_with_each_folder_once() {
        let first = [("boot.txt", "boot"), ("SMS/PKG/1/a.txt", "one")];
        let (_room, image) = opened(&stick(&first, &[("SMS/PKG/2/b.txt", "two")]));
        assert_eq!(image.file_system(), FileSystem::Fat32);
        assert!(image.has_second_partition());
        assert_eq!(image.faults(true), []);
        let mut found = Vec::new();
        let walked = image.walk(&mut |entry| {
            found.push((entry.path.clone(), image.partition_of(entry).unwrap()));
            ControlFlow::Continue(())
        });
        walked.unwrap();
        let found: Vec<(&str, u32)> = found.iter().map(|(path, at)| (&**path, *at)).collect();
        assert_eq!(
            found,
            [
                ("SMS", 1),
                ("SMS/PKG", 1),
                ("SMS/PKG/1", 1),
                ("SMS/PKG/1/a.txt", 1),
                ("boot.txt", 1),
                ("SMS/PKG/2", 2),
                ("SMS/PKG/2/b.txt", 2),
            ]
        );
        for (path, text) in [("SMS/PKG/1/a.txt", "one"), ("SMS/PKG/2/b.txt", "two")] {
            assert_eq!(image.read_file(path, 10).unwrap().unwrap(), text.as_bytes());
        }
        let error = image.find("SMS/PKG/3").unwrap_err();
        assert!(error.contains("`SMS/PKG/3` is not in the volume"), "{error}");
        let mut only_first = 0;
        image
            .walk_first(&mut |_| {
                only_first += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(only_first, 5);
    }

    #[test]
    fn of_a_path_on_both_partitions_the_first_is_found_and_both_are_visited() {
        let both = [("a.txt", "first")];
        let (_room, image) = opened(&stick(&both, &[("a.txt", "second")]));
        assert_eq!(image.read_file("a.txt", 10).unwrap().unwrap(), b"first");
        let mut partitions = Vec::new();
        let walked = image.walk(&mut |entry| {
            partitions.push(image.partition_of(entry));
            ControlFlow::Continue(())
        });
        walked.unwrap();
        assert_eq!(partitions, [Some(1), Some(2)]);
    }

    #[test]
    fn a_walk_that_is_ended_goes_on_to_no_other_partition() {
        let (_room, image) = opened(&stick(&[("a.txt", "1")], &[("b.txt", "2")]));
        let mut visited = 0;
        let walked = image.walk(&mut |_| {
            visited += 1;
            ControlFlow::Break(())
        });
        walked.unwrap();
        assert_eq!(visited, 1);
    }
}
