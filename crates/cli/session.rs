//! What the verbs about media share: the site with its definitions, passwords and the cache.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use content::{
    BootPlatform, Catalog, Certificate, ContentGraph, ContentId, ContentLocation, MEDIA_TIMES,
    NamedDefinition, ObjectKind, OutputKind, PasswordSource, Place, Problem, ProblemClass, Site,
    windows_names,
};
use jiff::Timestamp;
use pipeline::certificate::{self, MediaCertificate, Moments};
use pipeline::compose::Format;
use pipeline::load::{self, LoadError, SitePath};
use pipeline::media::BootTree;
use pipeline::output::OutputPaths;
use pipeline::password::Password;
use pipeline::plan_media::{MediaPlan, MediaSecrets, Resolved, plan_media};
use pipeline::progress::Progress;
use pipeline::scan::Scan;
use pipeline::{HashCache, chain};

use crate::args::{CacheArgs, Global, PasswordArgs, StagingArgs};
use crate::exit::{CommandError, Exit};
use crate::interruption::{CANCEL, waiting};
use crate::runtime_program::Runtime;
use crate::{outputs, report};

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        let text = chain(&error);
        match error {
            LoadError::NoSite { .. } => Self::usage(text)
                .hint("make one with `tsmedia init DIR`, or name one with `--site DIR`"),
            LoadError::Read(error) => error.into(),
            LoadError::Unusable { problems, path } => {
                report::tell_problems(&problems, false);
                Self::usage(format!("`{}` cannot be used", path.display()))
            }
            _ => Self::new(Exit::Failed, text),
        }
    }
}

/// The site that was named, or the nearest one upwards.
pub fn site_path(global: &Global) -> Result<SitePath, CommandError> {
    Ok(match &global.site {
        Some(dir) => SitePath::at(dir)?,
        None => SitePath::find(Path::new("."))?,
    })
}

/// How many names of one content are read at a prompt.
const NAMES_OF_TEXT: usize = 3;
/// Programs go through all names; a content of thousands is renamed by a rule, not one by one.
const NAMES_OF_DOCUMENT: usize = 100;

/// A site, definitions of it, and everything that was found for them.
pub struct Session {
    pub path: SitePath,
    pub site: Site,
    pub catalog: Catalog,
    /// The definitions that can be read, each once.
    pub definitions: Vec<NamedDefinition>,
    pub graph: ContentGraph,
    pub problems: Vec<Problem>,
    /// What was asked for, in the order of the command line.
    pub asked: Vec<Asked>,
    /// What runs task sequences on the target; none until somebody says which.
    pub runtime: Runtime,
    /// How many file names a message lists.
    names_shown: usize,
}

/// A definition that was asked for.
pub enum Asked {
    /// Its position among those that can be read.
    Read(usize),
    /// It says nothing that can be used; what is wrong is among the session's problems.
    Wrong(String, CommandError),
    /// It is not there.
    Absent(String, CommandError),
}

impl Session {
    /// Loads the site, reads the definitions and resolves them all at once.
    ///
    /// A definition that cannot be read is no error here: it is among those that were asked for.
    pub fn open(global: &Global, names: &[String]) -> Result<Self, CommandError> {
        let path = site_path(global)?;
        let (site, catalog, mut problems) = load::catalog(&path)?;
        let mut definitions: Vec<NamedDefinition> = Vec::with_capacity(names.len());
        let mut asked = Vec::with_capacity(names.len());
        for name in names {
            match load::definition(&path, name) {
                Ok((definition, _)) if definitions.contains(&definition) => {}
                Ok((definition, found)) => {
                    problems.extend(found);
                    asked.push(Asked::Read(definitions.len()));
                    definitions.push(definition);
                }
                Err(LoadError::Unusable { problems: found, path }) => {
                    problems.extend(found);
                    let text = format!("`{}` cannot be used", path.display());
                    asked.push(Asked::Wrong(name.clone(), CommandError::usage(text)));
                }
                Err(error) => {
                    asked.push(Asked::Absent(name.clone(), absent(&path, name, error)));
                }
            }
        }
        let (graph, found) = content::resolve(&definitions, &catalog);
        problems.extend(found);
        let named = definitions
            .iter()
            .map(|named| (named.name.as_str(), path.resolve(&named.definition.output.path)));
        let named: Vec<(&str, PathBuf)> = named.collect();
        problems.extend(outputs::shared(&named));
        let roots = content_roots(&graph, &catalog);
        problems.extend(outputs::inside_contents(&named, &roots));
        let names_shown = if global.json { NAMES_OF_DOCUMENT } else { NAMES_OF_TEXT };
        let runtime = Runtime::default();
        Ok(Self { path, site, catalog, definitions, graph, problems, asked, runtime, names_shown })
    }

