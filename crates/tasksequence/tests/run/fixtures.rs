//! The sequences that all tests share, run as a whole.

use tasksequence::TaskSequence;
use tasksequence::run::{Child, Deployment, Instruction, Machine, Policy, Running, Start};

use crate::support::{Known, drive, exited, restarted, sequence, set, start, step, words};

/// Runs from Windows PE with everything known and every step successful.
fn told(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let (parent, _) = TaskSequence::parse(text).expect("the fixture is a sequence");
    let child = sequence(&step("of the child", ""));
    let lookup = |_: &str| Some(Child { sequence: &child, enabled: true });
    let policy = Policy::merge("XYZ00001", "Fixture", &parent, &lookup).unwrap();
    let deployments = [Deployment { id: String::new(), required: false, policy }];
    let start = Start { running: Running::WinPe, ..start(variables) };
    let query = "SELECT * FROM Win32_ComputerSystem WHERE Model LIKE '%Virtual%'";
    let facts = Known { queries: vec![query], ..Known::default() };
    let mut machine = Machine::new(&deployments, &start).unwrap();
    let told = drive(&mut machine, &facts, &mut |instruction| match instruction {
        Instruction::Restart(restart) => vec![restarted(restart.target)],
        // As after an image was applied: what follows runs in the installed system.
        Instruction::RunStep(run) if run.step.path.name() == "Drivers" => {
            vec![set("SMSTSRebootRequested", "HD"), exited(0)]
        }
        _ => vec![exited(0)],
    });
    words(&told)
}

#[test]
fn the_sequence_of_configuration_manager() {
    let text = include_str!("../fixtures/configmgr.xml");
    let variables = [("Role", "Kiosk")];
    // Its empty operator counts as absent, so the role would have to be two at once.
    assert_eq!(
        told(text, &variables),
        ["Check %OSDComputerName%", "Script", "No package", "With package", "succeeded",]
    );
    assert_eq!(
        told(&text.replace(">office<", ">kiosk<"), &variables),
        [
            "Check %OSDComputerName%",
            "Script",
            "No package",
            "With package",
            "Drivers",
            "restart to Hd",
            "Protect",
            "Prepare",
            "of the child",
            "Unknown",
            "succeeded",
        ]
    );
}

#[test]
fn the_sequence_of_mdt() {
    let variables = [("DeploymentType", "newcomputer")];
    assert_eq!(
        told(include_str!("../fixtures/mdt.xml"), &variables),
        [
            "Gather",
            "Only a command",
            "Format disk",
            "Install operating system",
            "Inject drivers",
            "restart to WinPe",
            "Install chosen",
            "Post-apply clean-up",
            "succeeded",
        ]
    );
}
