//! What a run decides by variables: the rules of Set Dynamic Variables, and lists of packages and applications.

use super::environment::{Environment, VariableError};
use super::evaluate::{TraceLine, Truth, evaluate};
use super::facts::Facts;
use super::value::Value;
use crate::reference::{is_guid, is_package_id};
use crate::rules::DynamicRule;

/// What a step installs that only variables say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallList {
    /// Packages with their programs, in this order.
    Packages(Vec<ListedPackage>),
    /// Applications by their names, in this order.
    Applications {
        /// The names, with the case that they have.
        names: Vec<String>,
        /// The variables whose values are no names: those applications are skipped.
        skipped: Vec<String>,
    },
    /// Applications of an MDT deployment share by their GUIDs, in this order.
    DeploymentShare {
        /// The GUIDs in braces.
        guids: Vec<String>,
        /// The variables whose values are no GUIDs: those applications are skipped.
        skipped: Vec<String>,
    },
}

impl InstallList {
    /// Returns the ids of packages and of applications of MDT; names of applications are no ids.
    pub fn ids(&self) -> Vec<&str> {
        match self {
            Self::Packages(packages) => packages.iter().map(|it| it.package.as_str()).collect(),
            Self::Applications { .. } => Vec::new(),
            Self::DeploymentShare { guids, .. } => guids.iter().map(String::as_str).collect(),
        }
    }
}

/// A package and a program of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPackage {
    /// The package id.
    pub package: String,
    /// The name of the program, with the case that it has.
    pub program: String,
}

/// The variable of a list of packages whose value is no `PKGID:Program`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of `{variable}` is not a package id in upper case, a colon and a program")]
pub struct ListError {
    /// The name of the variable.
    pub variable: String,
}

/// A reason why rules stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Nobody can say whether the condition of a rule holds.
    #[error("whether rule {number} applies is not known")]
    Unknown {
        /// Counts the rules from 1.
        number: usize,
        /// What was asked.
        trace: Vec<TraceLine>,
    },
    /// A variable cannot be set.
    #[error("rule {number} cannot set a variable")]
    Variable {
        /// Counts the rules from 1.
        number: usize,
        /// Why.
        #[source]
        source: VariableError,
    },
}

/// Applies the rules of Set Dynamic Variables in order; a later one sees and overwrites what earlier ones set.
///
/// The variables about the computer are set first, where the computer is known. Values are expanded
/// once. A secret that the export has emptied keeps the value that it has. Returns the numbers, from
/// 1, of the rules that applied. After `Err` what earlier rules set stays.
pub fn apply_rules(
    rules: &[DynamicRule],
    environment: &mut Environment,
    facts: &dyn Facts,
) -> Result<Vec<usize>, RuleError> {
    let failed = |number: usize| move |source| RuleError::Variable { number, source };
    set_computer(environment, facts);
    let mut applied = Vec::new();
    for (number, rule) in (1..).zip(rules) {
        let evaluation = evaluate(&rule.condition, environment, facts);
        match evaluation.truth {
            Truth::False => continue,
            Truth::Unknown => return Err(RuleError::Unknown { number, trace: evaluation.trace }),
            Truth::True => {}
        }
        for variable in &rule.variables {
            if variable.secret && variable.value.is_empty() {
                continue;
            }
            let value = Value::new(variable.value.clone(), variable.secret);
            let value = environment.expand(&value).map_err(failed(number))?;
            environment.set(&variable.name, value).map_err(failed(number))?;
        }
        applied.push(number);
    }
    Ok(applied)
}

fn set_computer(environment: &mut Environment, facts: &dyn Facts) {
    let Some(computer) = facts.computer().known() else { return };
    let variables = [
        ("_SMSTSMake", computer.make),
        ("_SMSTSModel", computer.model),
        ("_SMSTSMacAddresses", computer.mac_addresses.join(",")),
        ("_SMSTSIPAddresses", computer.ip_addresses.join(",")),
        ("_SMSTSDefaultGateways", computer.default_gateways.join(",")),
        ("_SMSTSSerialNumber", computer.serial_number),
        ("_SMSTSAssetTag", computer.asset_tag),
        ("_SMSTSUUID", computer.uuid),
    ];
    for (name, value) in variables {
        environment.set_own(name, &value);
    }
}

/// Reads a list of packages from `BASE001`, `BASE002`, … up to the first that is missing.
///
/// Empty when the first one is missing. `Err` names the first variable with a malformed value; a
/// package id in lower case is one.
pub fn listed_packages(
    environment: &Environment,
    base: &str,
) -> Result<Vec<ListedPackage>, ListError> {
    let mut packages = Vec::new();
    for (variable, value) in numbered(environment, base, 3) {
        let package = value.split_once(':').filter(|(package, program)| {
            is_package_id(package)
                && !package.bytes().any(|byte| byte.is_ascii_lowercase())
                && !program.trim().is_empty()
        });
        let Some((package, program)) = package else { return Err(ListError { variable }) };
        packages.push(ListedPackage { package: package.to_owned(), program: program.to_owned() });
    }
    Ok(packages)
}

/// Reads a list of applications from `BASE01`, `BASE02`, … up to the first that is missing.
///
/// Whether an application of that name exists only its catalog knows; a value of blanks is no name.
pub fn listed_applications(environment: &Environment, base: &str) -> InstallList {
    let (names, skipped) = split(environment, base, 2, |value| !value.trim().is_empty());
    InstallList::Applications { names, skipped }
}

/// Reads a list of MDT's applications from `Applications001`, `Applications002`, … up to the first that is missing.
pub fn listed_guids(environment: &Environment) -> InstallList {
    let (guids, skipped) = split(environment, "Applications", 3, is_guid);
    InstallList::DeploymentShare { guids, skipped }
}

fn split(
    environment: &Environment,
    base: &str,
    digits: usize,
    is_good: impl Fn(&str) -> bool,
) -> (Vec<String>, Vec<String>) {
    let (mut good, mut skipped) = (Vec::new(), Vec::new());
    for (variable, value) in numbered(environment, base, digits) {
        if is_good(value) {
            good.push(value.to_owned());
        } else {
            skipped.push(variable);
        }
    }
    (good, skipped)
}

fn numbered<'a>(
    environment: &'a Environment,
    base: &str,
    digits: usize,
) -> impl Iterator<Item = (String, &'a str)> {
    let base = base.trim().to_owned();
    (1..).map_while(move |number| {
        let name = format!("{base}{number:0digits$}");
        let value = environment.get(&name)?;
        Some((name, value.text()))
    })
}