    /// Fails if a definition that was asked for is not there.
    pub fn require_found(&self) -> Result<(), CommandError> {
        let mut errors = self.asked.iter().filter_map(|asked| match asked {
            Asked::Read(_) | Asked::Wrong(..) => None,
            Asked::Absent(_, error) => Some(error),
        });
        errors.next().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// The exit code of what keeps media from being built, if anything does.
    pub fn prevented(&self) -> Option<Exit> {
        report::exit_of(self.problems.iter().filter(|problem| prevents(problem)))
    }

    /// Fails if an error stands against building the definition at this position: its own, or one
    /// of the whole site.
    pub fn require_buildable(&self, position: usize) -> Result<(), CommandError> {
        let name = &self.definitions[position].name;
        let concerns = |problem: &&Problem| {
            problem.place.definition.as_ref().is_none_or(|definition| definition == name)
        };
        let told = self.problems.iter().filter(|problem| prevents(problem));
        // What several definitions share is told of the first one only.
        let own = self.graph.media[position].obstacles();
        let errors: BTreeSet<Problem> =
            told.filter(concerns).chain(own).cloned().map(|p| p.in_definition(name)).collect();
        report::require_none(errors.iter())
    }

    /// Lists the files of all contents of the definitions at these positions, and the runtime.
    pub fn scan(
        &self,
        positions: &[usize],
        cache: &HashCache,
        progress: &dyn Progress,
    ) -> Result<Scan, pipeline::Error> {
        let locations = self.locations(positions);
        let mut scan = pipeline::scan::run(&locations, cache, &CANCEL, progress)?;
        self.add_runtime(&mut scan, positions, cache);
        Ok(scan)
    }

    /// The same for writing the media: files of sticks share nothing, so that twins of theirs are
    /// not looked for.
    pub fn scan_to_write(
        &self,
        positions: &[usize],
        cache: &HashCache,
        progress: &dyn Progress,
    ) -> Result<Scan, pipeline::Error> {
        let mut kinds = positions.iter().map(|at| self.definitions[*at].definition.output.kind);
        if kinds.all(|kind| kind == OutputKind::Usb) {
            let locations = self.locations(positions);
            let mut scan = pipeline::scan::run_without_twins(&locations, cache, &CANCEL, progress)?;
            self.add_runtime(&mut scan, positions, cache);
            return Ok(scan);
        }
        self.scan(positions, cache, progress)
    }

    /// The same by their names alone: nothing is read.
    pub fn list(
        &self,
        positions: &[usize],
        progress: &dyn Progress,
    ) -> Result<Scan, pipeline::Error> {
        pipeline::scan::list(&self.locations(positions), &CANCEL, progress)
    }

    fn locations(&self, positions: &[usize]) -> Vec<(ContentId, ContentLocation)> {
        let mut locations = pipeline::plan_media::locations(&self.graph, &self.catalog);
        locations
            .retain(|(content, _)| positions.iter().any(|position| self.needs(*position, content)));
        locations
    }

    /// Whether the media of the definition at this position hold a content.
    pub fn needs(&self, position: usize, content: &ContentId) -> bool {
        let shared = self.graph.contents.get(content);
        shared.is_some_and(|shared| shared.media.binary_search(&position).is_ok())
    }

    /// What is wrong with the files that the media of the definition at this position hold: names
    /// that Windows cannot have, and contents without any file.
    pub fn file_problems(&self, position: usize, scan: &Scan) -> Vec<Problem> {
        let media = &self.graph.media[position];
        let (platform, shown) = (self.platform(position), self.names_shown);
        let mut problems = windows_names::problems(&scan.index, media, platform, shown);
        let name = &self.definitions[position].name;
        let is_empty = |id: &&ContentId| {
            scan.index.content(id).is_some_and(|content| content.files.is_empty())
        };
        let empty = media.needs.iter().map(|need| &need.content).filter(is_empty);
        problems.extend(empty.map(|id| {
            let message = format!("content `{id}` has no files: its folder is empty");
            Problem::warning("content-empty", message)
                .remedy("put its files there; a share may have to be mounted")
                .at(Place::object(id))
                .in_definition(name)
        }));
        problems.extend(media.boot_image.as_ref().filter(is_empty).map(|id| {
            let message = format!("boot image `{id}` has no files: its folder is empty");
            Problem::error("boot-image-missing", ProblemClass::Missing, message)
                .remedy("put its files there; a share may have to be mounted")
                .at(Place::object(id))
                .in_definition(name)
        }));
        problems
    }

    /// What the boot image of the definition at this position lacks to be started.
    pub fn boot_problems(
        &self,
        position: usize,
        scan: &Scan,
    ) -> Result<Vec<Problem>, pipeline::Error> {
        let (boot_image, platform) =
            (&self.graph.media[position].boot_image, self.platform(position));
        let (Some(id), Some(platform)) = (boot_image, platform) else { return Ok(Vec::new()) };
        let format = Format::of(&self.definitions[position].definition.output);
        let problems = BootTree::find(scan, id, format)?.problems(scan, platform, format);
        let name = &self.definitions[position].name;
        let problems = problems.into_iter().map(|problem| problem.in_definition(name));
        Ok(problems.chain(self.runtime_problems(position)).collect())
    }

    fn platform(&self, position: usize) -> Option<BootPlatform> {
        let boot_image = self.graph.media[position].boot_image.as_ref()?;
        match self.catalog.objects.get(boot_image)?.kind {
            ObjectKind::BootImage { platform, .. } => Some(platform),
            _ => None,
        }
    }

    /// The password and the certificates of the definition at this position, and what is wrong
    /// with them.
    pub fn secrets(&self, position: usize) -> Result<(MediaSecrets, Vec<Problem>), CommandError> {
        let NamedDefinition { name, definition } = &self.definitions[position];
        let (security, site) = (&definition.security, self.path.root());
        let read = |source: Option<&PasswordSource>| -> Result<Option<Password>, CommandError> {
            let read = |source| waiting(|| Password::read(source, site));
            Ok(source.map(read).transpose()?.transpose()?)
        };
        let password = read(security.password.as_ref())?;
        let now = Timestamp::now();
        let created = match definition.output.timestamp {
            Some(created) => created,
            None => source_date_epoch()?.unwrap_or(now),
        };
        let load = |known: &Certificate| -> Result<MediaCertificate, CommandError> {
            let password = read(known.password.as_ref())?;
            Ok(certificate::load(known, password.as_ref(), site, Moments { created, now })?)
        };
        let certificate = security.certificate.as_ref().map(load).transpose()?;
        let root_certificates = certificate::roots(&security.root_certificates, site)?;
        let found = certificate.iter().flat_map(|known| known.problems(definition, now));
        let problems = found.map(|problem| problem.in_definition(name)).collect();
        Ok((MediaSecrets { password, certificate, root_certificates }, problems))
    }

    /// Plans the discs of the definition at this position, with exported WIMs in this folder.
    pub fn plan(
        &self,
        position: usize,
        scan: &Scan,
        secrets: MediaSecrets,
        staging: &Path,
        cache: &HashCache,
    ) -> Result<MediaPlan, CommandError> {
        let (resolved, created) = (self.resolved(position), source_date_epoch()?);
        let plan = plan_media(&resolved, scan, secrets, created, staging, cache)?;
        if plan.wims.split.iter().any(|wim| wim.export.is_some()) {
            let roots = content_roots(&self.graph, &self.catalog);
            if let Some(id) = outputs::content_around(staging, &roots) {
                let folder = staging.display();
                let text =
                    format!("the staging folder `{folder}` lies among the files of content `{id}`");
                let hint = "choose another one with --staging or `output.staging`";
                return Err(CommandError::usage(text).hint(hint));
            }
        }
        Ok(plan)
    }

    /// The definition at this position with all that was found for it.
    pub fn resolved(&self, position: usize) -> Resolved<'_> {
        Resolved {
            definition: &self.definitions[position].definition,
            media: &self.graph.media[position],
            graph: &self.graph,
            catalog: &self.catalog,
            site_code: &self.site.code,
        }
    }

