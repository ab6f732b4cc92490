//! The positions of ids in actions and variables.

use std::collections::HashSet;

use crate::problem::Place;
use crate::sequence::TaskSequence;
use crate::step::{Item, Step};

use super::ReferenceKind;

/// Variables of Configuration Manager steps that hold one package id.
const ID_VARIABLES: &[&str] = &[
    "PackageID",
    "ImagePackageID",
    "InstallPackageID",
    "ConfigFilePackage",
    "OSDApplyDriverDriverPackageID",
    "_SMSClientPackageID",
    "_SMSClientPreProductionPackageID",
    "_OSDMigrateUsmtPackageID",
    "_OSDMigrateUsmtRestorePackageID",
    "SysprepPackageID",
    "BDDPackageID",
    "OSDRunPowerShellScriptPackageID",
    "OSDUpgradeInstallPackageID",
    "OSDUpgradeDriverPackageID",
    CHILD_VARIABLE,
];
const CHILD_VARIABLE: &str = "OSDSubTasksequencePackageID";

/// Variables of Configuration Manager steps that hold a list of package ids.
const PACKAGE_LISTS: &[&str] =
    &["OSDDownloadDownloadPackages", "OSDSubTasksequenceTsReferencePackages"];

/// Variables of Configuration Manager steps that hold a list of application ids.
const APPLICATION_LISTS: &[&str] = &["ApplicationName", CHILD_APPLICATIONS];
const CHILD_APPLICATIONS: &str = "OSDSubTasksequenceTsReferenceApplications";

/// Action switches whose value is a package id when they are the first argument.
const ID_SWITCHES: &[&str] = &["/run:", "/image:", "/install:", "/data:", "/pkg:"];

/// Variables of MDT steps and global lists that hold a GUID.
const GUID_VARIABLES: &[&str] = &["OSGUID", "ApplicationGUID"];

/// An id and the position it stands in.
pub(super) struct Position {
    pub id: String,
    pub kind: ReferenceKind,
    pub source: &'static str,
    pub program: Option<String>,
}

/// A place where content is chosen only at run time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DynamicList {
    /// The step.
    pub place: Place,
    /// What is chosen.
    pub kind: DynamicKind,
    /// The base name of the numbered variables, or the text with the variable; empty when none is named.
    pub base: String,
    /// Whether neither the step nor a group above it is disabled.
    pub enabled: bool,
}

/// What a [`DynamicList`] chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DynamicKind {
    /// Packages with programs, from `BASE001`, `BASE002`, …
    Packages,
    /// Applications, from `BASE01`, `BASE02`, …
    Applications,
    /// Packages to download, from the variables of Download Package Content that rules have set.
    Download,
    /// One id, from a variable that stands where the id belongs.
    Id,
}

/// A value that stands where an id belongs and is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedReference {
    /// The value.
    pub value: String,
    /// The variable that holds it.
    pub source: &'static str,
    /// The step.
    pub place: Place,
    /// Whether neither the step nor a group above it is disabled.
    pub enabled: bool,
}

/// All that one walk over a sequence finds, in document order.
#[derive(Default)]
pub(super) struct Scan {
    pub found: Vec<(Position, Place, bool)>,
    pub dynamic: Vec<DynamicList>,
    pub malformed: Vec<MalformedReference>,
    /// What `dynamic` holds: the action repeats what a variable of the same step says.
    seen: HashSet<DynamicList>,
}

/// Returns whether a text is a package id: a site code of three characters and five hexadecimal digits.
pub fn is_package_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 8
        && bytes[..3].iter().all(u8::is_ascii_alphanumeric)
        && bytes[3..].iter().all(u8::is_ascii_hexdigit)
}

/// Returns whether a text is an application id: `ScopeId_…/Application_…`, without a revision.
pub(super) fn is_application_id(text: &str) -> bool {
    let Some((scope, name)) = text.split_once('/') else { return false };
    scope.starts_with("ScopeId_") && !name.is_empty() && !name.contains(['/', ' '])
}

