//! Starting a step: what the run does itself, and what the runtime gets.

use super::Machine;
use super::finish::FAILED;
use super::overlay::Overlay;
use crate::reference::after_switch;
use crate::run::dynamic::{
    InstallList, RuleError, apply_rules, listed_applications, listed_guids, listed_packages,
};
use crate::run::environment::VariableError;
use crate::run::facts::Facts;
use crate::run::instruction::{
    Decision, DiscWanted, Instruction, Restart, RestartTarget, Running, StepRun,
};
use crate::run::policy::{Entry, Kind, StepEntry};
use crate::run::state::Phase;
use crate::run::value::Value;
use crate::sequence::Dialect;
use crate::step::{RunIn, Step, boolean};

/// How long a Restart Computer step tells the user when it does not say.
const REBOOT_TIMEOUT_SECONDS: u32 = 60;

impl Machine<'_> {
    /// Starts the step that the run has come to; `None` when that was done here or failed.
    pub(super) fn start(&mut self, facts: &dyn Facts) -> Option<Instruction> {
        let entry = self.entry()?;
        let Kind::Step(step) = &entry.kind else { return None };
        match self.try_start(entry, step, facts) {
            Ok(instruction) => instruction,
            Err(reason) => {
                self.fail(entry, FAILED, reason);
                None
            }
        }
    }

    fn try_start(
        &mut self,
        entry: &Entry,
        step: &StepEntry,
        facts: &dyn Facts,
    ) -> Result<Option<Instruction>, String> {
        match (step.run_in, self.progress.running) {
            (RunIn::WinPe, Running::FullOs) => return Err("it runs in Windows PE only".to_owned()),
            (RunIn::FullOs, Running::WinPe) => {
                return Err("it runs in the installed system only".to_owned());
            }
            _ => {}
        }
        if sets_variable(step.dialect, &step.stem, &step.action) {
            self.set_variable(step).map_err(|error| error.to_string())?;
            self.record(entry, Decision::VariablesSet { rules: Vec::new() });
            self.succeed(entry, 0);
            return Ok(None);
        }
        if applies_rules(step.dialect, &step.stem) {
            let rules = step.rules.as_ref().ok_or("its rules are not XML")?;
            let applied = apply_rules(rules, &mut self.environment, facts);
            let rules = applied.map_err(|error| self.rule_failed(entry, error))?;
            self.record(entry, Decision::VariablesSet { rules });
            self.succeed(entry, 0);
            return Ok(None);
        }
        if restarts(step.dialect, &step.stem, &step.action) {
            let restart = self.restart_of(step)?;
            self.restart_step(entry, restart);
            return Ok(None);
        }
        let install = self.install_list(step)?;
        let mut contents = step.contents.clone();
        contents.extend(install.iter().flat_map(InstallList::ids).map(str::to_owned));
        if let Some(wanted) = self.wanted_disc(entry, &contents, facts) {
            return Ok(Some(Instruction::InsertDisc(wanted)));
        }
        let run = self.step_run(entry, step, install, contents)?;
        Ok(Some(Instruction::RunStep(Box::new(run))))
    }

    /// Puts a failure of a rule in words, and what was asked into the log.
    fn rule_failed(&mut self, entry: &Entry, error: RuleError) -> String {
        let words = error.to_string();
        match error {
            RuleError::Variable { source, .. } => format!("{words}: {source}"),
            RuleError::Unknown { trace, .. } => {
                self.record(entry, Decision::ConditionUnknown { trace });
                words
            }
        }
    }

    fn set_variable(&mut self, step: &StepEntry) -> Result<(), VariableError> {
        let own = |name: &str| {
            let mut all = step.variables.iter();
            all.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.text())
        };
        let (name, value) = match (own("VariableName"), own("VariableValue")) {
            (Some(name), value) => (name, value.unwrap_or_default()),
            (None, _) => assignment_in(&step.action),
        };
        let name = self.environment.expand(&Value::plain(name))?;
        let hidden = own("DoNotShowVariableValue").and_then(boolean).unwrap_or(false)
            || after_switch(&step.action, "/hiddenflag:").is_some_and(|flag| {
                boolean(flag.split_whitespace().next().unwrap_or_default()).unwrap_or(false)
            });
        let value = self.environment.expand(&Value::new(value.to_owned(), hidden))?;
        self.environment.set(name.text(), value)
    }

    /// The next disc that has to be put in for the step's contents; `None` when the step can run.
    fn wanted_disc(
        &mut self,
        entry: &Entry,
        contents: &[String],
        facts: &dyn Facts,
    ) -> Option<DiscWanted> {
        let lies: Vec<(&String, Vec<u32>)> =
            contents.iter().map(|id| (id, facts.discs_of(id))).collect();
        let mut discs: Vec<u32> = lies.iter().flat_map(|(_, discs)| discs).copied().collect();
        discs.sort_unstable();
        discs.dedup();
        let current = self.progress.disc;
        if current.is_some_and(|disc| discs == [disc]) {
            return None;
        }
        let Phase::Starting { discs_done, awaited, .. } = &mut self.progress.phase else {
            return None;
        };
        let mut left = discs.iter().copied().filter(|disc| !discs_done.contains(disc));
        let disc = left.next()?;
        *awaited = Some(disc);
        let more = left.next().is_some();
        let there = lies.iter().filter(|(_, discs)| discs.contains(&disc));
        let contents = there.map(|(id, _)| (*id).clone()).collect();
        Some(DiscWanted { disc, contents, more, step: self.step_ref(entry) })
    }

    fn restart_of(&self, step: &StepEntry) -> Result<Restart, String> {
        let overlay = Overlay::of(step, &self.environment).map_err(|error| error.to_string())?;
        let action = Value::plain(step.action.as_str());
        let action = overlay.expand(&action).map_err(|error| error.to_string())?;
        let target = match after_switch(action.text(), "/target:") {
            Some(rest) => rest.split([' ', '"']).next().unwrap_or_default(),
            None => overlay.text("SMSRebootTarget"),
        };
        let target = target_of(target).ok_or("its restart target is neither WinPE nor HD")?;
        // MDT names the message by its property on some steps.
        let message = overlay.first(&["SMSRebootMessage", "Message"]).cloned().unwrap_or_default();
        let timeout = overlay.first(&["SMSRebootTimeout", "MessageTimeout"]);
        let seconds = timeout.and_then(|timeout| timeout.text().trim().parse().ok());
        let delay_seconds = Some(seconds.unwrap_or(REBOOT_TIMEOUT_SECONDS));
        Ok(Restart { target, message, delay_seconds })
    }

    fn step_run(
        &mut self,
        entry: &Entry,
        step: &StepEntry,
        install: Option<InstallList>,
        contents: Vec<String>,
    ) -> Result<StepRun, String> {
        let words = |error: VariableError| error.to_string();
        let overlay = Overlay::of(step, &self.environment).map_err(words)?;
        let expand = |text: &str| overlay.expand(&Value::plain(text)).map_err(words);
        let output = output_variable(step).map(|name| overlay.text(name).trim().to_owned());
        let output = output.filter(|name| !name.is_empty());
        let action = expand(&step.action)?;
        let hide_command =
            action.is_secret() || boolean(overlay.text("OSDDoNotLogCommand")).unwrap_or(false);
        let Phase::Starting { attempt, retries, .. } = self.progress.phase else {
            return Err("it was not to be started".to_owned());
        };
        let run = StepRun {
            step: self.step_ref(entry),
            shown_name: expand(entry.path.name())?,
            dialect: step.dialect,
            type_name: step.type_name.clone(),
            start_in: expand(&step.start_in)?,
            action,
            timeout_seconds: step.timeout_seconds,
            success_codes: step.success_codes.clone(),
            run_in: step.run_in,
            attempt,
            contents,
            install,
            output_wanted: output.is_some(),
            hide_command,
            variables: overlay.variables,
        };
        self.progress.phase = Phase::Running { attempt, retries, output };
        Ok(run)
    }

    fn install_list(&self, step: &StepEntry) -> Result<Option<InstallList>, String> {
        let own = |name: &str| {
            let overlay =
                Overlay::of(step, &self.environment).map_err(|error| error.to_string())?;
            Ok::<String, String>(overlay.text(name).trim().to_owned())
        };
        let switch = match (step.dialect, step.stem.as_str()) {
            (Dialect::Mdt, "BDD_InstallApplication") => {
                let dynamic = own("ApplicationGUID")?.is_empty();
                return Ok(dynamic.then(|| listed_guids(&self.environment)));
            }
            (Dialect::ConfigMgr, "InstallSoftware") => "/pkg:",
            (Dialect::ConfigMgr, "InstallApplication") => "/app:",
            _ => return Ok(None),
        };
        let word = |switch| {
            let rest = after_switch(&step.action, switch).unwrap_or_default();
            rest.split([' ', '"']).next().unwrap_or_default().to_owned()
        };
        let base = match word("/basevar:") {
            base if base.is_empty() => own("BaseVariableName")?,
            base => base,
        };
        if !word(switch).is_empty() || base.is_empty() {
            return Ok(None);
        }
        if self.progress.stand_alone {
            return Err("stand-alone media support no lists that variables hold".to_owned());
        }
        if step.stem == "InstallApplication" {
            return Ok(Some(listed_applications(&self.environment, &base)));
        }
        let packages = listed_packages(&self.environment, &base);
        packages.map(|list| Some(InstallList::Packages(list))).map_err(|error| error.to_string())
    }
}

