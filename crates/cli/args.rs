//! What can be typed: one place from which parsing, help, man pages and completions come.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit::Exit;
use crate::progress::ProgressMode;

/// Build operating-system deployment media from task sequences and the content they reference.
#[derive(Debug, Parser)]
#[command(name = "tsmedia", version, max_term_width = 100, after_help = after_help())]
#[command(propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tsmedia init farm                       make a site with an example
  tsmedia --site farm plan two-discs      show the discs without writing them
  tsmedia --site farm build two-discs     write, verify and publish the set
  tsmedia verify farm/out/two-discs.iso   read a set back
";

fn after_help() -> String {
    let codes = Exit::TABLE.map(|(exit, meaning)| format!("{:4}  {meaning}", exit as u8));
    format!("{EXAMPLES}\nExit codes:\n{}", codes.join("\n"))
}

/// Flags of every verb.
#[derive(Debug, Args)]
pub struct Global {
    /// The site's folder [default: the nearest folder upwards with a site.toml]
    #[arg(long, global = true, value_name = "DIR")]
    pub site: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// How progress is shown on standard error
    #[arg(long, global = true, value_name = "MODE", value_enum, default_value_t)]
    pub progress: ProgressMode,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new site with a small example that builds at once
    Init(InitArgs),
    /// Import a task sequence export (.zip), an MDT deployment share or a content library
    Import(ImportArgs),
    /// List, show, check and export task sequences
    #[command(subcommand)]
    Ts(TsCommand),
    /// Manage catalog objects and their files
    #[command(subcommand)]
    Content(ContentCommand),
    /// Report every problem of media definitions at once
    ///
    /// Asks whether the media can be built: errors alone give another exit code than 0. What only
    /// the bytes of files tell, `plan` finds.
    Check(CheckArgs),
    /// Show what would be built: discs, bytes, duplicates, cuts; nothing is written
    Plan(PlanArgs),
    /// Build media, verify them, and put them in their place
    Build(BuildArgs),
    /// Read media back and compare every byte with their manifests
    Verify(VerifyArgs),
    /// Write media to sticks, several at once, and read them back
    Write(WriteArgs),
    /// Say what media are
    Inspect(InspectArgs),
    /// List the files on media
    Ls(LsArgs),
    /// Take files out of media; cut files are joined across discs
    Extract(ExtractArgs),
    /// Compare what the manifests of two sets of media state
    ///
    /// The files themselves are not read: `verify` says whether they are what the manifests state.
    Diff(DiffArgs),
    /// Say whether media start, and why not: on which firmware, and by whose signatures
    Doctor(DoctorArgs),
    /// On the target: run the task sequence of the media
    ///
    /// The same as `tsmedia-run`, which media bring along and start by themselves.
    Run(RunArgs),
    /// Print the JSON Schema of a file of the site
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Write man pages
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder to make
    pub dir: PathBuf,
    /// The site's code: three letters or digits
    #[arg(long, default_value = "P01")]
    pub code: String,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// A folder with the tree of a disc, one for each disc of a set [default: look at all drives]
    #[arg(long, value_name = "DIR")]
    pub media: Vec<PathBuf>,
    /// Where the run keeps its files until the target has a file system of its own
    #[arg(long, value_name = "DIR", default_value = "/run/tsmedia")]
    pub folder: PathBuf,
    /// Go on with the run of this folder, after a restart
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The export, the share's folder or the library's folder
    pub source: PathBuf,
    /// Replace task sequences that are there and differ; catalog objects always stay as they are
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(Debug, Subcommand)]
pub enum TsCommand {
    /// List the site's task sequences
    List,
    /// Show a task sequence: its steps, groups and references
    Show(TsArgs),
    /// Check a task sequence by every rule
    ///
    /// Asks whether anything is to be said of the sequence: any error or warning gives exit code 3.
    Check(TsCheckArgs),
    /// Write a task sequence to a file: .xml or export .zip
    Export(TsExportArgs),
}

#[derive(Debug, Args)]
pub struct TsArgs {
    /// A sequence .xml, an export .zip, or the id of a task sequence of the site
    pub sequence: String,
}

