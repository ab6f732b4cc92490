//! The site whose task sequence deploys an OS image from three discs.

use std::path::Path;

use serde_json::Value;

use crate::machine::{boot_tree, os_image};
use crate::site::{Site, noise, tool};

/// What unlocks the media.
pub const PASSWORD: &str = "correct horse";
/// The scope of the applications' ids.
const SCOPE: &str = "ScopeId_6f0d3c1e-58a5-4f4e-9a4c-0f6f3c1b2a11";
/// The viewer, which needs the tool.
const VIEWER: &str = "Application_5b1f7c0a-2d43-4b6e-9a0c-7e1d2f3a4b5c";
const TOOL: &str = "Application_91c2d3e4-f5a6-4b78-8c9d-0e1f2a3b4c5d";
/// How many bytes the tool has.
pub const TOOL_BYTES: usize = 1_000_000;
/// The lengths of the viewer's files. With what is left of disc 2 behind the OS image the first one
/// fits there and the second one does not.
pub const PARTS: [usize; 2] = [10_000_000, 40_000_000];

/// A site with a definition `set` of stand-alone media on three discs of 80 MB, with a password.
///
/// Its task sequence makes an EFI system partition and an ext4 volume on disk 0, applies the OS
/// image, which is cut between discs 1 and 2, restarts from the disk, installs the viewer (and with
/// it the tool, which it depends on) and the tool, runs a command that fails and may, and touches
/// `/root/deployed`. The applications leave `/opt/tool/tool.bin`, and in `/opt/viewer/sums` what
/// sha256sum said of the viewer's files, of which one lies on disc 2 and one on disc 3.
pub fn three_discs(image: &Path) -> Site {
    let site = boot_site();
    let here = site.path("");
    tool("mkdir", &["content/P0100300"], &here);
    let image = image.display().to_string();
    tool("cp", &["--reflink=auto", &image, "content/P0100300/install.wim"], &here);
    site.write(
        "catalog/P0100300.toml",
        "id = \"P0100300\"\nkind = \"os-image\"\nname = \"Debian\"\nsource = \"P0100300\"\n\n\
         [[image]]\nindex = 1\nname = \"Debian\"\narchitecture = \"x64\"\n",
    );
    write_applications(&site);
    site.write("task-sequences/P0100100.xml", sequence("", ""));
    site.write("password", format!("{PASSWORD}\n"));
    site.define("set", "80 MB", "\n[security]\npassword-file = \"password\"\n");
    site
}

/// A site with the boot image.
pub fn boot_site() -> Site {
    let site = Site::new();
    let here = site.path("");
    let tree = boot_tree().display().to_string();
    tool("rm", &["-r", "content/boot"], &here);
    tool("cp", &["-a", &tree, "content/boot"], &here);
    site
}

fn write_applications(site: &Site) {
    let application = |id: &str, name: &str, model: &str, shows: &str, more: &str| {
        format!(
            "id = \"{id}\"\nkind = \"application\"\nname = \"{name}\"\nversion = \"1\"\n\
             model-name = \"{SCOPE}/{model}\"\n\n[[deployment-type]]\nname = \"Files\"\n\
             install = \"sh install.sh\"\nsource = \"{id}\"\n\
             detection = {{ file = \"{shows}\" }}\n{more}"
        )
    };
    site.write(
        "catalog/P0100401.toml",
        application("P0100401", "Tool", TOOL, "/opt/tool/tool.bin", ""),
    );
    site.write("content/P0100401/tool.bin", noise(41, TOOL_BYTES));
    site.write("content/P0100401/install.sh", "mkdir -p /opt/tool && cp tool.bin /opt/tool/\n");
    site.write(
        "catalog/P0100402.toml",
        application(
            "P0100402",
            "Viewer",
            VIEWER,
            "/opt/viewer/sums",
            "dependencies = [\"P0100401\"]\n",
        ),
    );
    for (number, len) in (1..).zip(PARTS) {
        let path = format!("content/P0100402/part-{number}.bin");
        site.write(&path, noise(number, len));
    }
    let install = "test -e /opt/tool/tool.bin && mkdir -p /opt/viewer && \
                   sha256sum part-*.bin >/opt/viewer/sums\n";
    site.write("content/P0100402/install.sh", install);
}

