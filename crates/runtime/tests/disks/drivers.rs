//! Drivers that are laid into the applied system.

use std::fs;
use std::path::Path;

use runtime::provider::Provider;
use runtime::providers::ApplyDriverPackage;
use runtime::volume::{FileSystem, Volume, VolumeRole};

use crate::host::{FakeHost, step};
use crate::machine::alone;
use crate::tool;

fn system_at(folder: &Path) -> Volume {
    Volume {
        disk: 0,
        partition: 2,
        role: VolumeRole::Data,
        file_system: Some(FileSystem::Ext4),
        partition_uuid: String::new(),
        device: "/dev/vda2".into(),
        mount: Some(folder.to_owned()),
        applied: true,
        system: true,
    }
}

#[test]
fn a_driver_package_goes_whole_into_the_system() {
    let _alone = alone();
    let room = tempfile::tempdir().unwrap();
    let (content, root) = (room.path().join("content"), room.path().join("root"));
    tool(&format!(
        "mkdir -p {content}/firmware/deep {root} && cd {content} && head -c 300000 /dev/urandom > \
         firmware/deep/a.bin && echo x > install.sh && chmod 755 install.sh && ln -s a.bin \
         firmware/deep/b.bin",
        content = content.display(),
        root = root.display()
    ));
    let mut host = FakeHost::default();
    host.contents.insert("P0100005".into(), content.clone());
    let action = "osddriverclient.exe /install:P0100005  /unsigned:false /recurse:true";
    let run = step("ApplyDriverPackage", action, &[]);
    let error = ApplyDriverPackage.run(&run, &mut host).unwrap_err();
    assert!(error.reason.contains("Apply Operating System has to come first"), "{error}");

    host.volumes.0.push(system_at(&root));
    let target = root.join("usr/lib/tsmedia/drivers/P0100005");
    fs::create_dir_all(&target).unwrap();
    fs::write(target.join("old"), "").unwrap();
    // A second time gives the same.
    for _ in 0..2 {
        ApplyDriverPackage.run(&run, &mut host).unwrap();
        tool(&format!("diff -r --no-dereference {} {}", content.display(), target.display()));
        let left = fs::read_dir(target.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing temporary is left");
    }
    let line = format!(
        "find {} -printf '%m %s %P %l\\n' | grep -v '^... 4096 $' | sort",
        target.display()
    );
    let other = line.replace(&*target.to_string_lossy(), &content.to_string_lossy());
    assert_eq!(tool(&line), tool(&other));
    for action in ["osddriverclient.exe /auto", "osddriverclient.exe /install:../etc"] {
        let run = step("ApplyDriverPackage", action, &[]);
        let error = ApplyDriverPackage.run(&run, &mut host).unwrap_err();
        assert!(error.reason.contains("names no driver package"), "{error}");
    }
}
