//! What comes before the first step.

use tasksequence::run::{
    Deployment, Event, EventError, Instruction, Machine, NoFacts, Origin, Running, Start,
    StartError, Value,
};

use crate::support::{
    assigned, deployment, drive, exited, restarted, sequence, set, start, step, typed, with_codes,
    words,
};

/// Three sequences with one step each, named by their ids; the ones with a sign are required.
fn deployments(required: &[bool]) -> Vec<Deployment> {
    let ids = ["A", "B", "C"].into_iter().zip(required);
    ids.map(|(id, required)| {
        let sequence = sequence(&step(id, ""));
        let policy = tasksequence::run::Policy::merge(id, id, &sequence, &|_| None).unwrap();
        Deployment { id: format!("ADV{id}"), required: *required, policy }
    })
    .collect()
}

fn in_win_pe(prestart: Option<&str>) -> Start {
    let mut start = start(&[]);
    start.running = Running::WinPe;
    start.prestart = prestart.map(Value::plain);
    start
}

#[test]
fn the_prestart_command_comes_before_everything_and_can_set_variables() {
    let deployments = [deployment(&sequence(&step("1", "")))];
    let mut begin = in_win_pe(Some("cmd /C ask.cmd %Site%"));
    begin.origin = Origin::Media(assigned(&[("Site", "north")]));
    let mut machine = Machine::new(&deployments, &begin).unwrap();
    assert!(machine.handle(set("OSDComputerName", "PC1")).is_err(), "nothing runs yet");
    assert_eq!(words(&[machine.next(&NoFacts)]), ["prestart cmd /C ask.cmd north"]);
    assert_eq!(machine.next(&NoFacts), Instruction::Wait);
    machine.handle(set("OSDComputerName", "PC1")).unwrap();
    assert_eq!(machine.environment().get("_SMSTSPackageID"), None, "no sequence is chosen yet");
    machine.handle(Event::PrestartFinished { code: 0 }).unwrap();
    assert_eq!(words(&[machine.next(&NoFacts)]), ["1"]);
    assert_eq!(machine.environment().text("OSDComputerName"), "PC1");
    assert_eq!(machine.environment().text("_SMSTSPackageID"), "ABC00001");
}

#[test]
fn a_prestart_command_that_fails_ends_the_run_before_any_step() {
    let deployments = [deployment(&sequence(&step("1", "")))];
    let mut begin = in_win_pe(Some("x"));
    begin.origin = Origin::Media(assigned(&[("SMSTSPostAction", "shutdown")]));
    let mut machine = Machine::new(&deployments, &begin).unwrap();
    let told = drive(&mut machine, &NoFacts, &mut |_| vec![Event::PrestartFinished { code: 3 }]);
    assert_eq!(words(&told), ["prestart x", "failed 0x3"]);
    let Some(Instruction::Ended(ending)) = told.last() else { panic!("an end") };
    assert_eq!(ending.post_action, None);
}

#[test]
fn a_restart_under_the_prestart_command_begins_with_it_again_and_the_installed_system_runs_none() {
    let deployments = [deployment(&sequence(&step("1", "")))];
    let mut machine = Machine::new(&deployments, &in_win_pe(Some("x"))).unwrap();
    machine.next(&NoFacts);
    machine.handle(restarted(tasksequence::run::RestartTarget::WinPe)).unwrap();
    assert_eq!(words(&[machine.next(&NoFacts)]), ["prestart x"]);
    let mut begin = in_win_pe(Some("x"));
    begin.running = Running::FullOs;
    let mut machine = Machine::new(&deployments, &begin).unwrap();
    assert_eq!(words(&[machine.next(&NoFacts)]), ["1"]);
}

#[test]
fn the_preferred_deployment_runs_before_required_ones() {
    let told = |required: &[bool], preferred: Option<&str>| {
        let deployments = deployments(required);
        let mut machine = Machine::new(&deployments, &in_win_pe(Some("x"))).unwrap();
        let told = drive(&mut machine, &NoFacts, &mut |instruction| match instruction {
            Instruction::RunPrestart { .. } => {
                let preferred = preferred.map(|id| set("SMSTSPreferredAdvertID", id));
                preferred.into_iter().chain([Event::PrestartFinished { code: 0 }]).collect()
            }
            Instruction::ChooseSequence { offers } => {
                vec![Event::SequenceChosen { id: offers[1].id.clone() }]
            }
            _ => vec![exited(0)],
        });
        words(&told)[1..].join(" ")
    };
    assert_eq!(told(&[false, true, false], Some("advc")), "C succeeded");
    assert_eq!(told(&[false, true, true], None), "B succeeded");
    assert_eq!(told(&[false, false, false], None), "choose B succeeded");
    assert_eq!(told(&[false], None), "A succeeded");
    assert_eq!(told(&[true], Some("ADVX")), "failed 0x80004005");
}

