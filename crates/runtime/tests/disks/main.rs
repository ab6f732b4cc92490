//! Disks, partitions and images on the target, checked with the tools of others. Needs root, as
//! loop devices stand for disks.

mod apply;
mod capture;
mod drivers;
mod execute;
mod host;
mod machine;
mod plan;
mod readiness;
mod tables;

use std::process::Command;

/// Runs a program that must succeed, and returns what it prints.
fn tool(line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}\n{text}{errors}");
    text
}
