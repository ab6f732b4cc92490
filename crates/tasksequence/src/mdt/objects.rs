//! The objects of a share: what task sequences refer to.

use super::Guid;
use super::list::{Entry, MdtError, entries};

/// A task sequence of the share; the sequence itself lies in `Control\<ID>\ts.xml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSequenceEntry {
    /// GUID, name, enabled, hidden.
    pub entry: Entry,
    /// The id: the name of the folder below `Control`.
    pub id: String,
    /// The version as written.
    pub version: String,
    /// The template that it was made from.
    pub template: String,
    /// The comments.
    pub comments: String,
}

/// An operating system of the share. Texts of absent elements are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatingSystem {
    /// GUID, name, enabled, hidden.
    pub entry: Entry,
    /// The platform, such as `x64`.
    pub platform: String,
    /// The build, such as `10.0.26100.1`.
    pub build: String,
    /// The folder, relative to the share, such as `.\Operating Systems\Windows 11`.
    pub source: String,
    /// The image file, relative to the share.
    pub image_file: String,
    /// The number of the image in the file, from 1.
    pub image_index: Option<u32>,
    /// The name of the image.
    pub image_name: String,
    /// The edition flags.
    pub flags: String,
    /// The unpacked size in megabytes.
    pub size_mib: Option<u64>,
    /// The language, or several separated by blanks.
    pub language: String,
    /// Whether the folder holds Windows Setup.
    pub includes_setup: Option<bool>,
}

/// An application of the share. Texts of absent elements are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// GUID, name, enabled, hidden.
    pub entry: Entry,
    /// The short name.
    pub short_name: String,
    /// The name that the wizard shows.
    pub display_name: String,
    /// The version as written.
    pub version: String,
    /// The publisher.
    pub publisher: String,
    /// The language.
    pub language: String,
    /// The folder, relative to the share; empty for a bundle or for files that lie elsewhere.
    pub source: String,
    /// The command line.
    pub command_line: String,
    /// The folder that the command starts in, relative to the share.
    pub working_directory: String,
    /// Whether the computer is restarted afterwards; `None` when the share does not say.
    pub reboot: Option<bool>,
    /// The key that shows that the application is installed.
    pub uninstall_key: String,
    /// The applications to install before it, in order.
    pub dependencies: Vec<Guid>,
}

/// A driver of the share. Texts of absent elements are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    /// GUID, name, enabled, hidden.
    pub entry: Entry,
    /// The manufacturer.
    pub manufacturer: String,
    /// The version as written.
    pub version: String,
    /// The device class, such as `Net`.
    pub class: String,
    /// The platforms.
    pub platforms: Vec<String>,
    /// The hardware ids.
    pub pnp_ids: Vec<String>,
    /// The `.inf` file, relative to the share.
    pub source: String,
    /// The hash of the driver as the share writes it.
    pub hash: String,
}

/// A package of the share: a language pack or an update. Texts of absent elements are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// GUID, name, enabled, hidden.
    pub entry: Entry,
    /// The type, such as `LanguagePack`.
    pub package_type: String,
    /// The architecture.
    pub architecture: String,
    /// The language.
    pub language: String,
    /// The version as written.
    pub version: String,
    /// The file, relative to the share.
    pub source: String,
}

/// Reads `TaskSequences.xml`.
pub fn task_sequences(text: &str) -> Result<Vec<TaskSequenceEntry>, MdtError> {
    entries(text, "tss", "ts", |entry, fields| {
        Ok(TaskSequenceEntry {
            entry,
            id: fields.text("ID").trim().to_owned(),
            version: fields.text("Version"),
            template: fields.text("TaskSequenceTemplate"),
            comments: fields.text("Comments"),
        })
    })
}

/// Reads `OperatingSystems.xml`.
pub fn operating_systems(text: &str) -> Result<Vec<OperatingSystem>, MdtError> {
    entries(text, "oss", "os", |entry, fields| {
        Ok(OperatingSystem {
            entry,
            platform: fields.text("Platform"),
            build: fields.text("Build"),
            source: fields.text("Source"),
            image_file: fields.text("ImageFile"),
            image_index: fields.number("ImageIndex"),
            image_name: fields.text("ImageName"),
            flags: fields.text("Flags"),
            size_mib: fields.number("Size"),
            language: fields.text("Language"),
            includes_setup: fields.flag("IncludesSetup"),
        })
    })
}

/// Reads `Applications.xml`.
pub fn applications(text: &str) -> Result<Vec<Application>, MdtError> {
    entries(text, "applications", "application", |entry, fields| {
        Ok(Application {
            entry,
            short_name: fields.text("ShortName"),
            display_name: fields.text("DisplayName"),
            version: fields.text("Version"),
            publisher: fields.text("Publisher"),
            language: fields.text("Language"),
            source: fields.text("Source"),
            command_line: fields.text("CommandLine"),
            working_directory: fields.text("WorkingDirectory"),
            reboot: fields.flag("Reboot"),
            uninstall_key: fields.text("UninstallKey"),
            dependencies: fields.guids("Dependency"),
        })
    })
}

/// Reads `Drivers.xml`.
pub fn drivers(text: &str) -> Result<Vec<Driver>, MdtError> {
    entries(text, "drivers", "driver", |entry, fields| {
        Ok(Driver {
            entry,
            manufacturer: fields.text("Manufacturer"),
            version: fields.text("Version"),
            class: fields.text("Class"),
            platforms: fields.texts("Platform"),
            pnp_ids: fields.texts("PNPId"),
            source: fields.text("Source"),
            hash: fields.text("Hash"),
        })
    })
}

/// Reads `Packages.xml`.
pub fn packages(text: &str) -> Result<Vec<Package>, MdtError> {
    entries(text, "packages", "package", |entry, fields| {
        let architecture = fields.text("Architecture");
        let architecture = if architecture.is_empty() {
            fields.text("ProcessorArchitecture")
        } else {
            architecture
        };
        Ok(Package {
            entry,
            package_type: fields.text("PackageType"),
            architecture,
            language: fields.text("Language"),
            version: fields.text("Version"),
            source: fields.text("Source"),
        })
    })
}
