//! Restarts that are asked for and others, and steps that run again.

use tasksequence::run::{Event, Instruction, Machine, NoFacts, RestartTarget, Running, StepEnd};

use crate::support::{
    deployment, drive, exited, own_variables, restarted, run, sequence, set, set_variable, start,
    step, typed, with_codes, words,
};

const LIST: &str = "successCodeList=\"0 3010\"";

/// Runs in this system; the step `1` sets variables and ends with the code.
fn asking(
    items: &str,
    running: Running,
    variables: &[(&str, &str)],
    code: i64,
) -> (String, Vec<Instruction>) {
    let deployments = [deployment(&sequence(items))];
    let mut begin = start(&[]);
    begin.running = running;
    let mut machine = Machine::new(&deployments, &begin).unwrap();
    let mut asked = false;
    let told = drive(&mut machine, &NoFacts, &mut |instruction| match instruction {
        Instruction::RunStep(run) if run.step.path.name() == "1" && !asked => {
            asked = true;
            let mut events: Vec<Event> =
                variables.iter().map(|(name, value)| set(name, value)).collect();
            events.push(exited(code));
            events
        }
        other => with_codes(&[])(other),
    });
    assert_eq!(machine.environment().get("SMSTSRebootRequested"), None);
    (words(&told).join(" "), told)
}

#[test]
fn exit_code_3010_restarts_and_the_next_step_follows() {
    let items = step("1", LIST) + &step("2", "");
    assert_eq!(asking(&items, Running::FullOs, &[], 3010).0, "1 restart to Hd 2 succeeded");
    assert_eq!(asking(&items, Running::WinPe, &[], 3010).0, "1 restart to WinPe 2 succeeded");
    assert_eq!(run(&step("1", LIST), &[], &[("1", 3010)]), ["1", "restart to Hd", "succeeded"]);
}

#[test]
fn exit_code_3010_of_install_package_and_application_restarts_whatever_their_lists_say() {
    for (stem, action) in [
        ("InstallSoftware", "smsswd.exe /pkg:ABC00010 /install"),
        ("InstallApplication", "smsappinstall.exe /app:ScopeId_A/Application_B"),
    ] {
        let action = format!("<action>{action}</action>");
        let items = typed(stem, "1", "successCodeList=\"0\"", &action) + &step("2", "");
        assert_eq!(asking(&items, Running::FullOs, &[], 3010).0, "1 restart to Hd 2 succeeded");
    }
    assert_eq!(asking(&step("1", ""), Running::FullOs, &[], 3010).0, "1 failed 0xbc2");
}

#[test]
fn a_step_asks_for_a_restart_by_variable() {
    let items = step("1", "") + &step("2", "");
    for (word, running, expected) in [
        ("HD", Running::WinPe, "1 restart to Hd 2 succeeded"),
        ("winpe", Running::FullOs, "1 restart to WinPe 2 succeeded"),
        ("true", Running::FullOs, "1 restart to Hd 2 succeeded"),
        ("true", Running::WinPe, "1 restart to WinPe 2 succeeded"),
    ] {
        assert_eq!(asking(&items, running, &[("SMSTSRebootRequested", word)], 0).0, expected);
    }
}

#[test]
fn a_step_that_asks_for_a_retry_too_runs_again_after_the_restart() {
    let items = step("1", "") + &step("2", "");
    for (word, expected) in [
        ("true", "1 restart to Hd 1 2 succeeded"),
        ("HD", "1 restart to Hd 1 2 succeeded"),
        ("WinPE", "1 restart to WinPe 1 2 succeeded"),
    ] {
        let variables = [("SMSTSRetryRequested", "true"), ("SMSTSRebootRequested", word)];
        // Its result is not judged: it is not finished.
        for code in [0, 5] {
            let (words, told) = asking(&items, Running::FullOs, &variables, code);
            assert_eq!(words, expected);
            let Instruction::RunStep(again) = &told[2] else { panic!("a step") };
            assert_eq!(again.attempt, 2);
        }
    }
}

#[test]
fn a_step_whose_time_ran_out_fails_whatever_it_asked_for() {
    let deployments = [deployment(&sequence(&step("1", "")))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut |_| {
        vec![
            set("SMSTSRebootRequested", "HD"),
            set("SMSTSRetryRequested", "true"),
            Event::StepFinished(StepEnd::TimedOut),
        ]
    });
    assert_eq!(words(&told), ["1", "failed 0x5b4"]);
}

#[test]
fn a_failed_step_gets_its_restart_only_when_the_run_goes_on() {
    let variables = [("SMSTSRebootRequested", "HD")];
    let caught = step("1", "continueOnError=\"true\"") + &step("2", "");
    assert_eq!(asking(&caught, Running::FullOs, &variables, 5).0, "1 restart to Hd 2 succeeded");
    let deployments = [deployment(&sequence(&step("1", "")))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let told =
        drive(&mut machine, &NoFacts, &mut |_| vec![set("SMSTSRebootRequested", "HD"), exited(5)]);
    assert_eq!(words(&told), ["1", "failed 0x5"]);
}

#[test]
fn a_set_variable_step_can_ask_as_well() {
    let items = set_variable("SMSTSRebootRequested", "WinPE") + &step("2", "");
    assert_eq!(run(&items, &[], &[]), ["restart to WinPe", "2", "succeeded"]);
}

#[test]
fn restart_computer_restarts_to_its_target_with_its_message() {
    let pe = "<action>smsboot.exe /target:WinPE</action>".to_owned()
        + &own_variables(&[("SMSRebootMessage", "Hello %Who%"), ("SMSRebootTimeout", "7")]);
    let hd =
        "<action>smsboot.exe</action>".to_owned() + &own_variables(&[("SMSRebootTarget", "HD")]);
    let bad = "<action>smsboot.exe /target:Moon</action>";
    let items = typed("Reboot", "pe", "", &pe)
        + &typed("Reboot", "hd", "", &hd)
        + &typed("Reboot", "bad", "", bad);
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[("Who", "you")])).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut with_codes(&[]));
    assert_eq!(words(&told), ["restart to WinPe", "restart to Hd", "failed 0x80004005"]);
    let restart = |at: usize| match &told[at] {
        Instruction::Restart(restart) => restart.clone(),
        other => panic!("{other:?} is no restart"),
    };
    assert_eq!(restart(0).message.text(), "Hello you");
    assert_eq!((restart(0).delay_seconds, restart(1).delay_seconds), (Some(7), Some(60)));
}

