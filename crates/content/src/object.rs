//! The objects of the catalog: the files `catalog/<ID>.toml`.

mod parse;
mod write;

use crate::{ContentId, Problem};

/// An object of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogObject {
    /// Its id.
    pub id: ContentId,
    /// The name that people know it by.
    pub name: String,
    /// The version of what it holds, as its maker writes it; may be empty.
    pub version: String,
    /// How often its files have been updated, from 1 on; media always hold the newest.
    pub source_version: u32,
    /// The file or folder with its files: a path below a distribution point of kind `folder`, or
    /// a package id of a content library. Applications have theirs at the deployment types.
    pub source: Option<String>,
    /// The GUID in braces that MDT sequences know it by, in lower case.
    pub guid: Option<String>,
    /// The selection profile that MDT sequences know it by.
    pub selection_profile: Option<String>,
    /// What it is.
    pub kind: ObjectKind,
}

/// What an object is, with what only its kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// Files, and programs that use them.
    Package {
        /// The programs.
        programs: Vec<Program>,
    },
    /// Something to install in one of several ways.
    Application(Application),
    /// Drivers.
    DriverPackage,
    /// What the target starts from.
    BootImage {
        /// Of which processors.
        architecture: Architecture,
        /// Which operating system it is.
        platform: BootPlatform,
    },
    /// A WIM file to apply.
    OsImage {
        /// The images in it.
        images: Vec<OsImageIndex>,
    },
    /// Windows Setup with all its files.
    OsUpgrade {
        /// Of which processors.
        architecture: Option<Architecture>,
    },
}

/// A program of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name, which steps call it by.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// The folder that it starts in, below the package's root.
    pub working_directory: Option<String>,
}

/// What only applications have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Application {
    /// The id that steps know it by: `ScopeId_…/Application_…`.
    pub model_name: Option<String>,
    /// The ways to install it, the first one that fits counts.
    pub deployment_types: Vec<DeploymentType>,
    /// The applications that it replaces.
    pub supersedes: Vec<ContentId>,
}

/// A way to install an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentType {
    /// Its name.
    pub name: String,
    /// The command line that installs.
    pub install: String,
    /// The command line that removes.
    pub uninstall: Option<String>,
    /// The folder that commands start in, below the content's root.
    pub working_directory: Option<String>,
    /// The file or folder with its files, as [`CatalogObject::source`]; none if it needs none.
    pub source: Option<String>,
    /// The id of its content; the application's id unless said.
    pub content: Option<ContentId>,
    /// The exit codes with which the commands have done their work.
    pub success_codes: Vec<i64>,
    /// How to find out on a target whether it is installed; without it, it is taken for not
    /// installed.
    pub detection: Option<Detection>,
    /// What must be installed before: of each group at least one.
    pub dependencies: Vec<DependencyGroup>,
}

/// What shows that a deployment type is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detection {
    /// A file or folder of this path on the target.
    File(String),
    /// A command line that ends with 0.
    Command(String),
}

/// Applications of which at least one must be installed; the first one is preferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyGroup(pub Vec<ContentId>);

/// An image of a WIM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsImageIndex {
    /// Its number, from 1 on.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Of which processors.
    pub architecture: Option<Architecture>,
}

/// Kinds of processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// 32-bit Intel.
    X86,
    /// 64-bit Intel.
    X64,
    /// 64-bit ARM.
    Arm64,
}

/// The operating systems of boot images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BootPlatform {
    /// Windows PE.
    WinPe,
    /// Linux.
    Linux,
}

/// A content of an object: its id and where its files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentSource<'o> {
    /// The id of the content.
    pub content: &'o ContentId,
    /// The path or library id; `None` if nobody has said it yet.
    pub source: Option<&'o str>,
}

impl DeploymentType {
    /// The exit codes that mean success unless an object says others: done, and done once the
    /// computer has restarted.
    pub const SUCCESS_CODES: [i64; 2] = [0, 3010];
}

impl Default for DeploymentType {
    fn default() -> Self {
        Self {
            name: String::new(),
            install: String::new(),
            uninstall: None,
            working_directory: None,
            source: None,
            content: None,
            success_codes: Self::SUCCESS_CODES.to_vec(),
            detection: None,
            dependencies: Vec::new(),
        }
    }
}

impl CatalogObject {
    /// Reads an object; `Err` holds every problem of a text that is none.
    ///
    /// With the object come the problems that leave it readable; some of them may be errors.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        parse::object(text)
    }

    /// Writes the object as [`CatalogObject::parse`] reads it: keys in a fixed order, those with
    /// their default left out.
    pub fn to_toml(&self) -> String {
        write::object(self)
    }

    /// What a target has to know of it: no versions, and no paths of the site. Each deployment type
    /// that has files names its content.
    pub fn for_target(&self) -> Self {
        let mut object = Self {
            version: String::new(),
            source_version: 1,
            source: None,
            selection_profile: None,
            ..self.clone()
        };
        if let ObjectKind::Application(application) = &mut object.kind {
            for known in &mut application.deployment_types {
                if known.source.take().is_some() {
                    known.content.get_or_insert_with(|| self.id.clone());
                }
            }
        }
        object
    }

    /// The contents of the object: one, or for an application one for each id that its deployment
    /// types name. An application whose deployment types need no files has none.
    pub fn contents(&self) -> Vec<ContentSource<'_>> {
        let ObjectKind::Application(application) = &self.kind else {
            return vec![ContentSource { content: &self.id, source: self.source.as_deref() }];
        };
        let mut contents: Vec<ContentSource> = Vec::new();
        for deployment_type in &application.deployment_types {
            let content = deployment_type.content.as_ref().unwrap_or(&self.id);
            let source = deployment_type.source.as_deref();
            let named = deployment_type.content.is_some() || source.is_some();
            if named && !contents.iter().any(|known| known.content == content) {
                contents.push(ContentSource { content, source });
            }
        }
        contents
    }
}

impl ObjectKind {
    /// The words for all kinds.
    pub const NAMES: [&str; 6] =
        ["package", "application", "driver-package", "boot-image", "os-image", "os-upgrade"];

    /// The word for it: `driver-package`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Package { .. } => "package",
            Self::Application(_) => "application",
            Self::DriverPackage => "driver-package",
            Self::BootImage { .. } => "boot-image",
            Self::OsImage { .. } => "os-image",
            Self::OsUpgrade { .. } => "os-upgrade",
        }
    }

    /// The kind of this name, without anything that only its kind has; a boot image is for x64
    /// and Windows PE.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "package" => Self::Package { programs: Vec::new() },
            "application" => Self::Application(Application::default()),
            "driver-package" => Self::DriverPackage,
            "boot-image" => {
                Self::BootImage { architecture: Architecture::X64, platform: BootPlatform::WinPe }
            }
            "os-image" => Self::OsImage { images: Vec::new() },
            "os-upgrade" => Self::OsUpgrade { architecture: None },
            _ => return None,
        })
    }
}

impl Architecture {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::X86, Self::X64, Self::Arm64];

    /// The word for it: `x64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86",
            Self::X64 => "x64",
            Self::Arm64 => "arm64",
        }
    }

    /// Whether a computer that starts from a boot image of this architecture can install an
    /// operating system of architecture `os`: x86 installs both Intel ones.
    pub fn installs(self, os: Self) -> bool {
        self == os || (self == Self::X86 && os == Self::X64)
    }
}

impl BootPlatform {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::WinPe, Self::Linux];

    /// The word for it: `winpe`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WinPe => "winpe",
            Self::Linux => "linux",
        }
    }
}
