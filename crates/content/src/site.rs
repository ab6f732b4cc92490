use std::path::PathBuf;

use crate::Problem;
use crate::fields::{Fields, TomlText};

/// A site as its file `site.toml` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// The site code: three letters or digits, in upper case; the ids of new objects begin with
    /// it.
    pub code: String,
    /// The name that people know it by; may be empty.
    pub name: String,
    /// The distribution points, in the order in which content is looked for.
    pub distribution_points: Vec<DistributionPoint>,
}

/// Where a site keeps the files of its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionPoint {
    /// Its name, for messages.
    pub name: String,
    /// What it is.
    pub kind: DistributionPointKind,
}

/// The kinds of distribution points. Paths are relative to the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributionPointKind {
    /// A folder below which the contents' sources lie.
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A content library of Configuration Manager.
    ContentLibrary {
        /// The folder with `PkgLib`, `DataLib` and `FileLib`.
        path: PathBuf,
        /// Further folders with a `FileLib`, those of the other drives.
        drives: Vec<PathBuf>,
    },
    /// A server; nothing is read from it yet.
    Http {
        /// Its address.
        url: String,
    },
}

impl Site {
    /// Reads `site.toml`; `Err` holds every problem of a text that describes no site.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let file = TomlText::new(text);
        let table = file.parse();
        let site = read(file.root(&table));
        match site {
            Some(site) if !file.has_syntax_errors() => Ok((site, file.into_problems())),
            _ => Err(file.into_problems()),
        }
    }
}

fn read(root: Fields) -> Option<Site> {
    let site = root.table("site").map(|fields| {
        let code = code(&fields);
        let name = fields.text("name").unwrap_or_default().to_owned();
        fields.finish();
        (code, name)
    });
    if root.get("site").is_none() {
        root.missing("site", "add a table [site] with code and name");
    }
    let points = root.tables("distribution-point").into_iter();
    let distribution_points = points.filter_map(distribution_point).collect();
    root.finish();
    let (code, name) = site?;
    Some(Site { code: code?, name, distribution_points })
}

fn code(fields: &Fields) -> Option<String> {
    let Some(field) = fields.get("code") else {
        fields.missing("code", "code = \"P01\"");
        return None;
    };
    let code = field.text()?.to_ascii_uppercase();
    if code.len() != 3 || !code.chars().all(|c| c.is_ascii_alphanumeric()) {
        field.wrong("value", "is no site code: three letters or digits", "code = \"P01\"");
        return None;
    }
    Some(code)
}

fn distribution_point(fields: Fields) -> Option<DistributionPoint> {
    let name = fields.text("name").map(str::to_owned);
    let kind = kind(&fields);
    fields.finish();
    let kind = kind?;
    let name = name.unwrap_or_else(|| match &kind {
        DistributionPointKind::Folder { path }
        | DistributionPointKind::ContentLibrary { path, .. } => path.display().to_string(),
        DistributionPointKind::Http { url } => url.clone(),
    });
    Some(DistributionPoint { name, kind })
}

fn kind(fields: &Fields) -> Option<DistributionPointKind> {
    let needed = |key: &'static str| {
        if fields.get(key).is_none() {
            fields.missing(key, "say where the distribution point is");
        }
        fields.text(key)
    };
    let Some(field) = fields.get("kind") else {
        fields.missing("kind", "one of folder, content-library, http");
        return None;
    };
    match field.text()? {
        "folder" => Some(DistributionPointKind::Folder { path: needed("path")?.into() }),
        "content-library" => {
            let drives = fields.get("drives").map(|list| list.items()).unwrap_or_default();
            let drives = drives.iter().filter_map(|drive| drive.text()).map(PathBuf::from);
            let drives = drives.collect();
            Some(DistributionPointKind::ContentLibrary { path: needed("path")?.into(), drives })
        }
        "http" => Some(DistributionPointKind::Http { url: needed("url")?.to_owned() }),
        other => {
            let message = format!("`{other}` is no kind of distribution point");
            field.wrong("value", message, "one of folder, content-library, http");
            None
        }
    }
}
