//! Running a step and the prestart command.

use std::time::{Duration, Instant};

use cmtrace::LogType;
use tasksequence::run::{Event, Offer, StepEnd, StepRun, Value};

use super::{Run, RunEnd};
use crate::commands::{Command, run_command};
use crate::provider::StepFailure;
use crate::providers::provider_of;
use crate::screen::{Asked, Tone};

impl Run<'_> {
    pub(super) fn run_step(&mut self, step: &StepRun) {
        self.at_step = step.step.number;
        let name = shown(&step.shown_name, "a step whose name holds a secret");
        self.screen.step(step.step.number, step.step.of, name);
        let kind = if step.type_name.is_empty() { "a command" } else { &*step.type_name };
        let attempt =
            if step.attempt > 1 { format!(", attempt {}", step.attempt) } else { String::new() };
        self.log.write(LogType::Info, &format!("step {}: {kind}{attempt}", step.step.path));
        if !step.hide_command && !step.action.text().is_empty() {
            self.log.write(LogType::Info, &format!("action: {}", step.action.text()));
        }
        // What happens when the power fails from here on is the machine's to say.
        self.save();
        let began = Instant::now();
        let end = match provider_of(step.dialect, &step.type_name) {
            Some(provider) => provider.run(step, self),
            None => Err(StepFailure::new(format!(
                "steps of type `{}` cannot be run on Linux; `tsmedia ts check --target linux` \
                 finds them before media are made",
                step.type_name
            ))),
        };
        let end = end.unwrap_or_else(|failure| StepEnd::NotStarted { reason: failure.reason });
        self.step_ended(end, began.elapsed());
    }

    fn step_ended(&mut self, end: StepEnd, time: Duration) {
        self.step_time = time;
        self.handle(Event::StepFinished(end));
        self.save();
        self.tell_records();
        self.save_status();
    }

    pub(super) fn run_prestart(&mut self, command: &Value) {
        self.tell(Tone::Plain, "Running the prestart command");
        if !command.is_secret() {
            self.log.write(LogType::Info, &format!("prestart: {}", command.text()));
        }
        let code = match self.prestart_code(command) {
            Ok(code) => code,
            Err(failure) => {
                self.tell(Tone::Bad, &format!("The prestart command: {}", failure.reason));
                1
            }
        };
        self.handle(Event::PrestartFinished { code });
    }

    fn prestart_code(&mut self, command: &Value) -> Result<i64, StepFailure> {
        let package = self.prestart_package.clone();
        let folder = package.map(|id| self.provide(id.as_str())).transpose()?;
        let command =
            Command { line: command.text(), folder, interactive: true, ..Command::default() };
        match run_command(&command, self)? {
            StepEnd::Exited { code, .. } => Ok(code),
            _ => Ok(1),
        }
    }

    /// Asks which sequence to run; `Some` when nobody can answer.
    pub(super) fn choose(&mut self, offers: &[Offer]) -> Option<RunEnd> {
        let lines: Vec<String> = (1..)
            .zip(offers)
            .map(|(number, offer)| format!("{number}  {} ({})", offer.name, offer.id))
            .collect();
        loop {
            let text = format!("Task sequences:\n{}", lines.join("\n"));
            self.screen.say(Tone::Asking, &text);
            let answer = match self.screen.ask("Number of the task sequence", None) {
                Asked::Line(line) => line,
                Asked::Nothing | Asked::Nobody => {
                    let why = "there are several task sequences, and nobody to choose one";
                    return Some(self.stop(why.to_owned()));
                }
            };
            let number = answer.trim().parse::<usize>().ok();
            if let Some(offer) = number.and_then(|number| offers.get(number.checked_sub(1)?)) {
                self.handle(Event::SequenceChosen { id: offer.id.clone() });
                return None;
            }
        }
    }
}

/// A text that may be shown, or words in its place.
pub(super) fn shown<'a>(value: &'a Value, otherwise: &'a str) -> &'a str {
    if value.is_secret() { otherwise } else { value.text() }
}
