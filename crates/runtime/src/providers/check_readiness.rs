mod computer;

use cmtrace::LogType;
use tasksequence::run::{Running, StepEnd, StepRun, Value};

use self::computer::{disk_mebibytes, has_network, is_on_mains, megahertz, memory_mebibytes};
use crate::provider::{Host, Provider, StepFailure, value_of};
use crate::system::System;

/// What the step ends with if any check failed.
const NOT_READY: i64 = 4316;

/// Check Readiness: all checks are made, then the step fails if any failed.
pub struct CheckReadiness;

/// How a check went.
enum Verdict {
    Passed(String),
    Failed(String),
}

impl Provider for CheckReadiness {
    fn run(&self, step: &StepRun, host: &mut dyn Host) -> Result<StepEnd, StepFailure> {
        Self::run_on(step, host, &System::default())
    }
}

/// A check: the end of its `OSDCheck…` variable, and of the `_TS_CR…` variable with its result.
type Check = (&'static str, &'static str, fn(&Asked<'_>) -> Result<Verdict, StepFailure>);

const CHECKS: [Check; 13] = [
    ("Memory", "MEMORY", |asked| asked.at_least("OSDMemory", "MB of memory", memory_mebibytes)),
    ("ProcessorSpeed", "SPEED", |asked| {
        asked.at_least("OSDProcessorSpeed", "MHz of processor speed", |it| Ok(megahertz(it.system)))
    }),
    ("FreeDiskSpace", "DISK", |asked| {
        asked.at_least("OSDFreeDiskSpace", "MB of disk space", disk_mebibytes)
    }),
    ("OSArchitecture", "ARCH", |asked| asked.architecture()),
    ("OSType", "OSTYPE", |asked| Ok(asked.of_windows("the type of the system"))),
    ("MinOSVersion", "MINOSVER", |asked| Ok(asked.of_windows("the version of the system"))),
    ("MaxOSVersion", "MAXOSVER", |asked| Ok(asked.of_windows("the version of the system"))),
    ("CMClientMinVersion", "CLIENTMINVER", |asked| {
        Ok(asked.of_windows("the version of the Configuration Manager client"))
    }),
    ("OSLanguageID", "OSLANGUAGE", |asked| Ok(asked.of_windows("the language of the system"))),
    ("PowerState", "ACPOWER", |asked| {
        Ok(verdict(is_on_mains(asked.system), "the computer is on mains power"))
    }),
    ("NetworkConnected", "NETWORK", |asked| {
        Ok(verdict(has_network(asked.system, false), "a network is connected"))
    }),
    ("NetworkWired", "WIRED", |asked| {
        Ok(verdict(has_network(asked.system, true), "a network is connected by wire"))
    }),
    ("DeviceUEFI", "UEFI", |asked| {
        let found = asked.system.folders.sys.join("firmware/efi").exists();
        Ok(verdict(found, "the computer was started by UEFI"))
    }),
];

impl CheckReadiness {
    /// Does the step on this computer.
    pub fn run_on(
        step: &StepRun,
        host: &mut dyn Host,
        system: &System,
    ) -> Result<StepEnd, StepFailure> {
        let mut code = 0;
        for (name, variable, check) in CHECKS {
            let wanted = value_of(step, host, &format!("OSDCheck{name}"));
            if !wanted.text().trim().eq_ignore_ascii_case("true") {
                continue;
            }
            let verdict = check(&Asked { step, host, system })?;
            let (passed, kind, text) = match verdict {
                Verdict::Passed(text) => ("1", LogType::Info, format!("passed: {text}")),
                Verdict::Failed(text) => {
                    code = NOT_READY;
                    ("0", LogType::Error, format!("failed: {text}"))
                }
            };
            host.log(kind, &text);
            host.set_engine_variable(&format!("_TS_CR{variable}"), Value::plain(passed))?;
        }
        Ok(StepEnd::Exited { code, output: Value::default() })
    }
}

fn verdict(is_so: bool, text: &str) -> Verdict {
    if is_so {
        Verdict::Passed(text.to_owned())
    } else {
        Verdict::Failed(format!("it is not so that {text}"))
    }
}

/// What a check may look at.
struct Asked<'a> {
    step: &'a StepRun,
    host: &'a dyn Host,
    system: &'a System,
}

impl Asked<'_> {
    /// Compares what is there with the number in a variable; what cannot be found out fails.
    fn at_least(
        &self,
        variable: &str,
        what: &str,
        there: fn(&Self) -> Result<Option<u64>, StepFailure>,
    ) -> Result<Verdict, StepFailure> {
        let text = value_of(self.step, self.host, variable);
        let Ok(wanted) = text.text().trim().parse::<u64>() else {
            let text = text.text();
            return Err(StepFailure::new(format!("{variable} is `{text}`; it has to be a number")));
        };
        Ok(match there(self)? {
            Some(there) if there >= wanted => {
                Verdict::Passed(format!("there are {there} {what}, {wanted} are wanted"))
            }
            Some(there) => {
                Verdict::Failed(format!("there are {there} {what}, {wanted} are wanted"))
            }
            None => Verdict::Failed(format!("nobody can say how many {what} there are")),
        })
    }

    fn architecture(&self) -> Result<Verdict, StepFailure> {
        let wanted = value_of(self.step, self.host, "OSDOSArchitecture");
        let there = rustix::system::uname().machine().to_string_lossy().into_owned();
        let bits = if there.contains("64") { "64" } else { "32" };
        let text = format!("the system runs with {bits} bits ({there})");
        let is_so = wanted.text().trim().trim_end_matches("-bit") == bits;
        Ok(if is_so { Verdict::Passed(text) } else { Verdict::Failed(text) })
    }

    /// A check of the Windows that runs, of which there is none.
    fn of_windows(&self, what: &str) -> Verdict {
        let running = match self.host.running() {
            Running::WinPe => "the boot image runs, and no Windows",
            Running::FullOs => "the system that runs is no Windows",
        };
        Verdict::Failed(format!("{what} is unknown: {running}"))
    }
}