/// The task sequence. `condition` is that of the step that partitions the disk, and `target` where
/// the image goes; empty for always, and for the volume that was made.
pub fn sequence(condition: &str, target: &str) -> String {
    let disk = partitions(&[["EFI", "FAT32", "64", "MB"], ["Primary", "ext4", "100", "PERCENT"]]);
    let image = [variable("OSDImageIndex", "1"), variable("ImagePackageID", "P0100300")];
    let install = |name: &str, model: &str| {
        let id = format!("{SCOPE}/{model}");
        let action = format!("smsappinstall.exe /app:{id} /basevar: /continueOnError:False");
        let variables = [variable("ApplicationName", &id)];
        step("InstallApplication", name, "runIn=\"FullOS\"", &action, &variables)
    };
    let pe = "runIn=\"WinPE\"";
    let deploy = [
        step("PartitionDisk", "Partition Disk", pe, "osddiskpart.exe", &disk)
            .replace("</action>", &format!("</action>{condition}")),
        step(
            "ApplyOperatingSystem",
            "Apply Operating System Image",
            pe,
            &format!("OSDApplyOS.exe /image:P0100300,%OSDImageIndex% {target} /runfromnet:False"),
            &image,
        ),
        step(
            "Reboot",
            "Restart Computer",
            "runIn=\"WinPEandFullOS\"",
            "smsboot.exe /target:HD",
            &[variable("SMSRebootTimeout", "1"), variable("SMSRebootTarget", "HD")],
        ),
    ];
    let set_up = [
        install("Install Viewer", VIEWER),
        install("Install Tool", TOOL),
        command("Fail", "runIn=\"FullOS\" continueOnError=\"true\"", " false"),
        command("Leave a Mark", "runIn=\"FullOS\"", " touch /root/deployed"),
    ];
    format!(
        "<sequence version=\"3.10\"><referenceList><reference package=\"P0100300\"/>\
         <reference application=\"{SCOPE}/{VIEWER}\"/><reference application=\"{SCOPE}/{TOOL}\"/>\
         </referenceList><group name=\"Install Operating System\" description=\"\">{}</group>\
         <group name=\"Set Up Operating System\" description=\"\">{}</group></sequence>",
        deploy.concat(),
        set_up.concat(),
    )
}

/// The variables of a step that makes these partitions on disk 0, each with its type, file system,
/// size and unit.
pub fn partitions(partitions: &[[&str; 4]]) -> Vec<String> {
    let mut all = vec![
        variable("OSDDiskIndex", "0"),
        variable("OSDPartitionStyle", "GPT"),
        variable("OSDPartitions", &partitions.len().to_string()),
    ];
    for (at, values) in partitions.iter().enumerate() {
        let fields = ["Type", "FileSystem", "Size", "SizeUnits"].iter().zip(values);
        all.extend(
            fields.map(|(field, value)| variable(&format!("OSDPartitions{at}{field}"), value)),
        );
    }
    all
}

/// A condition on a variable.
pub fn condition(name: &str, operator: &str, value: &str) -> String {
    let variables = [("Operator", operator), ("Value", value), ("Variable", name)]
        .map(|(name, value)| format!("<variable name=\"{name}\">{value}</variable>"));
    format!(
        "<condition><expression type=\"SMS_TaskSequence_VariableConditionExpression\">{}\
         </expression></condition>",
        variables.concat()
    )
}

/// A Run Command Line step.
pub fn command(name: &str, attributes: &str, line: &str) -> String {
    let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let action = format!("smsswd.exe /run:{line}");
    step("RunCommandLine", name, attributes, &action, &[variable("CommandLine", &line)])
}

pub fn variable(name: &str, value: &str) -> String {
    format!("<variable name=\"{name}\" property=\"{name}\">{value}</variable>")
}

/// A step; `attributes` are those that not all have.
pub fn step(
    kind: &str,
    name: &str,
    attributes: &str,
    action: &str,
    variables: &[String],
) -> String {
    format!(
        "<step type=\"SMS_TaskSequence_{kind}Action\" name=\"{name}\" description=\"\" \
         {attributes} successCodeList=\"0 3010\" runFromNet=\"false\">\
         <action>{action}</action><defaultVarList>{}</defaultVarList></step>",
        variables.concat(),
    )
}

#[test]
fn the_plan_has_the_os_image_and_the_viewer_on_two_discs_each() {
    let site = three_discs(&os_image());
    let said: Value = serde_json::from_str(&site.succeed(&["check", "set", "--json"])).unwrap();
    let problems = said["problems"].as_array().unwrap();
    // A warning that no runtime goes along is as it should be: this is the site, without one.
    assert!(problems.iter().all(|problem| problem["severity"] != "error"), "{said}");
    let plan: Value = serde_json::from_str(&site.succeed(&["plan", "set", "--json"])).unwrap();
    let discs = plan["discs"].as_array().unwrap();
    assert_eq!(discs.len(), 3, "{plan}");
    let discs_with = |id: &str| -> Vec<usize> {
        let holds = |disc: &Value| {
            let contents = disc["contents"].as_array().unwrap();
            contents.iter().any(|content| content["id"] == id)
        };
        (1..).zip(discs).filter(|(_, disc)| holds(disc)).map(|(number, _)| number).collect()
    };
    assert_eq!(discs_with("P0100300"), [1, 2]);
    assert_eq!(discs_with("P0100401"), [2]);
    assert_eq!(discs_with("P0100402"), [2, 3]);
}
