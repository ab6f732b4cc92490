use super::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The names and texts of all files that can be read.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let text = |name: String| Some((name.clone(), fs::read_to_string(folder.join(name)).ok()?));
    names(folder).into_iter().filter_map(text).collect()
}

fn paths(folder: &Path) -> OutputPaths {
    OutputPaths::new(&folder.join("w11.iso")).unwrap()
}

/// An old set of three discs and a new one of two, ready to be published.
fn three_old_and_two_new(paths: &OutputPaths) {
    for disc in 1..=3 {
        fs::write(paths.disc(disc, 3), format!("old {disc}")).unwrap();
    }
    for disc in 1..=2 {
        fs::write(paths.partial(disc), format!("new disc {disc}")).unwrap();
    }
}

const OLD: [(&str, &str); 3] =
    [("w11.1.iso", "old 1"), ("w11.2.iso", "old 2"), ("w11.3.iso", "old 3")];
const NEW: [(&str, &str); 2] = [("w11.1.iso", "new disc 1"), ("w11.2.iso", "new disc 2")];

fn assert_holds(folder: &Path, expected: &[(&str, &str)], when: &str) {
    let expected = expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    assert_eq!(texts(folder), expected.collect::<Vec<_>>(), "{when}");
}

fn never() {
    panic!("the set does not count");
}

#[test]
fn a_second_run_does_not_get_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(folder.path());
    let first = OutputLock::take(&paths).unwrap();
    assert!(matches!(OutputLock::take(&paths), Err(Error::Locked { .. })));
    drop(first);
    drop(OutputLock::take(&paths).unwrap());
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn publishing_replaces_the_old_set_and_removes_what_is_stale() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(folder.path());
    let lock = OutputLock::take(&paths).unwrap();
    three_old_and_two_new(&paths);
    let mut kept = false;
    let published = lock.publish(2, &[paths.disc(3, 3)], || kept = true).unwrap();
    drop(lock);
    assert!(kept);
    assert_eq!(published, [paths.disc(1, 2), paths.disc(2, 2)]);
    assert_holds(folder.path(), &NEW, "published");
}

#[test]
fn names_with_tabs_and_line_ends_are_published_too() {
    let folder = tempfile::tempdir().unwrap();
    let paths = OutputPaths::new(&folder.path().join("w\t1\n1.iso")).unwrap();
    let lock = OutputLock::take(&paths).unwrap();
    fs::write(paths.partial(1), "new").unwrap();
    lock.publish(1, &[], || {}).unwrap();
    drop(lock);
    assert_holds(folder.path(), &[("w\t1\n1.iso", "new")], "published");
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(folder.path());
    fs::write(paths.single(), "old").unwrap();
    fs::write(paths.partial(1), "half").unwrap();
    fs::write(paths.partial(0), "half").unwrap();
    drop(OutputLock::take(&paths).unwrap());
    assert_holds(folder.path(), &[("w11.iso", "old")], "mended");
}

#[test]
fn a_target_that_is_no_file_is_named_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(folder.path());
    let lock = OutputLock::take(&paths).unwrap();
    three_old_and_two_new(&paths);
    let target = paths.disc(2, 2);
    fs::remove_file(&target).unwrap();
    for link in [false, true] {
        match link {
            false => fs::create_dir(&target).unwrap(),
            true => std::os::unix::fs::symlink("w11.3.iso", &target).unwrap(),
        }
        let before = texts(folder.path());
        let checked = lock.check_targets(2).unwrap_err();
        let published = lock.publish(2, &[paths.disc(3, 3)], never).unwrap_err();
        for error in [checked, published] {
            let Error::Input { path, message } = error else { panic!("{error:?}") };
            assert_eq!(path, target);
            assert!(message.contains("move it away"), "{message}");
        }
        assert_eq!(texts(folder.path()), before);
        if !link {
            fs::remove_dir(&target).unwrap();
        }
    }
    lock.check_targets(1).unwrap();
}

#[test]
fn a_journal_that_cannot_be_written_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(folder.path());
    let lock = OutputLock::take(&paths).unwrap();
    three_old_and_two_new(&paths);
    fs::create_dir(lock.draft()).unwrap();
    let before = texts(folder.path());
    lock.publish(2, &[paths.disc(3, 3)], never).unwrap_err();
    assert_eq!(texts(folder.path()), before);
}

/// While a journal is there the temporary files belong to it, whoever put it there.
#[test]
fn discs_are_kept_for_a_journal_that_cannot_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(folder.path());
    let lock = OutputLock::take(&paths).unwrap();
    three_old_and_two_new(&paths);
    fs::create_dir(lock.journal()).unwrap();
    let mut kept = false;
    lock.publish(2, &[paths.disc(3, 3)], || kept = true).unwrap_err();
    assert!(kept);
}

