use super::*;

fn stamp(inode: u64, modified: i64) -> FileStamp {
    FileStamp { size: 5, ..large(inode, modified) }
}

/// The stamp of a file of three stripes.
fn large(inode: u64, modified: i64) -> FileStamp {
    let modified = Nanoseconds(modified);
    FileStamp { device: 9, inode, size: 150_000, modified, changed: modified }
}

fn checksum(byte: u8, stripes: usize) -> Checksum {
    let sums = (0..stripes).map(|stripe| u32::from(byte) << 8 | stripe as u32).collect();
    let sha1 = Some(Sha1([byte; 20])).filter(|_| byte.is_multiple_of(2));
    Checksum { digest: Digest([byte; 32]), stripes: StripeSums(sums), sha1 }
}

fn known(cache: &HashCache, stamp: &FileStamp) -> Option<Checksum> {
    let sha1 = cache.sha1(stamp);
    Some(Checksum { digest: cache.get(stamp)?, stripes: cache.stripes(stamp)?, sha1 })
}

#[test]
fn what_one_run_learns_the_next_one_knows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache/hashes");
    let first = HashCache::open(&path).unwrap();
    first.learn(stamp(3, 1), &checksum(3, 1));
    first.learn(large(7, 1), &checksum(7, 3));
    first.learn(stamp(1, 1), &checksum(1, 1));
    first.learn(large(2, 1), &checksum(2, 3));
    first.flush().unwrap();
    assert_eq!(known(&first, &large(7, 1)), Some(checksum(7, 3)));

    let second = HashCache::open(&path).unwrap();
    assert_eq!(known(&second, &stamp(1, 1)), Some(checksum(1, 1)));
    assert_eq!(known(&second, &large(2, 1)), Some(checksum(2, 3)));
    assert_eq!(known(&second, &stamp(3, 1)), Some(checksum(3, 1)));
    assert_eq!(known(&second, &stamp(2, 1)), None);
    second.learn(large(5, 1), &checksum(5, 3));
    second.learn(stamp(3, 7), &checksum(33, 1));
    second.flush().unwrap();
    second.learn(large(2, 8), &checksum(22, 3));
    second.flush().unwrap();

    let third = HashCache::open(&path).unwrap();
    assert_eq!(known(&third, &stamp(1, 1)), Some(checksum(1, 1)));
    assert_eq!(known(&third, &large(2, 8)), Some(checksum(22, 3)));
    assert_eq!(known(&third, &large(2, 1)), None);
    assert_eq!(known(&third, &stamp(3, 7)), Some(checksum(33, 1)));
    assert_eq!(known(&third, &stamp(3, 1)), None);
    assert_eq!(known(&third, &large(5, 1)), Some(checksum(5, 3)));
    assert_eq!(known(&third, &large(7, 1)), Some(checksum(7, 3)));
}

#[test]
fn runs_beside_each_other_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hashes");
    let open = || HashCache::open(&path).unwrap();
    let (first, second) = (open(), open());
    first.learn(stamp(1, 1), &checksum(1, 1));
    second.learn(large(2, 1), &checksum(2, 3));
    first.flush().unwrap();
    second.flush().unwrap();
    let third = HashCache::open(&path).unwrap();
    assert_eq!(known(&third, &stamp(1, 1)), Some(checksum(1, 1)));
    assert_eq!(known(&third, &large(2, 1)), Some(checksum(2, 3)));
}

#[test]
fn a_file_as_new_as_the_run_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hashes");
    let cache = HashCache::open(&path).unwrap();
    let now = stamp(1, cache.opened().0);
    cache.learn(now, &checksum(1, 1));
    cache.flush().unwrap();
    assert!(!path.exists());
}

#[test]
fn damage_counts_as_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hashes");
    let cache = HashCache::open(&path).unwrap();
    cache.learn(large(1, 1), &checksum(1, 3));
    cache.flush().unwrap();
    let sound = fs::read(&path).unwrap();
    for at in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        // With another name at the start it is no cache, and refused.
        let opened = HashCache::open(&path);
        let known = opened.ok().and_then(|cache| known(&cache, &large(1, 1)));
        assert_eq!(known, None, "byte {at}");
    }
    fs::write(&path, &sound[..sound.len() - 1]).unwrap();
    assert_eq!(known(&HashCache::open(&path).unwrap(), &large(1, 1)), None);
}

/// A record whose sums are gone still says what the file is.
#[test]
fn sums_that_are_damaged_are_learnt_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hashes");
    let cache = HashCache::open(&path).unwrap();
    cache.learn(large(1, 1), &checksum(1, 3));
    cache.flush().unwrap();
    let mut damaged = fs::read(&path).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&path, damaged).unwrap();

    let cache = HashCache::open(&path).unwrap();
    assert_eq!(cache.get(&large(1, 1)), Some(Digest([1; 32])));
    assert_eq!(cache.stripes(&large(1, 1)), None);
    cache.learn(large(1, 1), &checksum(1, 3));
    cache.learn(stamp(2, 1), &checksum(2, 1));
    cache.flush().unwrap();
    assert_eq!(known(&cache, &large(1, 1)), Some(checksum(1, 3)));
}

#[test]
fn other_files_are_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "a thesis").unwrap();
    fs::write(folder.path().join("notes.lock"), "of somebody else").unwrap();
    let error = HashCache::open(&path).unwrap_err().to_string();
    assert!(error.contains("notes.txt") && error.contains("--cache"), "{error}");
    assert!(HashCache::open(folder.path()).is_err());

    // It came after the run had begun.
    fs::remove_file(&path).unwrap();
    let cache = HashCache::open(&path).unwrap();
    cache.learn(stamp(1, 1), &checksum(1, 1));
    fs::write(&path, "a thesis").unwrap();
    assert!(cache.flush().is_err());
    assert_eq!(fs::read(&path).unwrap(), b"a thesis");
    fs::write(&path, "").unwrap();
    cache.flush().unwrap();
    assert!(known(&HashCache::open(&path).unwrap(), &stamp(1, 1)).is_some());
    assert_eq!(fs::read(folder.path().join("notes.lock")).unwrap(), b"of somebody else");
}
