//! Trees of generated files.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::digest::{FileRecord, hex};
use crate::random::SplitMix64;
use crate::recipe::{SizeClass, Synthetic};
use crate::{Error, TreeDigest};

/// The modification time of every file, 2026-01-01 00:00 UTC in seconds since 1970: media made
/// from the tree must not depend on the day when it was made.
const MODIFIED_SECONDS: u64 = 1_767_225_600;

/// How much is generated, hashed and written at a time; small enough to stay in a core's cache.
const PIECE_BYTES: usize = 1 << 16;

/// How much of a sparse file is not a hole: one block of common file systems.
const SPARSE_HEAD_BYTES: u64 = 4096;

/// What separates the uses of the seed.
const STREAM_SIZE: u64 = 1;
const STREAM_DUPLICATE: u64 = 2;
const STREAM_BYTES: u64 = 3;

/// One file before it is written.
struct PlannedFile {
    path: String,
    /// Files with the same number have the same bytes.
    content: u64,
    size: u64,
}

/// Makes the tree on all cores and returns its digest, which is computed on the way.
pub fn make(recipe: &Synthetic, target: &Path) -> Result<TreeDigest, Error> {
    let files = plan(recipe);
    let folders: BTreeSet<&str> =
        files.iter().filter_map(|file| Some(file.path.rsplit_once('/')?.0)).collect();
    for folder in folders {
        let path = target.join(folder);
        fs::create_dir_all(&path).map_err(|source| Error::Write { path, source })?;
    }
    let records = files
        .par_iter()
        .map(|file| {
            let path = target.join(&file.path);
            let sha256 =
                write_file(recipe, file, &path).map_err(|source| Error::Write { path, source })?;
            Ok(FileRecord { path: file.path.clone(), size: file.size, sha256 })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(TreeDigest::of_records(records))
}

fn plan(recipe: &Synthetic) -> Vec<PlannedFile> {
    let mut original_sizes: Vec<u64> = Vec::new();
    let mut files = Vec::new();
    for number in 0..recipe.files {
        // Duplicates lie evenly among the others: the share below any point is the whole share.
        let due = |files: u64| u128::from(files) * u128::from(recipe.duplicates);
        let is_duplicate =
            due(number + 1) / u128::from(recipe.files) > due(number) / u128::from(recipe.files);
        let content = if is_duplicate && !original_sizes.is_empty() {
            SplitMix64::keyed(&[recipe.seed, STREAM_DUPLICATE, number])
                .below(original_sizes.len() as u64)
        } else {
            let content = original_sizes.len() as u64;
            let mut random = SplitMix64::keyed(&[recipe.seed, STREAM_SIZE, content]);
            original_sizes.push(draw_size(&recipe.sizes, &mut random));
            content
        };
        let size = original_sizes[content as usize];
        files.push(PlannedFile { path: path_of(recipe, number), content, size });
    }
    files
}

/// Draws by whole numbers only: floating-point logarithms differ between machines.
fn draw_size(classes: &[SizeClass], random: &mut SplitMix64) -> u64 {
    let mut point = random.below(classes.iter().map(|class| class.weight).sum());
    for class in classes {
        if point >= class.weight {
            point -= class.weight;
            continue;
        }
        let octave = |size: u64| u64::from(size.max(1).ilog2());
        let (first, last) = (octave(class.from), octave(class.to));
        let drawn = first + random.below(last - first + 1);
        let low = class.from.max(1 << drawn).min(class.to);
        let high = class.to.min(((1u128 << (drawn + 1)) - 1) as u64);
        return low + random.below(high - low + 1);
    }
    0
}

/// `P0000003/folder12/folder04/file-0001234.dll`: unique without regard to case.
fn path_of(recipe: &Synthetic, number: u64) -> String {
    const EXTENSIONS: [&str; 6] = ["dll", "inf", "sys", "cat", "exe", "xml"];
    let content_files = recipe.files.div_ceil(recipe.contents);
    let (content, within) = (number / content_files, number % content_files);
    let mut folder = within / recipe.folder_files;
    let mut folders = Vec::new();
    while folder > 0 {
        folders.push(format!("folder{:02}/", folder % recipe.folder_folders));
        folder /= recipe.folder_folders;
    }
    folders.reverse();
    let extension = EXTENSIONS[(number % EXTENSIONS.len() as u64) as usize];
    format!("P{:07}/{}file-{number:07}.{extension}", content + 1, folders.concat())
}

/// Writes one file and returns the SHA-256 of its bytes.
fn write_file(recipe: &Synthetic, file: &PlannedFile, path: &Path) -> std::io::Result<String> {
    let mut output = File::create(path)?;
    let mut hasher = Sha256::new();
    let mut random = SplitMix64::keyed(&[recipe.seed, STREAM_BYTES, file.content]);
    let written = if recipe.sparse { file.size.min(SPARSE_HEAD_BYTES) } else { file.size };
    let mut buffer = [0; PIECE_BYTES];
    let mut left = written;
    while left > 0 {
        let piece = &mut buffer[..left.min(PIECE_BYTES as u64) as usize];
        random.fill(piece);
        hasher.update(&*piece);
        output.write_all(piece)?;
        left -= piece.len() as u64;
    }
    if written < file.size {
        output.set_len(file.size)?;
        hash_zeros(&mut hasher, file.size - written);
    }
    output.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED_SECONDS))?;
    Ok(hex(&hasher.finalize()))
}