/// Returns whether a text is a GUID in braces.
pub fn is_guid(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return false;
    };
    let groups: Vec<&str> = inner.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl Scan {
    pub(super) fn of_configmgr(sequence: &TaskSequence) -> Self {
        let mut scan = Self::default();
        for placed in sequence.walk() {
            let Some(step) = placed.step() else { continue };
            let is_child = matches!(placed.item, Item::ChildSequence(_));
            let mut reader = StepReader {
                step,
                place: Place::Step(placed.path.clone()),
                enabled: placed.enabled,
                scan: &mut scan,
            };
            reader.action();
            reader.variables(is_child);
            reader.dynamic_lists();
        }
        scan
    }

    pub(super) fn of_mdt(sequence: &TaskSequence) -> Self {
        let mut scan = Self::default();
        let place = Place::document("globalVarList");
        let globals = sequence.global_variables();
        for source in GUID_VARIABLES {
            scan.guid(globals.get(source), source, &place, true);
        }
        for placed in sequence.walk() {
            let Some(step) = placed.step() else { continue };
            let variables = step.variables();
            let place = Place::Step(placed.path.clone());
            for source in GUID_VARIABLES {
                let value = variables.get(source);
                scan.guid(value, source, &place, placed.enabled);
                if *source == "ApplicationGUID" && value.is_some_and(|v| v.trim().is_empty()) {
                    scan.dynamic.push(DynamicList {
                        place: place.clone(),
                        kind: DynamicKind::Applications,
                        base: "Applications".to_owned(),
                        enabled: placed.enabled,
                    });
                }
            }
        }
        scan
    }

    fn guid(&mut self, value: Option<&str>, source: &'static str, place: &Place, enabled: bool) {
        let value = value.unwrap_or_default().trim();
        if is_guid(value) {
            let zero = value.bytes().all(|b| matches!(b, b'0' | b'-' | b'{' | b'}'));
            if !zero {
                let kind = ReferenceKind::Guid;
                let position = Position { id: value.to_owned(), kind, source, program: None };
                self.found.push((position, place.clone(), enabled));
            }
        } else if !value.is_empty() && !value.contains('%') {
            let value = value.to_owned();
            self.malformed.push(MalformedReference {
                value,
                source,
                place: place.clone(),
                enabled,
            });
        }
    }
}

/// Reads the positions of one step.
struct StepReader<'a> {
    step: Step<'a>,
    place: Place,
    enabled: bool,
    scan: &'a mut Scan,
}