#[derive(Debug, Args)]
pub struct TsCheckArgs {
    /// Sequences: .xml, export .zip or ids; all of the site if none is given
    pub sequences: Vec<String>,
    /// Find steps that nothing on this platform does, too
    #[arg(long, value_enum, value_name = "PLATFORM")]
    pub target: Option<Target>,
    /// Print the rules instead
    #[arg(long)]
    pub rules: bool,
}

/// What runs a task sequence on the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// The runtime in a Linux boot image
    Linux,
}

#[derive(Debug, Args)]
pub struct TsExportArgs {
    /// A sequence .xml, an export .zip, or the id of a task sequence of the site
    pub sequence: String,
    /// The file to write; its extension decides
    pub target: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Subcommand)]
pub enum ContentCommand {
    /// Add an object to the catalog
    Add(ContentAddArgs),
    /// List the objects
    List,
    /// Show an object and where its files lie
    Show(ContentIdArgs),
    /// Say that an object's files are new: every task sequence follows
    Update(ContentUpdateArgs),
    /// Remove an object from the catalog; its files stay
    Remove(ContentRemoveArgs),
    /// Read every file of objects, and compare its digest where a content library states one
    Verify(ContentVerifyArgs),
}

// `--version` is the object's here.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub struct ContentAddArgs {
    /// What it is: package, application, driver-package, boot-image, os-image, os-upgrade
    pub kind: String,
    /// The name that people know it by
    pub name: String,
    /// The file or folder with its files, below a distribution point
    #[arg(long, value_name = "PATH")]
    pub source: Option<String>,
    /// Its id [default: the next free one of the site]
    #[arg(long)]
    pub id: Option<String>,
    /// The version of what it holds
    #[arg(long, default_value = "")]
    pub version: String,
    /// Of which processors: x86, x64, arm64
    #[arg(long)]
    pub architecture: Option<String>,
    /// The operating system of a boot image: winpe, linux
    #[arg(long)]
    pub platform: Option<String>,
    /// The command line that installs an application
    #[arg(long, value_name = "COMMAND")]
    pub install: Option<String>,
}

#[derive(Debug, Args)]
pub struct ContentIdArgs {
    /// The object's id
    pub id: String,
}

// `--version` is the object's here.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub struct ContentUpdateArgs {
    /// The object's id
    pub id: String,
    /// Another file or folder with its files
    #[arg(long, value_name = "PATH")]
    pub source: Option<String>,
    /// Another name
    #[arg(long)]
    pub name: Option<String>,
    /// The version of what it holds now
    #[arg(long)]
    pub version: Option<String>,
}

#[derive(Debug, Args)]
pub struct ContentRemoveArgs {
    /// The object's id
    pub id: String,
    /// Remove it even if task sequences use it
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct ContentVerifyArgs {
    /// Objects; all if none is given
    pub ids: Vec<String>,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Definitions: names in the site's media folder, or files; all if none is given
    pub definitions: Vec<String>,
    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Definitions: names in the site's media folder, or files
    #[arg(required = true)]
    pub definitions: Vec<String>,
    /// Say why each content lies where it lies
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    #[command(flatten)]
    pub staging: StagingArgs,
    #[command(flatten)]
    pub cache: CacheArgs,
}

#[derive(Debug, Args)]
pub struct CacheArgs {
    /// The file with the digests of earlier runs [default: tsmedia/digests in the user's cache]
    #[arg(long, value_name = "FILE", env = "TSMEDIA_CACHE")]
    pub cache: Option<PathBuf>,
    /// Trust no digest of an earlier run, and keep none, whatever file is named
    #[arg(long)]
    pub no_cache: bool,
}

#[derive(Debug, Args)]
pub struct RuntimeArgs {
    /// The program that runs task sequences on targets that start a Linux boot image: a static one
    /// for x86-64. An empty name says that media get none [default: tsmedia-run beside this
    /// program, if it is such a one]
    #[arg(long, value_name = "FILE", env = "TSMEDIA_RUNTIME")]
    pub runtime: Option<OsString>,
}

#[derive(Debug, Args)]
pub struct StagingArgs {
    /// The folder for solid WIMs over 4 GB, which are exported before FAT32 can hold them; nothing
    /// else needs it [default: output.staging, or .tsmedia.staging in the site]
    #[arg(long, value_name = "DIR")]
    pub staging: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Definitions: names in the site's media folder, or files. One that fails does not keep the
    /// others from being built; the exit code is that of the first one that failed
    #[arg(required = true)]
    pub definitions: Vec<String>,
    /// How much is read back before the set takes its place
    #[arg(long, value_enum, default_value_t = Depth::Full)]
    pub verify: Depth,
    #[command(flatten)]
    pub runtime: RuntimeArgs,
    #[command(flatten)]
    pub staging: StagingArgs,
    #[command(flatten)]
    pub cache: CacheArgs,
}

/// How much of an image is read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Depth {
    /// Every directory and descriptor, and every byte of every file
    Full,
    /// Every directory and descriptor
    Structure,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Images; the path that a definition gives stands for its whole set
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// How much is read
    #[arg(long, value_enum, default_value_t = Depth::Full)]
    pub depth: Depth,
    /// The media came with `write --update`: files of others and the ways of whoever formatted the
    /// disk are no findings
    #[arg(long)]
    pub updated: bool,
    #[command(flatten)]
    pub password: PasswordArgs,
}

