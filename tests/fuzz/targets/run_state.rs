//! States of runs: what is read is written as the same, and a run goes on from it to an end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tasksequence::TaskSequence;
use tasksequence::run::{
    Deployment, Event, Instruction, Machine, NoFacts, Origin, Policy, Restart, RestartTarget,
    Running, Start, State, StepEnd, Value,
};

/// Steps of every kind that leaves something in a state: groups, lists, restarts, output, rules.
const SEQUENCE: &str = r#"<sequence version="3.10"><group name="G" continueOnError="true">
<step type="SMS_TaskSequence_RunCommandLineAction" name="Output" successCodeList="0 3010" retryCount="2">
<action>smsswd.exe /run:ABC00010 cmd /c %A%</action><defaultVarList>
<variable name="SMSTSRunCommandLineOutputVariableName">Out</variable></defaultVarList></step>
<step type="SMS_TaskSequence_RebootAction" name="Restart"><action>smsboot.exe /target:HD</action></step></group>
<step type="SMS_TaskSequence_SetVariableAction" name="Set"><action>tsenv.exe "A=%B%"</action></step>
<step type="SMS_TaskSequence_SetDynamicVariablesAction" name="Rules"><defaultVarList>
<variable name="OSDSetDynamicVariablesRules">&lt;Rules&gt;&lt;Rule&gt;&lt;Variables&gt;
&lt;Variable Name="L001"&gt;ABC00010:%A%&lt;/Variable&gt;&lt;/Variables&gt;&lt;/Rule&gt;&lt;/Rules&gt;</variable>
</defaultVarList></step>
<step type="SMS_TaskSequence_InstallSoftwareAction" name="List"><action>smsswd.exe /pkg: /basevar:L</action></step>
</sequence>"#;

fn deployments() -> [Deployment; 1] {
    let (sequence, _) = TaskSequence::parse(SEQUENCE).expect("it is a sequence");
    let policy =
        Policy::merge("ABC00001", "Fuzz", &sequence, &|_| None).expect("it has no children");
    [Deployment { id: String::new(), required: false, policy }]
}

/// The states before the run, while a step runs, and before a restart.
fn states() -> [String; 3] {
    let deployments = deployments();
    let start = Start {
        stand_alone: false,
        running: Running::WinPe,
        disc: Some(1),
        prestart: Some(Value::plain("prestart")),
        engine: Vec::new(),
        origin: Origin::Media(Vec::new()),
    };
    let mut machine = Machine::new(&deployments, &start).expect("there is a sequence");
    let first = machine.state().to_json();
    machine.next(&NoFacts);
    machine.handle(Event::PrestartFinished { code: 0 }).expect("it runs");
    machine.next(&NoFacts);
    let second = machine.state().to_json();
    machine.handle(exited(3010)).expect("it runs");
    [first, second, machine.state().to_json()]
}

fn exited(code: i64) -> Event {
    Event::StepFinished(StepEnd::Exited { code, output: Value::plain("output") })
}

fn restarted(target: RestartTarget) -> Event {
    let running = if target == RestartTarget::WinPe { Running::WinPe } else { Running::FullOs };
    Event::Restarted { running, disc: None }
}

fuzz_target!(
    init: {
        let [first, second, third] = states();
        seeds::write([first.as_bytes(), second.as_bytes(), third.as_bytes()]);
    },
    |bytes: &[u8]| {
        let Ok(state) = State::parse(bytes) else { return };
        let again = State::parse(state.to_json().as_bytes()).expect("what we write is a state");
        assert_eq!(again, state);
        let deployments = deployments();
        let Ok(mut machine) = Machine::resume(&deployments, state) else { return };
        // The sequence has five steps, each of which restarts and is repeated a few times at most.
        for _ in 0..200 {
            let event = match machine.next(&NoFacts) {
                Instruction::RunPrestart { .. } => Event::PrestartFinished { code: 0 },
                Instruction::ChooseSequence { offers } => {
                    Event::SequenceChosen { id: offers[0].id.clone() }
                }
                Instruction::InsertDisc(wanted) => Event::DiscInserted { disc: wanted.disc },
                Instruction::RunStep(run) => exited(if run.attempt % 2 == 0 { 0 } else { 3010 }),
                Instruction::Restart(Restart { target, .. }) => restarted(target),
                Instruction::Wait => restarted(RestartTarget::Hd),
                Instruction::Ended(_) => return,
            };
            machine.handle(event).expect("the run asked for it");
        }
        panic!("the run does not end");
    }
);
