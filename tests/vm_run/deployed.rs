//! Deployments: how they begin, and what they leave on the disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use content::Digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::disk::{check_ext4, read_from_ext4};
use crate::guest::Guest;
use crate::machine::require;
use crate::scenario::{PARTS, PASSWORD};
use crate::site::{Site, noise};

/// From firmware to the first question.
pub const BOOT: Duration = Duration::from_secs(300);
/// The longest step: applying an image.
pub const STEP: Duration = Duration::from_secs(400);
pub const MOMENT: Duration = Duration::from_secs(60);

/// The static program that `tools/runtime` made.
fn runtime() -> PathBuf {
    let path = std::env::var_os("TSMEDIA_TEST_RUNTIME").map(PathBuf::from).unwrap_or_default();
    require(&path, "TSMEDIA_TEST_RUNTIME=$(tools/runtime) in the environment, or tools/test vm");
    path
}

/// Builds a definition with the runtime in it and returns all images of the site.
pub fn build(site: &Site, name: &str) -> Vec<PathBuf> {
    site.succeed(&["build", name, "--runtime", runtime().to_str().unwrap()]);
    site.outputs().iter().map(|name| site.path("out").join(name)).collect()
}

pub fn unlock(guest: &mut Guest) {
    guest.answer("Password of the media: ", PASSWORD, BOOT);
}

/// Waits until the run in the installed system has succeeded, and switches the computer off.
/// Returns what was printed until then.
pub fn wait_for_success(guest: &mut Guest) -> String {
    let printed = guest.wait_for("The task sequence has succeeded", STEP);
    guest.answer("target login: ", "root", BOOT);
    guest.answer("root@target", "systemctl poweroff", MOMENT);
    guest.wait_for_power_off(MOMENT);
    printed
}

/// What the site's sequence leaves on the disk; `tool` is what the tool consists of.
pub fn check_deployed(disk: &Path, tool: &[u8]) {
    let file = |path: &str| read_from_ext4(disk, 2, path);
    assert!(file("/opt/tool/tool.bin").is_some_and(|found| found == tool));
    let sums = String::from_utf8(file("/opt/viewer/sums").unwrap()).unwrap();
    for (number, len) in (1..).zip(PARTS) {
        let sum = Digest(Sha256::digest(noise(number, len)).into());
        assert!(sums.contains(&format!("{sum}  part-{number}.bin")), "{sums}");
    }
    assert_eq!(file("/root/deployed"), Some(Vec::new()));
    let log = String::from_utf8(file("/var/log/tsmedia/smsts.log").unwrap()).unwrap();
    assert!(log.contains("is installed already"), "the tool was installed twice: {log}");
    assert!(!log.contains(PASSWORD));
    assert_eq!(file("/_SMSTaskSequence/state.json"), None);
    let status = file("/var/log/tsmedia/status.json").expect("the system has the status");
    let status: Value = serde_json::from_slice(&status).unwrap();
    assert_eq!(status["state"], "succeeded", "{status}");
    assert_eq!(outcomes(&status).iter().filter(|it| **it == "failed").count(), 1, "{status}");
    check_ext4(disk, 2);
}

/// How each step of a run ended.
pub fn outcomes(status: &Value) -> Vec<&str> {
    let steps = status["steps"].as_array().expect("the status has steps");
    steps.iter().filter_map(|step| step["outcome"].as_str()).collect()
}
