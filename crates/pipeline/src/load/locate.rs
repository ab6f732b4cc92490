use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use content::{
    AbsentContent, Catalog, CatalogObject, ContentId, ContentLocation, ContentSource, Digest,
    DistributionPoint, DistributionPointKind, Problem, ProblemClass, Severity, Site,
};
use rayon::prelude::*;

use super::{LoadError, SitePath};
use crate::library::{Found, Library};

/// A distribution point that can be asked for contents.
struct Point {
    name: String,
    store: Store,
}

enum Store {
    Folder(PathBuf),
    Library(Library),
}

/// What else the search for contents has found.
pub(super) struct Located {
    pub(super) problems: Vec<Problem>,
    /// What content libraries state of whole contents.
    pub(super) directory_hashes: BTreeMap<ContentId, Digest>,
}

/// What became of the search for one content.
enum Search {
    Found { location: ContentLocation, version: Option<u32>, directory_hash: Option<Digest> },
    Absent(AbsentContent),
}

/// Finds the files of every content, on the first distribution point that has them, and raises the
/// source versions of objects whose library holds a newer one.
pub(super) fn contents(
    path: &SitePath,
    site: &Site,
    catalog: &mut Catalog,
) -> Result<Located, LoadError> {
    let (points, problems) = points(path, site)?;
    let mut located = Located { problems, directory_hashes: BTreeMap::new() };
    let wanted: Vec<(&CatalogObject, ContentSource)> = catalog
        .objects
        .values()
        .flat_map(|object| object.contents().into_iter().map(move |source| (object, source)))
        .collect();
    let searched: Vec<(ContentId, ContentId, Search)> = wanted
        .into_par_iter()
        .map(|(object, source)| {
            let search = search(object, source, &points);
            (object.id.clone(), source.content.clone(), search)
        })
        .collect();
    let mut versions: BTreeMap<ContentId, u32> = BTreeMap::new();
    for (object, content, search) in searched {
        match search {
            Search::Found { location, version, directory_hash } => {
                let hash = directory_hash.map(|hash| (content.clone(), hash));
                located.directory_hashes.extend(hash);
                catalog.locations.insert(content, location);
                versions.extend(version.map(|version| (object, version)));
            }
            Search::Absent(absent) => {
                catalog.absent.insert(content, absent);
            }
        }
    }
    for (id, version) in versions {
        if let Some(object) = catalog.objects.get_mut(&id) {
            object.source_version = object.source_version.max(version);
        }
    }
    Ok(located)
}

/// Opens the distribution points; the site's own folder is the last one.
fn points(path: &SitePath, site: &Site) -> Result<(Vec<Point>, Vec<Problem>), LoadError> {
    let mut points = Vec::new();
    let mut problems = Vec::new();
    for point in &site.distribution_points {
        match open(path, point) {
            Ok(store) => points.push(Point { name: point.name.clone(), store }),
            Err(problem) => problems.push(problem.in_file("site.toml")),
        }
    }
    let store = Store::Folder(path.root().to_owned());
    points.push(Point { name: "the site's folder".into(), store });
    Ok((points, problems))
}

fn open(path: &SitePath, point: &DistributionPoint) -> Result<Store, Box<Problem>> {
    let unusable = |message: String| {
        let message = format!("distribution point `{}` cannot be used: {message}", point.name);
        let class = ProblemClass::Missing;
        let problem = Problem::new("distribution-point", Severity::Warning, class, message);
        Box::new(problem.remedy("correct its path, or remove it from site.toml"))
    };
    match &point.kind {
        DistributionPointKind::Folder { path: folder } => {
            let folder = path.resolve(folder);
            if folder.is_dir() {
                return Ok(Store::Folder(folder));
            }
            Err(unusable(format!("`{}` is no folder", folder.display())))
        }
        DistributionPointKind::ContentLibrary { path: root, drives } => {
            let drives: Vec<PathBuf> = drives.iter().map(|drive| path.resolve(drive)).collect();
            let library = Library::open(&path.resolve(root), &drives);
            library.map(Store::Library).map_err(|error| unusable(error.to_string()))
        }
        DistributionPointKind::Http { .. } => {
            Err(unusable("this version does not read content from servers".into()))
        }
    }
}

fn search(object: &CatalogObject, source: ContentSource, points: &[Point]) -> Search {
    let mut absent = AbsentContent::default();
    for point in points {
        match &point.store {
            Store::Folder(folder) => {
                let Some(below) = source.source else { continue };
                let path = folder.join(below.replace('\\', "/"));
                if exists(&path) {
                    let location = ContentLocation::Path(path);
                    return Search::Found { location, version: None, directory_hash: None };
                }
                absent.places.push(format!("{} ({})", point.name, path.display()));
            }
            Store::Library(library) => {
                let found = ask(library, object, source);
                let place = || format!("{} ({})", point.name, library.root().display());
                match found {
                    Found::Whole { location, version, directory_hash }
                        if version >= object.source_version =>
                    {
                        let version = Some(version);
                        return Search::Found { location, version, directory_hash };
                    }
                    Found::Whole { version, .. } => {
                        let wanted = object.source_version;
                        absent.places.push(format!(
                            "{}, which holds version {version} while the catalog says {wanted}",
                            place()
                        ));
                    }
                    Found::Broken(damage) => {
                        let place = place();
                        let located = damage.into_iter().map(|d| format!("{place}: {d}"));
                        absent.damage.extend(located);
                    }
                    Found::Nothing => absent.places.push(place()),
                }
            }
        }
    }
    Search::Absent(absent)
}

/// Asks a library for a content: by the source, which may be a package id, and by the content's own
/// id.
fn ask(library: &Library, object: &CatalogObject, source: ContentSource) -> Found {
    let names = [source.source, Some(source.content.as_str()), Some(object.id.as_str())];
    let names = names.into_iter().flatten().filter(|name| !name.contains(['/', '\\']));
    let known = names.into_iter().find(|name| library.holds(name));
    known.map_or(Found::Nothing, |name| library.locate(name))
}

/// Whether a file or folder can be looked at; one that cannot is looked for elsewhere.
fn exists(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() || metadata.is_dir())
}