/// Where a password comes from: never the command line itself.
#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// Open what a password protects with the first line of this file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Open what a password protects with the first line that this command prints
    #[arg(long, value_name = "COMMAND", conflicts_with = "password_file")]
    pub password_command: Option<String>,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Images; the path that a definition gives stands for its whole set
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Print every structure of the image with its offset
    #[arg(long)]
    pub dump: bool,
    #[command(flatten)]
    pub password: PasswordArgs,
}

#[derive(Debug, Args)]
pub struct LsArgs {
    /// Images; the path that a definition gives stands for its whole set
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Only what lies below this folder of the media
    #[arg(long, value_name = "PATH")]
    pub below: Option<String>,
    /// The names to list
    #[arg(long, value_enum, default_value_t = Names::Udf)]
    pub names: Names,
}

/// One of the trees of names of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Names {
    /// UDF
    Udf,
    /// Rock Ridge
    RockRidge,
    /// Joliet
    Joliet,
    /// Plain ISO 9660
    Iso9660,
}

#[derive(Debug, Args)]
pub struct ExtractArgs {
    /// Images; the path that a definition gives stands for its whole set
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// The folder to make
    #[arg(long, short, value_name = "DIR")]
    pub output: PathBuf,
    /// Only this content; repeatable
    #[arg(long, value_name = "ID")]
    pub content: Vec<String>,
}

#[derive(Debug, Args)]
pub struct WriteArgs {
    /// The image, or the set that a definition's path names; it must be of one disc. For an update
    /// also a folder where media are mounted
    pub image: PathBuf,
    /// The disks: /dev/sdb, or better a name in /dev/disk/by-id
    #[arg(required_unless_present = "station")]
    pub devices: Vec<PathBuf>,
    /// Do not ask whether what lies on the disks may be lost
    #[arg(long)]
    pub yes: bool,
    /// Keep the disk's FAT32 file system and what else is there: write the files that differ, and
    /// remove those of older media
    #[arg(long)]
    pub update: bool,
    /// Take disks that cannot be taken out, too; never one that is in use
    #[arg(long)]
    pub force: bool,
    /// Write to every stick that is put in, until the command is interrupted; with disks named, as
    /// in /dev/disk/by-path, only to what is put in there
    #[arg(long, requires = "yes")]
    pub station: bool,
    /// Append a line of JSON for each stick: its serial number and what it holds now
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The older set: its path, or that of one of its discs
    pub old: PathBuf,
    /// The newer set
    pub new: PathBuf,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// ISO images, FAT32 images, sticks, WIMs and folders of any origin; the path that a definition
    /// gives stands for its whole set
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which file
    #[arg(value_enum, default_value_t = SchemaOf::Media)]
    pub of: SchemaOf,
}

/// A file of the site that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// media/*.toml
    Media,
    /// catalog/*.toml
    Object,
    /// site.toml
    Site,
    /// Not a schema: which media have which option, and why not
    Options,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder for the pages [default: the main page on standard output]
    pub dir: Option<PathBuf>,
}
