//! What media a person wants: the file `media/<name>.toml`.

mod network;
pub mod options;
mod parse;
mod prestaged;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use image::ByteCount;
use jiff::Timestamp;

use crate::{Capacity, ContentId, Problem};
pub use network::{Certificate, CertificateKind, Management, Network, UserDeviceAffinity};
pub use prestaged::{MediaProperties, StagedImage};

/// The label of media whose definition says none.
pub const DEFAULT_LABEL: &str = "Configuration Manager";

/// The times that all media can bear, in seconds since 1970: the years 1980 to 2107, which dates
/// on FAT hold (Microsoft FAT specification, date format).
pub const MEDIA_TIMES: RangeInclusive<i64> = 315_532_800..=4_354_819_199;

/// A media definition: everything that a person decides about media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaDefinition {
    /// The media type; the only key besides `output.path` without which there is no definition.
    pub media_type: MediaType,
    /// The task sequence; stand-alone and prestaged media need one, the others have none.
    pub task_sequence: Option<ContentId>,
    /// The boot image, where it is not the task sequence's own.
    pub boot_image: Option<ContentId>,
    /// The label; [`DEFAULT_LABEL`] unless said.
    pub label: String,
    /// Whether nobody is asked anything but the password; no unless said.
    pub unattended: bool,
    /// What people note about prestaged media.
    pub properties: MediaProperties,
    /// The OS image on prestaged media.
    pub image: Option<StagedImage>,
    /// What is written, and where.
    pub output: Output,
    /// Who may start the media, until when, and how they make themselves known.
    pub security: Security,
    /// How the media find their site.
    pub network: Network,
    /// What is on the media beside what the steps need.
    pub content: ExtraContent,
    /// Variables and the prestart command.
    pub customization: Customization,
}

/// The four media types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// Makes an image of a reference computer.
    Capture,
    /// Starts a computer that fetches everything else over the network.
    Bootable,
    /// Is put on the disk in the factory.
    Prestaged,
    /// Installs without any network.
    StandAlone,
}

/// What is written, and where: the table `[output]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The kind; an ISO image unless said.
    pub kind: OutputKind,
    /// The file, relative to the site; discs of a set get their number before the extension.
    pub path: PathBuf,
    /// How much a disc holds; unlimited unless said.
    pub size: Capacity,
    /// The time that everything on the media bears; the caller chooses where none is said.
    pub timestamp: Option<Timestamp>,
    /// Whether the media have an `autorun.inf`; no unless said.
    pub autorun: bool,
    /// What becomes of files that FAT32 cannot hold; they are cut unless said.
    pub oversize: Oversize,
    /// What a FAT32 volume lies in; an MBR unless said.
    pub partition_table: PartitionTable,
    /// How long a part of a WIM may be, which is one file unless said; on a stick, how long a file
    /// of a content may be, which is what FAT32 can hold unless said.
    pub part_size: Option<ByteCount>,
    /// The folder for WIMs that have to be exported before they can be split, relative to the site;
    /// the caller chooses where none is said.
    pub staging: Option<PathBuf>,
}

/// What becomes of files over 4,294,967,295 bytes where the file system is FAT32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Oversize {
    /// They are cut into ranges, which the manifest joins.
    #[default]
    Cut,
    /// The media are not built.
    Refuse,
    /// The contents that have one lie on a second partition, with exFAT.
    SecondPartition,
}

/// What a FAT32 volume lies in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartitionTable {
    /// A master boot record, which every firmware and every Windows reads.
    #[default]
    Mbr,
    /// A GUID partition table with an EFI system partition.
    Gpt,
}

/// The kinds of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutputKind {
    /// An ISO image or a set of them.
    Iso,
    /// A FAT32 image for sticks.
    Usb,
    /// A WIM file.
    Wim,
}

/// Who may start the media, until when, and how they make themselves known: the table
/// `[security]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// Where the password comes from; no password unless said.
    pub password: Option<PasswordSource>,
    /// The media do not start before this moment.
    pub valid_from: Option<Timestamp>,
    /// The media do not start after this moment.
    pub valid_until: Option<Timestamp>,
    /// Whether computers that the site does not know may use them; no unless said.
    pub unknown_computers: bool,
    /// Whether they may make the computer somebody's.
    pub user_device_affinity: UserDeviceAffinity,
    /// The certificate; none unless said.
    pub certificate: Option<Certificate>,
    /// Files with certificates of the authorities that management points are trusted by, relative
    /// to the site.
    pub root_certificates: Vec<PathBuf>,
}

/// Where a password comes from; never the definition itself.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// The first line of this file, relative to the site.
    File(PathBuf),
    /// The first line that this command prints.
    Command(String),
}

/// What is on the media beside what the steps need: the table `[content]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraContent {
    /// Whether the applications that applications depend on, and those that they supersede, are
    /// there too; yes unless said.
    pub application_dependencies: bool,
    /// Applications.
    pub applications: Vec<ContentId>,
    /// Packages.
    pub packages: Vec<ContentId>,
    /// Driver packages.
    pub driver_packages: Vec<ContentId>,
}

/// Variables and the prestart command: the table `[customization]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customization {
    /// The values of media variables by their names.
    pub variables: BTreeMap<String, String>,
    /// What runs before the task sequence is chosen.
    pub prestart: Option<Prestart>,
}

/// A command that runs in Windows PE before the task sequence is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prestart {
    /// The command line.
    pub command: String,
    /// The package with its files.
    pub package: Option<ContentId>,
}

/// The command may hold a secret.
impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({path:?})"),
            Self::Command(_) => f.write_str("Command(…)"),
        }
    }
}

impl MediaDefinition {
    /// Reads a definition.
    ///
    /// With the definition come the problems that leave it readable: some of them may be errors
    /// (start after end), and then nothing must be built. `Err` holds every problem of a text
    /// that is no definition.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        parse::definition(text)
    }

    /// Whether the media hold the task sequence and its content.
    pub fn is_stand_alone(&self) -> bool {
        self.media_type == MediaType::StandAlone
    }
}

impl MediaType {
    /// All types, in the order of the wizard's documentation.
    pub const ALL: [Self; 4] = [Self::Capture, Self::Bootable, Self::Prestaged, Self::StandAlone];

    /// The word for it in a definition: `stand-alone`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Bootable => "bootable",
            Self::Prestaged => "prestaged",
            Self::StandAlone => "stand-alone",
        }
    }
}

impl Oversize {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cut, Self::Refuse, Self::SecondPartition];

    /// The word for it in a definition: `cut`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Refuse => "refuse",
            Self::SecondPartition => "second-partition",
        }
    }
}

impl PartitionTable {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mbr, Self::Gpt];

    /// The word for it in a definition: `mbr`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mbr => "mbr",
            Self::Gpt => "gpt",
        }
    }
}

impl OutputKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Iso, Self::Usb, Self::Wim];

    /// The word for it in a definition: `iso`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iso => "iso",
            Self::Usb => "usb",
            Self::Wim => "wim",
        }
    }
}

impl Default for ExtraContent {
    fn default() -> Self {
        Self {
            application_dependencies: true,
            applications: Vec::new(),
            packages: Vec::new(),
            driver_packages: Vec::new(),
        }
    }
}