#[test]
fn a_sequence_that_is_not_offered_cannot_be_chosen() {
    let deployments = deployments(&[false, false]);
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    let Instruction::ChooseSequence { offers } = machine.next(&NoFacts) else { panic!("a choice") };
    assert_eq!(offers.iter().map(|offer| offer.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    let id = "Z".to_owned();
    let refused = machine.handle(Event::SequenceChosen { id: id.clone() });
    assert_eq!(refused, Err(EventError::NotOffered { id }));
    assert_eq!(words(&[machine.next(&NoFacts)]), ["choose"]);
    assert_eq!(Machine::new(&[], &start(&[])), Err(StartError::NoSequence));
}

#[test]
fn media_variables_take_the_place_of_those_of_collection_and_device() {
    let deployments = [deployment(&sequence(&step("1", "")))];
    let value = |origin: Origin, name: &str| {
        let mut begin = start(&[]);
        begin.origin = origin;
        let machine = Machine::new(&deployments, &begin).unwrap();
        machine.environment().text(name).to_owned()
    };
    let site = Origin::Site {
        collection: assigned(&[("A", "collection"), ("B", "collection")]),
        device: assigned(&[("b", "device"), ("C", "%A%-%B%")]),
    };
    assert_eq!(value(site.clone(), "A"), "collection");
    assert_eq!(value(site.clone(), "B"), "device");
    assert_eq!(value(site, "C"), "collection-device");
    assert_eq!(value(Origin::Media(assigned(&[("B", "media")])), "B"), "media");
    assert_eq!(value(Origin::Media(assigned(&[("B", "media")])), "A"), "");
}

#[test]
fn what_is_set_while_the_sequence_runs_overrides_what_was_set_before() {
    let items = crate::support::set_variable("A", "run") + &step("1", "");
    let deployments = [deployment(&sequence(&items))];
    let mut machine = Machine::new(&deployments, &start(&[("A", "media")])).unwrap();
    drive(&mut machine, &NoFacts, &mut with_codes(&[]));
    assert_eq!(machine.environment().text("a"), "run");
}

#[test]
fn the_engine_says_what_runs_and_stand_alone_media_have_no_deployment() {
    let kind = |items: &str, stand_alone: bool| {
        let mut deployment = deployment(&sequence(items));
        deployment.id = "ADV1".to_owned();
        let deployments = [deployment];
        let mut begin = in_win_pe(None);
        begin.stand_alone = stand_alone;
        begin.engine = assigned(&[
            ("_SMSTSClientGUID", "g"),
            ("_SMSTSAdvertID", "x"),
            ("_SMSTSMachineName", "PC1"),
        ]);
        let mut machine = Machine::new(&deployments, &begin).unwrap();
        machine.next(&NoFacts);
        let names = [
            "_SMSTSPackageName",
            "_SMSTSType",
            "_SMSTSInWinPE",
            "_SMSTSMachineName",
            "_SMSTSAdvertID",
            "_SMSTSClientGUID",
        ];
        let name = "_SMSTSClientGUID".to_owned();
        let set = Event::EngineVariableSet { name, value: Value::plain("late") };
        machine.handle(set).unwrap();
        names.map(|name| machine.environment().text(name).to_owned()).join(" ")
    };
    assert_eq!(kind(&step("1", ""), false), "Sequence 1 true PC1 ADV1 late");
    let apply = typed("ApplyOperatingSystem", "os", "", "");
    assert_eq!(kind(&apply, true), "Sequence 2 true PC1  ");
    let off = crate::support::group("G", "disable=\"true\"", &apply);
    assert_eq!(kind(&(off + &step("1", "")), true), "Sequence 1 true PC1  ");
}

#[test]
fn global_variables_set_what_nothing_has_set_before() {
    let globals = "<globalVarList><variable name=\"A\">list %C%</variable><variable name=\"B\">list</variable>\
                   <variable name=\"A\">last %C%</variable></globalVarList>";
    let deployments = [deployment(&sequence(&(globals.to_owned() + &step("1", ""))))];
    let mut machine = Machine::new(&deployments, &start(&[("B", "media"), ("C", "3")])).unwrap();
    machine.next(&NoFacts);
    assert_eq!(machine.environment().text("A"), "last 3");
    assert_eq!(machine.environment().text("B"), "media");
}