    /// The staging folder of the definition at this position, and whether somebody named it.
    pub fn staging(&self, position: usize, args: &StagingArgs) -> (PathBuf, bool) {
        let of_definition = &self.definitions[position].definition.output.staging;
        match (&args.staging, of_definition) {
            (Some(named), _) => (named.clone(), true),
            (None, Some(named)) => (self.path.resolve(named), true),
            (None, None) => (self.path.resolve(Path::new(pipeline::staging::FOLDER)), false),
        }
    }

    /// Where the set of the definition at this position goes.
    pub fn output(&self, position: usize) -> Result<OutputPaths, CommandError> {
        let path = self.path.resolve(&self.definitions[position].definition.output.path);
        let output = OutputPaths::new(&path).ok_or_else(|| {
            CommandError::usage(format!("`{}` is no file name for an image", path.display()))
        })?;
        let definition = &self.definitions[position].definition.output;
        let in_parts = definition.kind == OutputKind::Wim && definition.part_size.is_some();
        Ok(if in_parts { output.in_parts() } else { output })
    }
}

/// Whether a problem of the whole site or of a definition keeps media from being built.
///
/// One of a file of the catalog or of a task sequence does not by itself: what cannot be read is
/// left out, and media that need it miss it.
fn prevents(problem: &Problem) -> bool {
    let left_out =
        |file: &String| file.starts_with("catalog/") || file.starts_with("task-sequences/");
    let of_site = problem.place.definition.is_none();
    problem.prevents_build() && !(of_site && problem.place.file.as_ref().is_some_and(left_out))
}