/// Writes the journal of a publication and does its first steps, as a run that is killed then.
fn killed_after(done: usize, paths: &OutputPaths) {
    let lock = OutputLock::take(paths).unwrap();
    three_old_and_two_new(paths);
    let steps = lock.steps(2, &[paths.disc(3, 3)]).unwrap();
    lock.write_journal(&steps).unwrap();
    steps[..done].iter().try_for_each(|step| lock.apply(step)).unwrap();
}

#[test]
fn a_set_that_counted_is_published_by_the_next_run_wherever_the_first_was_killed() {
    for done in 0..=3 {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        killed_after(done, &paths);
        drop(OutputLock::take(&paths).unwrap());
        assert_holds(folder.path(), &NEW, &format!("after {done} steps"));
    }
}

#[test]
fn a_set_that_did_not_count_leaves_the_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(folder.path());
    killed_after(0, &paths);
    fs::rename(paths.hidden("journal"), paths.partial(0)).unwrap();
    drop(OutputLock::take(&paths).unwrap());
    assert_holds(folder.path(), &OLD, "mended");
}

/// Between two steps somebody puts a folder where the next disc goes. Nothing more is done until
/// it is gone, and then all of it.
#[test]
fn a_step_that_fails_is_named_with_its_remedy_and_done_by_a_later_run() {
    for done in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        killed_after(done, &paths);
        let target = paths.disc(2, 2);
        fs::remove_file(&target).unwrap();
        fs::create_dir(&target).unwrap();
        let before = texts(folder.path());
        let error = OutputLock::take(&paths).unwrap_err();
        let Error::Input { path, message } = error else { panic!("{error:?}") };
        assert_eq!(path, paths.hidden("journal"));
        assert!(message.contains("`w11.2.iso`") && message.contains("move it away"), "{message}");
        assert_eq!(texts(folder.path()), before, "after {done} steps");
        fs::remove_dir(&target).unwrap();
        drop(OutputLock::take(&paths).unwrap());
        assert_holds(folder.path(), &NEW, &format!("after {done} steps"));
    }
}

#[test]
fn a_disc_that_is_gone_is_not_reported_as_published() {
    for done in 0..=3 {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        killed_after(done, &paths);
        // Under one of the two names the new disc is; an old one may be under the other.
        let new = if done < 2 { paths.partial(2) } else { paths.disc(2, 2) };
        fs::remove_file(new).unwrap();
        let before = texts(folder.path());
        let error = OutputLock::take(&paths).unwrap_err();
        let Error::Input { path, message } = error else { panic!("{error:?}") };
        assert_eq!(path, paths.hidden("journal"));
        assert!(message.contains("`w11.2.iso` are gone"), "{message}");
        assert!(message.contains("remove this journal"), "{message}");
        assert_eq!(texts(folder.path()), before, "after {done} steps");
    }
}

#[test]
fn a_file_that_came_under_the_name_of_a_stale_disc_stays() {
    let folder = tempfile::tempdir().unwrap();
    let paths = paths(folder.path());
    killed_after(3, &paths);
    fs::write(paths.disc(3, 3), "somebody's own file").unwrap();
    drop(OutputLock::take(&paths).unwrap());
    let own = [NEW[0], NEW[1], ("w11.3.iso", "somebody's own file")];
    assert_holds(folder.path(), &own, "published");
}

#[test]
fn a_journal_that_is_not_understood_stops_the_run_and_nothing_is_lost() {
    let old = "tsmedia journal 1\nrename\t.w11.iso.tsmedia.1.partial\tw11.iso\nend\n";
    for text in
        [old.as_bytes(), b"", b"\xff\n", b"{\"format\":\"tsmedia-journal\",\"version\":2}\n"]
    {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        fs::write(paths.single(), "old").unwrap();
        fs::write(paths.partial(1), "new").unwrap();
        fs::write(paths.hidden("journal"), text).unwrap();
        let before = names(folder.path());
        let error = OutputLock::take(&paths).unwrap_err();
        let Error::Input { path, message } = error else { panic!("{error:?}") };
        assert_eq!(path, paths.hidden("journal"));
        assert!(message.contains("remove this journal"), "{message}");
        assert_eq!(names(folder.path()), before);
        fs::remove_file(path).unwrap();
        drop(OutputLock::take(&paths).unwrap());
        assert_holds(folder.path(), &[("w11.iso", "old")], "mended");
    }
}
