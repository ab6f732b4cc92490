//! What a deployment share holds beside its task sequences.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use content::{
    Application, Architecture, CatalogObject, ContentId, DependencyGroup, DeploymentType,
    ObjectKind, OsImageIndex, Problem,
};
use tasksequence::TaskSequence;
use tasksequence::mdt::{self, Group, Guid, OperatingSystem, SelectionProfile};

use super::ImportError;
use super::mdt::Control;
use super::mdt_paths::{below, on_host};
use super::plan::Plan;

/// The folders of the workbench below which drivers and packages stand, and what they become.
const DRIVERS: (&str, &str) = ("Out-of-Box Drivers", "driver-package");
const PACKAGES: (&str, &str) = ("Packages", "package");

pub(super) struct Share {
    root: PathBuf,
    operating_systems: Vec<OperatingSystem>,
    applications: Vec<mdt::Application>,
    profiles: Vec<SelectionProfile>,
    drivers: Folders,
    packages: Folders,
    /// The ids of everything that has a GUID, those that the site already has among them.
    ids: BTreeMap<String, ContentId>,
}

/// The objects of one kind, and the workbench's folders that they stand in.
struct Folders {
    sources: BTreeMap<Guid, String>,
    groups: Vec<Group>,
}

impl Folders {
    /// The sources of the objects in this folder of the workbench and in those below it.
    fn within(&self, folder: &str) -> Vec<&str> {
        if folder.is_empty() {
            return self.sources.values().map(String::as_str).collect();
        }
        let folder = folder.to_lowercase();
        let inside = |group: &&Group| {
            let name = group.entry.name.to_lowercase();
            name == folder || name.strip_prefix(&folder).is_some_and(|rest| rest.starts_with('\\'))
        };
        let members = self.groups.iter().filter(inside).flat_map(|group| &group.members);
        members.filter_map(|guid| self.sources.get(guid)).map(String::as_str).collect()
    }
}

impl Share {
    pub(super) fn read(root: &Path, control: &Control, plan: &Plan) -> Result<Self, ImportError> {
        let driver_sources = control.list("Drivers.xml", mdt::drivers)?.into_iter();
        let package_sources = control.list("Packages.xml", mdt::packages)?.into_iter();
        let drivers = Folders {
            sources: driver_sources.map(|driver| (driver.entry.guid, driver.source)).collect(),
            groups: control.list("DriverGroups.xml", mdt::groups)?,
        };
        let packages = Folders {
            sources: package_sources.map(|package| (package.entry.guid, package.source)).collect(),
            groups: control.list("PackageGroups.xml", mdt::groups)?,
        };
        let known = plan.catalog.objects.values();
        let ids = known.filter_map(|object| Some((object.guid.clone()?, object.id.clone())));
        Ok(Self {
            root: root.to_owned(),
            operating_systems: control.list("OperatingSystems.xml", mdt::operating_systems)?,
            applications: control.list("Applications.xml", mdt::applications)?,
            profiles: control.list("SelectionProfiles.xml", mdt::selection_profiles)?,
            drivers,
            packages,
            ids: ids.collect(),
        })
    }

    /// The id of the object with this GUID: the site's own, else one made of the GUID, so that
    /// importing again finds it.
    fn id(&mut self, guid: &Guid) -> ContentId {
        let guid = guid.as_str().to_ascii_lowercase();
        if let Some(id) = self.ids.get(&guid) {
            return id.clone();
        }
        let digits = guid.trim_matches(['{', '}']).to_ascii_uppercase();
        let made = |text: &str| -> ContentId {
            format!("MDT-{text}").parse().expect("because a GUID has hexadecimal digits and `-`")
        };
        let short = made(&digits[..8]);
        let id = if self.ids.values().any(|id| *id == short) { made(&digits) } else { short };
        self.ids.insert(guid, id.clone());
        id
    }

    pub(super) fn operating_systems(&mut self, plan: &mut Plan) {
        for os in std::mem::take(&mut self.operating_systems) {
            // Setup needs its whole folder; an image that was captured is one file.
            let whole = os.includes_setup == Some(true) || os.image_file.trim().is_empty();
            let source = if whole { &os.source } else { &os.image_file };
            let source = self.source(source, &os.entry.name, plan);
            let image = OsImageIndex {
                index: os.image_index.unwrap_or(1).max(1),
                name: os.image_name.clone(),
                architecture: architecture(&os.platform),
            };
            let object = CatalogObject {
                id: self.id(&os.entry.guid),
                name: os.entry.name,
                version: os.build,
                source_version: 1,
                source,
                guid: Some(os.entry.guid.as_str().to_ascii_lowercase()),
                selection_profile: None,
                kind: ObjectKind::OsImage { images: vec![image] },
            };
            plan.object(object);
        }
    }

    pub(super) fn applications(&mut self, plan: &mut Plan) {
        for application in std::mem::take(&mut self.applications) {
            let object = self.application(application, plan);
            plan.object(object);
        }
    }

