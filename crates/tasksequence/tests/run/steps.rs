//! What a runtime gets with a step, and how a step ends.

use tasksequence::run::{Event, Instruction, Machine, NoFacts, Running, StepEnd, Value};
use tasksequence::step::RunIn;
use tasksequence::{Dialect, TaskSequence};

use crate::support::{
    Known, deployment, drive, exited, first_step, mdt, own_variables, run, sequence, start, step,
    typed, with_codes, words,
};

fn ended(sequence: &TaskSequence, end: StepEnd, variables: &[(&str, &str)]) -> String {
    let deployments = [deployment(sequence)];
    let mut machine = Machine::new(&deployments, &start(variables)).unwrap();
    let mut end = Some(end);
    let told = drive(&mut machine, &NoFacts, &mut |instruction| match instruction {
        Instruction::RunStep(_) => vec![Event::StepFinished(end.take().expect("one step"))],
        other => with_codes(&[])(other),
    });
    words(&told)[1..].join(" ")
}

#[test]
fn a_step_comes_with_all_that_a_runtime_needs() {
    let inside = "<action>smsswd.exe /run:ABC00010 cmd /c %Tool% %Unknown%</action>".to_owned()
        + &own_variables(&[("PackageID", "ABC00010"), ("WorkingDirectory", r"%Base%\x")]);
    let attributes = "timeout=\"900\" successCodeList=\"0 3010\" retryCount=\"2\" runIn=\"FullOS\" \
                      startIn=\"%Base%\"";
    let items = step("off", "disable=\"true\"")
        + &typed("RunCommandLine", "Install %Tool%", attributes, &inside);
    let run = first_step(&items, &[("Tool", "a.exe"), ("Base", r"C:\T")]);
    assert_eq!(run.step.path.to_string(), "Install %Tool% (step 2)");
    assert_eq!((run.step.number, run.step.of, run.step.sequence.as_str()), (2, 2, "ABC00001"));
    assert_eq!(run.shown_name.text(), "Install a.exe");
    assert_eq!(run.type_name, "SMS_TaskSequence_RunCommandLineAction");
    assert_eq!(run.dialect, Dialect::ConfigMgr);
    assert_eq!(run.action.text(), "smsswd.exe /run:ABC00010 cmd /c a.exe %Unknown%");
    assert_eq!(run.variables[1], ("WorkingDirectory".to_owned(), Value::plain(r"C:\T\x")));
    assert_eq!(run.start_in.text(), r"C:\T");
    assert_eq!(run.timeout_seconds, Some(900));
    assert_eq!(run.success_codes, [0, 3010]);
    assert_eq!((run.run_in, run.attempt), (RunIn::FullOs, 1));
    assert_eq!(run.contents, ["ABC00010"]);
    assert_eq!(run.install, None);
    assert!(!run.output_wanted && !run.hide_command);
}

#[test]
fn a_step_succeeds_when_its_exit_code_is_in_its_list() {
    let list = "successCodeList=\"0 17\"";
    assert_eq!(run(&step("1", list), &[], &[("1", 17)]), ["1", "succeeded"]);
    assert_eq!(run(&step("1", list), &[], &[("1", 3010)]), ["1", "failed 0xbc2"]);
    let both = "successCodeList=\"0\" successCodes=\"5\"";
    assert_eq!(run(&step("1", both), &[], &[("1", 5)]), ["1", "succeeded"]);
}

#[test]
fn codes_with_and_without_sign_are_one() {
    let list = "successCodeList=\"-1047526896\"";
    assert_eq!(run(&step("1", list), &[], &[("1", 0xC190_0210)]), ["1", "succeeded"]);
    assert_eq!(run(&step("1", list), &[], &[("1", -1_047_526_896)]), ["1", "succeeded"]);
    assert_eq!(run(&step("1", list), &[], &[("1", 0x1_0000_0000)]), ["1", "failed 0x100000000"]);
}

#[test]
fn a_step_whose_time_runs_out_fails() {
    let sequence = sequence(&step("1", "successCodeList=\"0 1460\""));
    assert_eq!(ended(&sequence, StepEnd::TimedOut, &[]), "failed 0x5b4");
}

#[test]
fn a_step_that_cannot_be_started_fails_with_the_reason() {
    let end = StepEnd::NotStarted { reason: "there is no such program".to_owned() };
    assert_eq!(ended(&sequence(&step("1", "")), end, &[]), "failed 0x80004005");
}

#[test]
fn requirements_that_are_not_met_fail_only_when_warnings_are_errors() {
    let sequence = sequence(&typed(
        "InstallApplication",
        "1",
        "",
        "<action>smsappinstall.exe /app:x</action>",
    ));
    let end = StepEnd::RequirementNotMet { code: 9 };
    assert_eq!(ended(&sequence, end.clone(), &[]), "succeeded");
    assert_eq!(ended(&sequence, end.clone(), &[("TSErrorOnWarning", "false")]), "succeeded");
    assert_eq!(ended(&sequence, end, &[("TSErrorOnWarning", "TRUE")]), "failed 0x9");
}