/// The variable that names the variable which gets the step's output.
fn output_variable(step: &StepEntry) -> Option<&'static str> {
    match (step.dialect, step.stem.as_str()) {
        (Dialect::ConfigMgr, "RunCommandLine") => Some("SMSTSRunCommandLineOutputVariableName"),
        (Dialect::ConfigMgr, "RunPowerShellScript") => {
            Some("OSDRunPowerShellScriptOutputVariableName")
        }
        _ => None,
    }
}

/// Whether a run does a step itself, so that nothing has to be there for its type: variables, rules
/// for variables, and restarts.
pub fn does_itself(dialect: Dialect, step: Step<'_>) -> bool {
    does(dialect, step.stem(), &step.action())
}

/// The same for a step that was taken apart.
pub(in crate::run) fn does(dialect: Dialect, stem: &str, action: &str) -> bool {
    sets_variable(dialect, stem, action)
        || applies_rules(dialect, stem)
        || restarts(dialect, stem, action)
}

fn sets_variable(dialect: Dialect, stem: &str, action: &str) -> bool {
    let script = action.to_ascii_lowercase();
    match dialect {
        Dialect::ConfigMgr => stem == "SetVariable",
        Dialect::Mdt => stem == "SetVariable" && script.contains("ztisetvariable.wsf"),
    }
}