fn hash_zeros(hasher: &mut Sha256, mut left: u64) {
    static ZEROS: [u8; PIECE_BYTES] = [0; PIECE_BYTES];
    while left > 0 {
        let piece = left.min(PIECE_BYTES as u64);
        hasher.update(&ZEROS[..piece as usize]);
        left -= piece;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn recipe() -> Synthetic {
        Synthetic {
            purpose: String::new(),
            generator: 1,
            seed: 7,
            files: 300,
            duplicates: 100,
            contents: 4,
            folder_files: 5,
            folder_folders: 3,
            sparse: false,
            sizes: vec![
                SizeClass { weight: 1, from: 0, to: 0 },
                SizeClass { weight: 9, from: 100, to: 9000 },
            ],
            digest: None,
        }
    }

    #[test]
    fn the_tree_read_back_has_the_digest_computed_on_the_way() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let made = make(&recipe(), folder.path()).expect("the tree is made");
        assert_eq!(made.files, 300);
        assert_eq!(TreeDigest::of_folder(folder.path()).expect("the tree is read"), made);
    }

    #[test]
    fn sparse_files_read_back_with_the_same_digest() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let sizes = vec![SizeClass { weight: 1, from: 100_000, to: 200_000 }];
        let sparse = Synthetic { sparse: true, sizes, ..recipe() };
        let made = make(&sparse, folder.path()).expect("the tree is made");
        assert_eq!(TreeDigest::of_folder(folder.path()).expect("the tree is read"), made);
    }

    #[test]
    fn as_many_files_repeat_a_content_as_the_recipe_says() {
        let mut sizes_by_content: HashMap<u64, Vec<u64>> = HashMap::new();
        for file in plan(&recipe()) {
            sizes_by_content.entry(file.content).or_default().push(file.size);
        }
        assert_eq!(sizes_by_content.len(), 200);
        for sizes in sizes_by_content.values() {
            assert!(sizes.iter().all(|size| size == &sizes[0]));
        }
    }

    #[test]
    fn sizes_keep_within_their_class() {
        let classes = [SizeClass { weight: 1, from: 100, to: 9000 }];
        let mut random = SplitMix64::keyed(&[1]);
        let sizes: Vec<u64> = (0..2000).map(|_| draw_size(&classes, &mut random)).collect();
        assert!(sizes.iter().all(|size| (100..=9000).contains(size)));
        assert!(sizes.iter().any(|&size| size < 128) && sizes.iter().any(|&size| size > 8192));
    }

    #[test]
    fn paths_are_unique_without_regard_to_case() {
        let paths: BTreeSet<String> =
            plan(&recipe()).iter().map(|file| file.path.to_uppercase()).collect();
        assert_eq!(paths.len(), 300);
    }
}