#[test]
fn an_output_variable_gets_the_last_thousand_characters() {
    let output = own_variables(&[("SMSTSRunCommandLineOutputVariableName", "Out")]);
    let sequence = sequence(&typed("RunCommandLine", "1", "", &output));
    let deployments = [deployment(&sequence)];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let Instruction::RunStep(run) = machine.next(&NoFacts) else { panic!("a step") };
    assert!(run.output_wanted);
    let text = "ä".repeat(400) + &"€".repeat(999) + "z";
    let end = StepEnd::Exited { code: 0, output: Value::plain(text) };
    machine.handle(Event::StepFinished(end)).unwrap();
    assert_eq!(machine.environment().text("Out"), "€".repeat(999) + "z");
}

#[test]
fn an_output_variable_that_cannot_be_set_fails_the_step() {
    let output = own_variables(&[("SMSTSRunCommandLineOutputVariableName", "_Out")]);
    let end = StepEnd::Exited { code: 0, output: Value::plain("x") };
    let sequence = sequence(&typed("RunCommandLine", "1", "", &output));
    assert_eq!(ended(&sequence, end, &[]), "failed 0x80004005");
}

#[test]
fn a_command_line_is_hidden_when_asked_for_or_when_it_holds_a_secret() {
    assert!(first_step(&step("1", ""), &[("OSDDoNotLogCommand", "TRUE")]).hide_command);
    let inside = "<action>smsswd.exe /run: net use %OSDJoinPassword%</action>";
    let run =
        first_step(&typed("RunCommandLine", "1", "", inside), &[("OSDJoinPassword", "geheim")]);
    assert!(run.hide_command && run.action.is_secret());
    assert!(run.action.text().ends_with("geheim"));
    assert!(!format!("{run:?}").contains("geheim"), "{run:?}");
}

#[test]
fn a_step_for_another_system_fails_and_is_not_skipped_in_silence() {
    assert_eq!(run(&step("1", "runIn=\"WinPE\""), &[], &[]), ["failed 0x80004005"]);
    assert_eq!(run(&step("1", "runIn=\"FullOS\""), &[], &[]), ["1", "succeeded"]);
    assert_eq!(run(&step("1", "runIn=\"WinPEandFullOS\""), &[], &[]), ["1", "succeeded"]);
}

#[test]
fn discs_are_asked_for_until_the_right_one_is_in() {
    let inside = "<action>smsswd.exe /run:ABC00010 x</action>";
    let items =
        typed("RunCommandLine", "1", "", inside) + &typed("RunCommandLine", "2", "", inside);
    let deployments = [deployment(&sequence(&items))];
    let mut start = start(&[]);
    start.disc = Some(1);
    let mut machine = Machine::new(&deployments, &start).unwrap();
    let facts = Known { discs: vec![("ABC00010", vec![2])], ..Known::default() };
    let mut discs = [3, 2].into_iter();
    let told = drive(&mut machine, &facts, &mut |instruction| match instruction {
        Instruction::InsertDisc(wanted) => {
            assert_eq!(wanted.contents, ["ABC00010"]);
            vec![Event::DiscInserted { disc: discs.next().unwrap() }]
        }
        _ => vec![exited(0)],
    });
    assert_eq!(words(&told), ["disc 2", "disc 2", "1", "2", "succeeded"]);
}

#[test]
fn every_disc_of_a_content_on_several_is_asked_for_also_the_one_that_is_in() {
    let items = typed("RunCommandLine", "1", "", "<action>smsswd.exe /run:ABC00010 x</action>");
    let deployments = [deployment(&sequence(&items))];
    let mut start = start(&[]);
    start.disc = Some(1);
    let mut machine = Machine::new(&deployments, &start).unwrap();
    let facts = Known { discs: vec![("ABC00010", vec![2, 1])], ..Known::default() };
    let told = drive(&mut machine, &facts, &mut |instruction| match instruction {
        Instruction::InsertDisc(wanted) => vec![Event::DiscInserted { disc: wanted.disc }],
        _ => vec![exited(0)],
    });
    assert_eq!(words(&told), ["disc 1 and more", "disc 2", "1", "succeeded"]);
    assert!(machine.handle(Event::DiscInserted { disc: 1 }).is_err());
}

#[test]
fn another_disc_that_the_step_needs_as_well_is_not_taken_for_the_one_that_was_asked_for() {
    let items = typed("RunCommandLine", "1", "", "<action>smsswd.exe /run:ABC00010 x</action>");
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let facts = Known { discs: vec![("ABC00010", vec![1, 2])], ..Known::default() };
    let mut discs = [2, 1, 2].into_iter();
    let told = drive(&mut machine, &facts, &mut |instruction| match instruction {
        Instruction::InsertDisc(_) => vec![Event::DiscInserted { disc: discs.next().unwrap() }],
        _ => vec![exited(0)],
    });
    assert_eq!(words(&told), ["disc 1 and more", "disc 1 and more", "disc 2", "1", "succeeded"]);
}