#[test]
fn restart_computer_obeys_what_was_asked_for_before_too() {
    let restart = "<action>smsboot.exe /target:HD</action>";
    let items = typed("Reboot", "hd", "", restart) + &step("2", "");
    let told = run(&items, &[("SMSTSRebootRequested", "WinPE")], &[]);
    assert_eq!(told, ["restart to Hd", "2", "succeeded"]);
}

#[test]
fn a_restart_is_said_again_until_it_has_happened() {
    let deployments = [deployment(&sequence(&(step("1", LIST) + &step("2", ""))))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    machine.next(&NoFacts);
    machine.handle(exited(3010)).unwrap();
    let restart = machine.next(&NoFacts);
    assert!(matches!(restart, Instruction::Restart(_)));
    assert_eq!(machine.next(&NoFacts), restart);
    assert!(machine.handle(exited(0)).is_err());
    assert!(machine.handle(set("X", "1")).is_err());
    machine.handle(restarted(RestartTarget::Hd)).unwrap();
    assert_eq!(words(&[machine.next(&NoFacts)]), ["2"]);
}

#[test]
fn the_first_restart_and_all_later_ones_have_delays_of_their_own() {
    let items = [step("1", LIST), step("2", LIST), step("3", LIST)].concat();
    let delays = |variables: &[(&str, &str)]| -> Vec<Option<u32>> {
        let deployments = [deployment(&sequence(&items))];
        let mut machine = Machine::new(&deployments, &start(variables)).unwrap();
        let codes = [("1", 3010), ("2", 3010), ("3", 3010)];
        let told = drive(&mut machine, &NoFacts, &mut with_codes(&codes));
        let restarts = told.iter().filter_map(|instruction| match instruction {
            Instruction::Restart(restart) => Some(restart.delay_seconds),
            _ => None,
        });
        restarts.collect()
    };
    assert_eq!(delays(&[]), [None, None, None]);
    assert_eq!(delays(&[("SMSRebootDelay", "0")]), [Some(0), Some(0), Some(0)]);
    let both = [("SMSRebootDelay", "0"), ("SMSRebootDelayNext", "9")];
    assert_eq!(delays(&both), [Some(0), Some(9), Some(9)]);
}

#[test]
fn continue_on_error_does_not_help_when_there_is_no_partition_to_restart_from() {
    let deployments = [deployment(&sequence(
        &(step("1", &format!("{LIST} continueOnError=\"true\"")) + &step("2", "")),
    ))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut |instruction| match instruction {
        Instruction::Restart(_) => vec![Event::RestartImpossible],
        _ => vec![exited(3010)],
    });
    assert_eq!(words(&told), ["1", "restart to Hd", "failed 0x80004005"]);
}

/// Restarts unexpectedly the first `restarts` times that a step runs.
fn interrupted(attributes: &str, restarts: usize) -> String {
    let deployments = [deployment(&sequence(&(step("1", attributes) + &step("2", ""))))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let mut left = restarts;
    let told = drive(&mut machine, &NoFacts, &mut |_| {
        if left == 0 {
            return vec![exited(0)];
        }
        left -= 1;
        vec![restarted(RestartTarget::Hd)]
    });
    words(&told).join(" ")
}

#[test]
fn an_unexpected_restart_repeats_a_step_as_often_as_it_says_and_five_times_at_most() {
    assert_eq!(interrupted("retryCount=\"2\"", 2), "1 1 1 2 succeeded");
    assert_eq!(interrupted("retryCount=\"2\"", 3), "1 1 1 failed 0x80004005");
    assert_eq!(interrupted("retryCount=\"0\"", 1), "1 failed 0x80004005");
    assert_eq!(interrupted("retryCount=\"0\" continueOnError=\"true\"", 1), "1 2 succeeded");
    assert_eq!(interrupted("retryCount=\"99\"", 5), "1 1 1 1 1 1 2 succeeded");
    assert_eq!(interrupted("retryCount=\"99\"", 6), "1 1 1 1 1 1 failed 0x80004005");
}

#[test]
fn a_failure_is_not_repeated() {
    assert_eq!(run(&step("1", "retryCount=\"2\""), &[], &[("1", 5)]), ["1", "failed 0x5"]);
}

#[test]
fn a_run_goes_on_when_its_maintenance_window_closes() {
    let deployments = [deployment(&sequence(&(step("1", LIST) + &step("2", ""))))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut |instruction| {
        let mut events = vec![Event::MaintenanceWindowClosed];
        events.extend(with_codes(&[("1", 3010)])(instruction));
        events
    });
    assert_eq!(words(&told), ["1", "restart to Hd", "2", "succeeded"]);
}