impl StepReader<'_> {
    fn action(&mut self) {
        let action = self.step.action();
        let argument = first_argument(&action);
        for switch in ID_SWITCHES {
            if let Some(rest) = strip_switch(argument, switch) {
                self.package(until_delimiter(rest), switch, true);
            }
        }
        match self.step.stem() {
            "ApplyOperatingSystem" => {
                if let Some(rest) = after_switch(&action, "/config:") {
                    self.package(until_delimiter(rest), "/config:", true);
                }
            }
            "InstallApplication" => {
                if let Some(rest) = after_switch(&action, "/app:") {
                    let list = rest.split_ascii_whitespace().next().unwrap_or_default();
                    // A blank after the switch means an empty list.
                    if !rest.starts_with(char::is_whitespace) {
                        self.applications(list, "/app:", false);
                    }
                }
            }
            _ => {}
        }
    }

    fn variables(&mut self, is_child: bool) {
        let variables = self.step.variables();
        for source in ID_VARIABLES {
            if let Some(value) = variables.get(source) {
                self.package(value, source, false);
            }
        }
        for source in PACKAGE_LISTS {
            for value in variables.get(source).unwrap_or_default().split(',') {
                self.package(value, source, false);
            }
        }
        for source in APPLICATION_LISTS {
            // The product lists a child's applications sorted by id.
            let sorted = is_child && *source == CHILD_APPLICATIONS;
            self.applications(variables.get(source).unwrap_or_default(), source, sorted);
        }
    }

    fn package(&mut self, value: &str, source: &'static str, is_action: bool) {
        let value = value.trim();
        if is_package_id(value) {
            let kind = if source == CHILD_VARIABLE {
                ReferenceKind::TaskSequence
            } else {
                ReferenceKind::Package
            };
            let program = (self.step.stem() == "InstallSoftware")
                .then(|| self.step.variables().get("_SMSSWDProgramName").map(str::to_owned))
                .flatten()
                .filter(|program| !program.is_empty());
            let position = Position { id: value.to_owned(), kind, source, program };
            self.scan.found.push((position, self.place.clone(), self.enabled));
        } else if value.contains('%') {
            self.dynamic(DynamicKind::Id, value);
        } else if !value.is_empty() && !is_action {
            // Actions of unknown types may give the same switches another meaning.
            self.malformed(value, source);
        }
    }

    fn applications(&mut self, list: &str, source: &'static str, sorted: bool) {
        let mut ids: Vec<&str> =
            list.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        if sorted {
            ids.sort_unstable();
        }
        for id in ids {
            if is_application_id(id) {
                let kind = ReferenceKind::Application;
                let position = Position { id: id.to_owned(), kind, source, program: None };
                self.scan.found.push((position, self.place.clone(), self.enabled));
            } else if id.contains('%') {
                self.dynamic(DynamicKind::Id, id);
            } else {
                self.malformed(id, source);
            }
        }
    }

    fn dynamic_lists(&mut self) {
        let action = self.step.action();
        let (switch, kind) = match self.step.stem() {
            "InstallSoftware" => ("/pkg:", DynamicKind::Packages),
            "InstallApplication" => ("/app:", DynamicKind::Applications),
            "RunCommandLine" => {
                if is_disguised_download(&action) {
                    self.dynamic(DynamicKind::Download, "OSDDownload");
                }
                return;
            }
            _ => return,
        };
        let named = after_switch(&action, switch)
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(char::is_whitespace));
        let variables = self.step.variables();
        let base = after_switch(&action, "/basevar:").map(until_delimiter).unwrap_or_default();
        let base = if base.is_empty() {
            variables.get("BaseVariableName").unwrap_or_default().trim()
        } else {
            base
        };
        if !named && !base.is_empty() {
            self.dynamic(kind, base);
        }
    }

    fn dynamic(&mut self, kind: DynamicKind, base: &str) {
        let base = base.to_owned();
        let list = DynamicList { place: self.place.clone(), kind, base, enabled: self.enabled };
        if self.scan.seen.insert(list.clone()) {
            self.scan.dynamic.push(list);
        }
    }

    fn malformed(&mut self, value: &str, source: &'static str) {
        self.scan.malformed.push(MalformedReference {
            value: value.to_owned(),
            source,
            place: self.place.clone(),
            enabled: self.enabled,
        });
    }
}

/// Returns whether a Run Command Line action starts the program of Download Package Content.
pub(crate) fn is_disguised_download(action: &str) -> bool {
    let Some(rest) = strip_switch(first_argument(action), "/run:") else { return false };
    let command = rest.split_once(char::is_whitespace).map_or("", |(_, command)| command);
    let program = command.trim_start().trim_start_matches('"');
    let program = program.split([' ', '"']).next().unwrap_or_default();
    let file = program.rsplit(['\\', '/']).next().unwrap_or_default();
    file.eq_ignore_ascii_case("OSDDownloadContent.exe")
        || file.eq_ignore_ascii_case("OSDDownloadContent")
}

/// Returns the text from the first argument on; the executable may be quoted.
pub(crate) fn first_argument(action: &str) -> &str {
    let action = action.trim_start();
    let rest = match action.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').map_or("", |(_, rest)| rest),
        None => action.find(char::is_whitespace).map_or("", |end| &action[end..]),
    };
    rest.trim_start()
}

/// Returns the text after a switch at the start of an argument; switches have no case.
fn strip_switch<'a>(argument: &'a str, switch: &str) -> Option<&'a str> {
    let head = argument.get(..switch.len())?;
    head.eq_ignore_ascii_case(switch).then(|| &argument[switch.len()..])
}

/// Returns the text after a switch that starts a word, perhaps a quoted one.
pub(crate) fn after_switch<'a>(action: &'a str, switch: &str) -> Option<&'a str> {
    let starts = action.char_indices().filter(|(at, _)| {
        let before = action[..*at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || c == '"')
    });
    starts.filter_map(|(at, _)| strip_switch(&action[at..], switch)).next()
}

fn until_delimiter(text: &str) -> &str {
    text.split(|c: char| c.is_whitespace() || c == ',' || c == '"').next().unwrap_or_default()
}