    fn application(&mut self, application: mdt::Application, plan: &mut Plan) -> CatalogObject {
        let name = application.entry.name;
        // A bundle has no files: it only depends on others.
        let has_files = !application.source.trim().is_empty();
        let source = has_files.then(|| self.source(&application.source, &name, plan)).flatten();
        let id = self.id(&application.entry.guid);
        let groups = application.dependencies.iter();
        let groups = groups.map(|guid| DependencyGroup(vec![self.id(guid)])).collect();
        let deployment_type = DeploymentType {
            name: "Command line".into(),
            install: application.command_line,
            uninstall: None,
            working_directory: working_directory(&application.working_directory, &source),
            content: (has_files && source.is_none()).then(|| id.clone()),
            source,
            dependencies: groups,
            ..DeploymentType::default()
        };
        CatalogObject {
            id,
            name,
            version: application.version,
            source_version: 1,
            source: None,
            guid: Some(application.entry.guid.as_str().to_ascii_lowercase()),
            selection_profile: None,
            kind: ObjectKind::Application(Application {
                deployment_types: vec![deployment_type],
                ..Application::default()
            }),
        }
    }

    /// Adds the drivers and packages of the selection profiles that a task sequence names.
    pub(super) fn profiles(&mut self, sequence: &TaskSequence, plan: &mut Plan) {
        for used in sequence.selection_profiles() {
            let named =
                |known: &&SelectionProfile| known.entry.name.eq_ignore_ascii_case(&used.name);
            let Some(profile) = self.profiles.iter().find(named) else { continue };
            for (folder, kind) in [DRIVERS, PACKAGES] {
                self.profile(profile, folder, kind, plan);
            }
        }
    }

    /// Adds one object for what a profile selects of drivers or of packages.
    ///
    /// Its source is the folder that holds all of them: the files of the workbench's folders are
    /// not apart on the disk, and the target chooses among them by the profile.
    fn profile(&self, profile: &SelectionProfile, folder: &str, kind: &str, plan: &mut Plan) {
        let objects = if kind == DRIVERS.1 { &self.drivers } else { &self.packages };
        let includes = profile.includes.iter().filter_map(|include| {
            let (top, rest) = include.split_once('\\').unwrap_or((include, ""));
            top.eq_ignore_ascii_case(folder).then_some(rest)
        });
        let sources: Vec<String> = includes
            .flat_map(|include| objects.within(include))
            .filter_map(below)
            .filter_map(|source| source.rsplit_once('/').map(|(parent, _)| parent.to_owned()))
            .collect();
        let Some(source) = common_folder(&sources) else { return };
        let source = self.source(&source, &profile.entry.name, plan);
        let digits = profile.entry.guid.as_str().trim_matches(['{', '}']);
        let suffix = if kind == DRIVERS.1 { "DRIVERS" } else { "PACKAGES" };
        let id = format!("MDT-{}-{suffix}", &digits[..8]).parse();
        let object = CatalogObject {
            id: id.expect("because a GUID begins with eight hexadecimal digits"),
            name: format!("{} ({folder})", profile.entry.name),
            version: String::new(),
            source_version: 1,
            source,
            guid: None,
            selection_profile: Some(profile.entry.name.clone()),
            kind: ObjectKind::of_name(kind).expect("because both kinds are constants"),
        };
        plan.object(object);
    }

    /// A source as the host has it; one that is not in the share is reported.
    fn source(&self, text: &str, name: &str, plan: &mut Plan) -> Option<String> {
        let below = below(text);
        let found = below.as_deref().and_then(|below| on_host(&self.root, below));
        if found.is_none() {
            let message = format!("the share has no `{text}`, the source of `{name}`");
            let remedy = "copy it to a distribution point, then `tsmedia content update`";
            plan.problems.push(Problem::warning("import-source", message).remedy(remedy));
        }
        found.or(below)
    }
}

/// The deepest folder that holds all of these.
fn common_folder(folders: &[String]) -> Option<String> {
    let mut common: Vec<&str> = folders.first()?.split('/').collect();
    for folder in folders {
        let same =
            common.iter().zip(folder.split('/')).take_while(|(a, b)| a.eq_ignore_ascii_case(b));
        let same = same.count();
        common.truncate(same);
    }
    (!common.is_empty()).then(|| common.join("/"))
}

/// The folder that a command starts in, below the application's own; its root needs no word.
fn working_directory(text: &str, source: &Option<String>) -> Option<String> {
    let directory = below(text)?;
    let source = source.as_deref()?;
    if directory.eq_ignore_ascii_case(source) {
        return None;
    }
    let rest = directory.get(source.len()..).filter(|rest| rest.starts_with('/'));
    let inside = directory.get(..source.len()).is_some_and(|d| d.eq_ignore_ascii_case(source));
    match rest {
        Some(rest) if inside => Some(rest[1..].to_owned()),
        _ => Some(directory),
    }
}

fn architecture(platform: &str) -> Option<Architecture> {
    let known = Architecture::ALL.into_iter();
    known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(platform.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_the_deepest_folder_of_its_drivers() {
        let folders = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let common = common_folder(&folders(&["Drivers/Net/a", "drivers/net/b", "Drivers/Net/a"]));
        assert_eq!(common.as_deref(), Some("Drivers/Net"));
        assert_eq!(common_folder(&folders(&["A/x", "B/x"])), None);
        assert_eq!(common_folder(&[]), None);
    }

    #[test]
    fn commands_start_below_their_content() {
        let source = Some("Applications/7-Zip".to_owned());
        assert_eq!(working_directory(r".\applications\7-zip", &source), None);
        let sub = working_directory(r".\Applications\7-Zip\x64", &source);
        assert_eq!(sub.as_deref(), Some("x64"));
        let other = working_directory(r".\Applications\7-Zippy", &source);
        assert_eq!(other.as_deref(), Some("Applications/7-Zippy"));
    }
}
