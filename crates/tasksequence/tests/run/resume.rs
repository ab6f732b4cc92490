//! States that are written down, read and continued.

use proptest::prelude::*;
use tasksequence::run::{
    Deployment, Event, Instruction, Machine, NoFacts, RestartTarget, Running, STATE_VERSION, State,
    StateError, StepEnd, Value,
};

use crate::model::{nodes, steps, xml};
use crate::support::{
    Known, deployment, drive, exited, restarted, sequence, set, start, step, typed, with_codes,
    words,
};

/// Writes the state, reads it and goes on with it.
fn cut<'a>(machine: &Machine<'a>, deployments: &'a [Deployment]) -> Machine<'a> {
    let written = machine.state().to_json();
    let read = State::parse(written.as_bytes()).expect("it was written");
    assert_eq!(read.to_json(), written);
    Machine::resume(deployments, read).expect("it is of these sequences")
}

fn three_steps() -> Vec<Deployment> {
    let restarting = step("1", "successCodeList=\"0 3010\"");
    vec![deployment(&sequence(&(restarting + &step("2", "") + &step("3", ""))))]
}

#[test]
fn a_run_goes_on_behind_the_step_that_asked_for_a_restart() {
    let deployments = three_steps();
    let mut machine = Machine::new(&deployments, &start(&[("A", "1")])).unwrap();
    machine.next(&NoFacts);
    machine.handle(set("Seen", "yes")).unwrap();
    machine.handle(exited(3010)).unwrap();
    assert_eq!(words(&[machine.next(&NoFacts)]), ["restart to Hd"]);
    let mut resumed = cut(&machine, &deployments);
    resumed.handle(restarted(RestartTarget::Hd)).unwrap();
    let told = drive(&mut resumed, &NoFacts, &mut with_codes(&[]));
    assert_eq!(words(&told), ["2", "3", "succeeded"]);
    assert_eq!(resumed.environment().text("A"), "1");
    assert_eq!(resumed.environment().text("Seen"), "yes");
}

#[test]
fn secrets_survive_a_restart_and_stay_secret() {
    let deployments = three_steps();
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    machine.next(&NoFacts);
    let name = "Mine".to_owned();
    machine.handle(Event::VariableSet { name, value: Value::secret("geheim") }).unwrap();
    let resumed = cut(&machine, &deployments);
    assert_eq!(resumed.environment().get("Mine"), Some(&Value::secret("geheim")));
    assert!(!format!("{:?}", machine.state()).contains("geheim"));
}

#[test]
fn a_step_that_ran_when_the_computer_restarted_unexpectedly_is_repeated_from_the_state() {
    let deployments = [deployment(&sequence(&step("1", "retryCount=\"1\"")))];
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    for attempt in 1..=2 {
        let Instruction::RunStep(run) = machine.next(&NoFacts) else { panic!("a step") };
        assert_eq!(run.attempt, attempt);
        machine = cut(&machine, &deployments);
        machine.handle(restarted(RestartTarget::Hd)).unwrap();
    }
    assert_eq!(words(&[machine.next(&NoFacts)]), ["failed 0x80004005"]);
}

#[test]
fn a_state_of_another_sequence_or_version_is_refused() {
    let deployments = three_steps();
    let state = Machine::new(&deployments, &start(&[])).unwrap().state();
    let other = [deployment(&sequence(&step("1", "")))];
    let refused = Machine::resume(&other, state.clone());
    assert_eq!(refused.unwrap_err(), StateError::OtherSequence { id: "ABC00001".to_owned() });
    let mut renamed = three_steps();
    renamed[0].id = "ADV2".to_owned();
    assert!(matches!(
        Machine::resume(&renamed, state.clone()),
        Err(StateError::OtherSequence { .. })
    ));
    let more = [three_steps(), three_steps()].concat();
    assert!(matches!(Machine::resume(&more, state), Err(StateError::OtherSequence { .. })));
}