fn applies_rules(dialect: Dialect, stem: &str) -> bool {
    dialect == Dialect::ConfigMgr && stem == "SetDynamicVariables"
}

/// Whether the step restarts the computer: its type alone does not tell in MDT, its program does.
fn restarts(dialect: Dialect, stem: &str, action: &str) -> bool {
    let program = action.split_whitespace().next().unwrap_or_default().trim_matches('"');
    let file = program.rsplit(['\\', '/']).next().unwrap_or_default();
    let boots = file.eq_ignore_ascii_case("smsboot.exe") || file.eq_ignore_ascii_case("smsboot");
    boots || (dialect == Dialect::ConfigMgr && stem == "Reboot")
}

pub(super) fn target_of(word: &str) -> Option<RestartTarget> {
    match word.trim().to_ascii_lowercase().as_str() {
        "winpe" => Some(RestartTarget::WinPe),
        "hd" => Some(RestartTarget::Hd),
        _ => None,
    }
}

/// The name and the value in `tsenv.exe "NAME=VALUE" /hiddenflag:False`.
fn assignment_in(action: &str) -> (&str, &str) {
    let argument = crate::reference::first_argument(action);
    let quoted = argument.strip_prefix('"').and_then(|rest| rest.rsplit_once('"'));
    let assignment = quoted.map_or(argument, |(inside, _)| inside);
    assignment.split_once('=').unwrap_or((assignment, ""))
}