#[test]
fn a_restart_can_find_another_disc_in_the_drive() {
    let items = typed("RunCommandLine", "1", "", "<action>smsswd.exe /run:ABC00010 x</action>");
    let deployments = [deployment(&sequence(&(step("0", "successCodeList=\"3010\"") + &items)))];
    let mut begin = start(&[]);
    begin.disc = Some(1);
    let mut machine = Machine::new(&deployments, &begin).unwrap();
    let facts = Known { discs: vec![("ABC00010", vec![1])], ..Known::default() };
    let told = drive(&mut machine, &facts, &mut |instruction| match instruction {
        Instruction::InsertDisc(_) => vec![Event::DiscInserted { disc: 1 }],
        Instruction::Restart(_) => {
            vec![Event::Restarted { running: Running::FullOs, disc: Some(2) }]
        }
        Instruction::RunStep(run) => vec![exited(if run.step.number == 1 { 3010 } else { 0 })],
        other => panic!("{other:?} is not expected"),
    });
    assert_eq!(words(&told), ["0", "restart to Hd", "disc 1", "1", "succeeded"]);
}

#[test]
fn mdt_steps_are_commands_of_their_own_and_variables_are_set_here() {
    let set = "<action>cscript.exe \"%SCRIPTROOT%\\ZTISetVariable.wsf\"</action>".to_owned()
        + &own_variables(&[("VariableName", "Phase"), ("VariableValue", "%Old%-two")]);
    let disk = "<action>cscript.exe \"%SCRIPTROOT%\\ZTIDiskpart.wsf\"</action>";
    let restart = "<action>smsboot.exe /target:WinPE</action>".to_owned()
        + &own_variables(&[("Message", "Moment")]);
    let items = typed("SetVariable", "set", "", &set)
        + &typed("PartitionDisk", "disk", "", disk)
        + "<step name=\"Restart\" description=\"\">"
        + &restart
        + "</step>";
    let deployments = [deployment(&mdt(&items))];
    let variables = [("Old", "one"), ("SCRIPTROOT", r"Z:\Scripts")];
    let mut machine = Machine::new(&deployments, &start(&variables)).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut with_codes(&[]));
    assert_eq!(words(&told), ["disk", "restart to WinPe", "succeeded"]);
    let Instruction::RunStep(run) = &told[0] else { panic!("a step") };
    assert_eq!(run.action.text(), r#"cscript.exe "Z:\Scripts\ZTIDiskpart.wsf""#);
    assert_eq!(
        (run.dialect, run.type_name.as_str()),
        (Dialect::Mdt, "SMS_TaskSequence_PartitionDiskAction")
    );
    let Instruction::Restart(restart) = &told[1] else { panic!("a restart") };
    assert_eq!(restart.message.text(), "Moment");
    assert_eq!(machine.environment().text("Phase"), "one-two");
    assert_eq!(machine.environment().text("_SMSTSInWinPE"), "true");
}

#[test]
fn the_end_names_the_post_action_and_how_long_a_failure_is_shown() {
    let deployments = [deployment(&sequence(&step("1", "")))];
    let mut begin =
        start(&[("SMSTSPostAction", "shutdown %Flag%"), ("SMSTSErrorDialogTimeout", "5")]);
    begin.engine = crate::support::assigned(&[("Flag", "/r")]);
    begin.running = Running::WinPe;
    let mut machine = Machine::new(&deployments, &begin).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut with_codes(&[("1", 5)]));
    let Instruction::Ended(ending) = told.last().unwrap() else { panic!("an end") };
    assert_eq!(ending.post_action.as_ref().unwrap().text(), "shutdown /r");
    assert_eq!((ending.succeeded, ending.code, ending.error_dialog_seconds), (false, 5, 5));
    assert_eq!(ending.reason, "1 (step 1): exit code 5 is not among its success codes");
    assert_eq!(machine.next(&NoFacts), told[1]);
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut with_codes(&[]));
    let Instruction::Ended(ending) = told.last().unwrap() else { panic!("an end") };
    assert_eq!((ending.succeeded, ending.code, ending.error_dialog_seconds), (true, 0, 900));
    assert_eq!((ending.post_action.as_ref(), ending.reason.as_str()), (None, ""));
}

#[test]
fn a_running_step_is_waited_for_and_other_events_are_refused() {
    let deployments = [deployment(&sequence(&step("1", "")))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    assert!(machine.handle(exited(0)).is_err());
    machine.next(&NoFacts);
    let before = machine.clone();
    assert_eq!(machine.next(&NoFacts), Instruction::Wait);
    for event in [
        Event::PrestartFinished { code: 0 },
        Event::SequenceChosen { id: "ABC00001".to_owned() },
        Event::RestartImpossible,
        Event::DiscInserted { disc: 0 },
        Event::Restarted { running: Running::WinPe, disc: Some(0) },
    ] {
        assert!(machine.handle(event).is_err());
    }
    assert_eq!(machine, before);
}