#[test]
fn a_newer_version_is_told_apart_from_damage() {
    let newer = StateError::Newer { version: 2 };
    assert_eq!(State::parse(b"{\"version\": 2, \"whatever\": []}"), Err(newer));
    let written = Machine::new(&three_steps(), &start(&[])).unwrap().state().to_json();
    let older = written.replace("\"version\": 1", "\"version\": 0");
    assert!(matches!(State::parse(older.as_bytes()), Err(StateError::Contradiction { .. })));
    let unknown = written.replace("\"version\": 1", "\"version\": 1, \"colour\": 3");
    assert!(matches!(State::parse(unknown.as_bytes()), Err(StateError::Damaged { .. })));
    for end in 0..written.len() - 1 {
        let cut = State::parse(&written.as_bytes()[..end]);
        assert!(matches!(cut, Err(StateError::Damaged { .. })), "{end}");
    }
    assert_eq!(STATE_VERSION, 1);
}

#[test]
fn damage_is_told_by_its_place_and_without_what_stands_there() {
    let deployments = three_steps();
    let begin = start(&[("A", "geheim")]);
    let written = Machine::new(&deployments, &begin).unwrap().state().to_json();
    let damaged = written.replace("\"text\": \"geheim\"", "\"text\": 5, \"geheim\": \"geheim\"");
    let error = State::parse(damaged.as_bytes()).unwrap_err();
    assert!(matches!(error, StateError::Damaged { line, .. } if line > 1), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("geheim"));
}

#[test]
fn a_state_that_contradicts_itself_or_the_sequence_is_refused() {
    let deployments = three_steps();
    let mut machine = Machine::new(&deployments, &start(&[("A", "1"), ("B", "2")])).unwrap();
    machine.next(&NoFacts);
    let written = machine.state().to_json();
    let refused = |from: &str, to: &str| {
        assert!(written.contains(from), "{from} in {written}");
        let state = State::parse(written.replace(from, to).as_bytes()).expect("it is a state");
        let refused = Machine::resume(&deployments, state);
        assert!(matches!(refused, Err(StateError::Contradiction { .. })), "{to}: {refused:?}");
    };
    refused("\"chosen\": 0", "\"chosen\": 1");
    refused("\"chosen\": 0", "\"chosen\": null");
    refused("\"position\": 0", "\"position\": 3");
    refused("\"position\": 0", "\"position\": 4");
    refused("\"disc\": null", "\"disc\": 0");
    refused("\"name\": \"A\"", "\"name\": \"b\"");
    refused("\"name\": \"A\"", "\"name\": \"A B\"");
    refused("\"text\": \"1\"", "\"text\": \"\"");
}

#[test]
fn a_state_is_the_same_text_for_the_same_run() {
    let deployments = three_steps();
    let mut machine = Machine::new(&deployments, &start(&[])).unwrap();
    machine.next(&NoFacts);
    let fingerprint = format!("{:016x}", deployments[0].policy.fingerprint());
    let text = machine.state().to_json().replace(&fingerprint, "FINGERPRINT");
    let values = [
        ("_SMSTSCurrentActionName", "1"),
        ("_SMSTSInWinPE", "false"),
        ("_SMSTSPackageID", "ABC00001"),
        ("_SMSTSPackageName", "Sequence"),
        ("_SMSTSType", "1"),
    ];
    let variables = values.map(|(name, value)| {
        format!(
            "    {{\n      \"name\": \"{name}\",\n      \"value\": {{\n        \"text\": \"{value}\"\n      }}\n    }}"
        )
    });
    let expected = format!(
        r#"{{
  "version": 1,
  "sequences": [
    {{
      "id": "ABC00001",
      "deployment": "",
      "fingerprint": "FINGERPRINT"
    }}
  ],
  "progress": {{
    "phase": {{
      "running": {{
        "attempt": 1,
        "retries": 0,
        "output": null
      }}
    }},
    "chosen": 0,
    "position": 0,
    "running": "full-os",
    "stand_alone": false,
    "disc": null,
    "restarts": 0,
    "prestart": null
  }},
  "variables": [
{}
  ]
}}
"#,
        variables.join(",\n")
    );
    assert_eq!(text, expected);
}