/// The folders of contents on the host.
fn content_roots(graph: &ContentGraph, catalog: &Catalog) -> Vec<(String, PathBuf)> {
    let root = |(id, location): (ContentId, ContentLocation)| match location {
        ContentLocation::Path(root) if root.is_dir() => Some((id.to_string(), root)),
        _ => None,
    };
    pipeline::plan_media::locations(graph, catalog).into_iter().filter_map(root).collect()
}

/// How many definitions of the site a hint lists.
const LISTED: usize = 20;

/// Why a definition cannot be read; of one that is not there, which ones are.
fn absent(path: &SitePath, name: &str, error: LoadError) -> CommandError {
    match &error {
        LoadError::Read(pipeline::Error::Io { source, .. })
            if source.kind() == ErrorKind::NotFound => {}
        _ => return error.into(),
    }
    let known = load::definition_names(path).unwrap_or_default();
    let more = if known.len() > LISTED { ", …" } else { "" };
    let hint = match &known[..] {
        [] => "the site has none yet: write media/NAME.toml".to_owned(),
        _ => format!("the site has {}{more}", known[..known.len().min(LISTED)].join(", ")),
    };
    CommandError::usage(format!("there is no definition `{name}`: {}", chain(&error))).hint(hint)
}

/// The time that builds shall bear, as reproducible-builds.org specifies the variable.
fn source_date_epoch() -> Result<Option<Timestamp>, CommandError> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let Some(seconds) = text.to_str().and_then(|text| text.parse::<i64>().ok()) else {
        let message = "SOURCE_DATE_EPOCH is no number of seconds since 1970";
        return Err(
            CommandError::usage(message).hint("unset it, or set it as `date +%s` prints it")
        );
    };
    let moment = Timestamp::from_second(seconds).ok();
    match moment.filter(|_| MEDIA_TIMES.contains(&seconds)) {
        Some(moment) => Ok(Some(moment)),
        None => {
            let message = format!(
                "SOURCE_DATE_EPOCH is {seconds}, which is no time that media can bear: they hold \
                 the years 1980 to 2107"
            );
            let hint = "unset it, or set it to a time from 315532800 to 4354819199";
            Err(CommandError::usage(message).hint(hint))
        }
    }
}

/// Keeps what a run learnt for later ones. Without that they only take longer.
pub fn keep(cache: &HashCache) {
    if let Err(error) = cache.flush() {
        report::warn(&format!("what was learnt of the files is lost: {}", chain(&error)));
    }
}

/// Opens the cache of digests.
pub fn cache(args: &CacheArgs) -> Result<HashCache, CommandError> {
    if args.no_cache {
        return Ok(HashCache::none());
    }
    match args.cache.clone().or_else(default_cache) {
        Some(path) => Ok(HashCache::open(&path)?),
        None => Ok(HashCache::none()),
    }
}

fn default_cache() -> Option<PathBuf> {
    let folder = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => PathBuf::from(std::env::var_os("HOME")?).join(".cache"),
    };
    Some(folder.join("tsmedia/digests"))
}

/// The password that was named, if one was.
pub fn password(args: &PasswordArgs) -> Result<Option<Password>, CommandError> {
    Ok(match (&args.password_file, &args.password_command) {
        (Some(path), _) => Some(Password::of_file(path)?),
        (None, Some(line)) => Some(waiting(|| Password::of_command(line, Path::new(".")))??),
        (None, None) => None,
    })
}
