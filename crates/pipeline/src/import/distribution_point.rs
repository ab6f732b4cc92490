//! Makes the place of imported content a distribution point of the site.

use std::path::Path;

use content::{DistributionPointKind, Problem, Site};

use super::ImportError;
use super::plan::Plan;
use crate::load;

/// Adds `folder` to `site.toml` as a distribution point of this kind, unless it is one already.
pub(super) fn add(kind: &'static str, folder: &Path, plan: &mut Plan) -> Result<(), ImportError> {
    let (site, _) = load::site(plan.site)?;
    // One folder has many paths: with `..` in them, or through links.
    let whole = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    let folder = whole(folder).unwrap_or_else(|_| folder.to_owned());
    let resolve = |path: &Path| whole(&plan.site.resolve(path)).unwrap_or_default();
    let known = site.distribution_points.iter().find(|point| match &point.kind {
        DistributionPointKind::Folder { path } => kind == "folder" && resolve(path) == folder,
        DistributionPointKind::ContentLibrary { path, .. } => {
            kind == "content-library" && resolve(path) == folder
        }
        DistributionPointKind::Http { .. } => false,
    });
    if let Some(known) = known {
        plan.distribution_point(&known.name, None);
        return Ok(());
    }
    let name = free_name(&folder, &site);
    let written = folder.strip_prefix(plan.site.root()).unwrap_or(&folder);
    let Some(written) = written.to_str() else {
        let message = format!("`{}` is no UTF-8: it cannot stand in site.toml", folder.display());
        plan.problems.push(Problem::warning("import-distribution-point", message));
        return Ok(());
    };
    let before = load::read_text(&plan.site.site_file())?;
    let after = format!(
        "{}\n\n[[distribution-point]]\nname = {}\nkind = \"{kind}\"\npath = {}\n",
        before.trim_end(),
        toml_edit::Value::from(&name),
        toml_edit::Value::from(written),
    );
    // Points that are written as one inline list cannot be continued like this.
    if Site::parse(&after)
        .is_ok_and(|(site, _)| site.distribution_points.iter().any(|p| p.name == name))
    {
        plan.distribution_point(&name, Some(after));
    } else {
        let message = format!("`{written}` could not be added to site.toml");
        let remedy = "add it there as a [[distribution-point]]";
        plan.problems.push(Problem::warning("import-distribution-point", message).remedy(remedy));
    }
    Ok(())
}

fn free_name(folder: &Path, site: &Site) -> String {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("imported");
    let taken = |name: &str| site.distribution_points.iter().any(|point| point.name == name);
    let numbered = (2..).map(|number| format!("{name} {number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken(name)).expect("because a site has finitely many points")
}