/// Runs to the end, and writes and reads the state before the calls that `cuts` says.
fn run_with_cuts<'a>(
    deployments: &'a [Deployment],
    outcomes: &[(i64, bool)],
    cuts: &dyn Fn(usize) -> bool,
) -> Vec<Instruction> {
    let facts = Known { discs: vec![("ABC00010", vec![1, 2])], ..Known::default() };
    let mut begin = start(&[("A", "%B%")]);
    begin.running = Running::WinPe;
    begin.prestart = Some(Value::plain("prestart"));
    let mut machine = Machine::new(deployments, &begin).unwrap();
    let mut told = Vec::new();
    let mut calls = 0;
    let mut maybe_cut = |machine: &mut Machine<'a>| {
        calls += 1;
        if cuts(calls) {
            let state = State::parse(machine.state().to_json().as_bytes()).unwrap();
            *machine = Machine::resume(deployments, state).unwrap();
        }
    };
    loop {
        maybe_cut(&mut machine);
        let instruction = machine.next(&facts);
        told.push(instruction.clone());
        let events = match &instruction {
            Instruction::Ended(_) => return told,
            Instruction::RunPrestart { .. } => vec![Event::PrestartFinished { code: 0 }],
            Instruction::InsertDisc(wanted) => vec![Event::DiscInserted { disc: wanted.disc }],
            Instruction::Restart(restart) => vec![restarted(restart.target)],
            Instruction::RunStep(run) if run.attempt == 1 && run.step.number % 3 == 0 => {
                vec![restarted(RestartTarget::WinPe)]
            }
            Instruction::RunStep(run) => {
                let (code, restarts) = outcomes[run.step.number - 1];
                let number = run.step.number.to_string();
                let output = Value::plain(format!("output {number}"));
                let code = if code == 0 && restarts { 3010 } else { code };
                let mut events = vec![set("Last", &number), set(&format!("S{number}"), &number)];
                if run.attempt == 1 && run.step.number % 4 == 0 {
                    events.push(set("SMSTSRebootRequested", "HD"));
                    events.push(set("SMSTSRetryRequested", "true"));
                }
                events.push(Event::StepFinished(StepEnd::Exited { code, output }));
                events
            }
            other => panic!("{other:?} is not expected"),
        };
        for event in events {
            maybe_cut(&mut machine);
            machine.handle(event).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_run_that_is_cut_anywhere_gives_the_same_instructions(
        nodes in nodes(),
        seed in any::<u64>(),
    ) {
        let outcomes = steps(&nodes);
        let items = xml(&nodes, &mut 0)
            .replace("successCodeList", "retryCount=\"1\" successCodeList")
            .replace("></step>", "><action>smsswd.exe /run:ABC00010 %Last% %A%</action></step>")
            .replace("</condition></step>", "</condition><action>smsswd.exe /run:ABC00010 %S1%</action></step>");
        let deployments = [deployment(&sequence(&items))];
        let whole = run_with_cuts(&deployments, &outcomes, &|_| false);
        let everywhere = run_with_cuts(&deployments, &outcomes, &|_| true);
        prop_assert_eq!(&whole, &everywhere);
        let somewhere = run_with_cuts(&deployments, &outcomes, &|call| seed >> (call % 64) & 1 == 1);
        prop_assert_eq!(&whole, &somewhere);
    }
}

#[test]
fn the_property_above_sees_discs_restarts_and_retries() {
    let one = |name: &str| {
        let action = "<action>smsswd.exe /run:ABC00010 x</action>";
        typed("RunCommandLine", name, "retryCount=\"1\" successCodeList=\"0 3010\"", action)
    };
    let items = [one("1"), one("2"), one("3"), one("4")].concat();
    let deployments = [deployment(&sequence(&items))];
    let told =
        run_with_cuts(&deployments, &[(0, true), (0, false), (0, false), (0, false)], &|_| true);
    let discs = ["disc 1 and more", "disc 2"];
    let expected = [
        &["prestart prestart"][..],
        &discs,
        &["1", "restart to WinPe"],
        &discs,
        &["2"],
        &discs,
        &["3"],
        &discs,
        &["3"],
        &discs,
        &["4", "restart to Hd"],
        &discs,
        &["4", "succeeded"],
    ];
    assert_eq!(words(&told), expected.concat());
}
