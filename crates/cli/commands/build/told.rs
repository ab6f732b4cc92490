//! What is said of a build: in the log, in JSON and as text.

use cmtrace::{Log, LogType};
use pipeline::build::BuildReport;
use pipeline::plan_media::MediaPlan;
use serde_json::{Value, json};

use crate::report::{count, size};

/// Names only: no value of a variable, no command line and no secret goes into the log.
pub fn log_plan(log: &mut Log, plan: &MediaPlan) {
    let facts = &plan.facts;
    log.write(
        LogType::Info,
        &format!(
            "{} media \"{}\", {}, password {}",
            facts.media_type.as_str(),
            facts.label,
            count(plan.span.discs.len() as u64, "disc"),
            if facts.password.is_some() { "set" } else { "not set" },
        ),
    );
    for (name, _) in &facts.variables {
        log.write(LogType::Info, &format!("variable {name}"));
    }
    if let Some(prestart) = &facts.prestart {
        let package = prestart.package.as_ref().map_or("none", |id| id.as_str());
        log.write(LogType::Info, &format!("prestart command set, package {package}"));
    }
    if !plan.boot.starts(plan.format) {
        log.write(LogType::Warning, "no boot file was found: the media do not start by themselves");
    }
    for disc in &plan.span.discs {
        for content in &disc.contents {
            let (number, id) = (disc.number, &content.id);
            let text =
                format!("disc {number}: {id}, {} bytes, {}", content.bytes.0, content.reason);
            log.write(LogType::Info, &text);
        }
    }
}

pub fn document(name: &str, plan: &MediaPlan, report: &BuildReport, seconds: f64) -> Value {
    let discs =
        report.paths.iter().zip(&plan.span.discs).map(
            |(path, disc)| json!({ "number": disc.number, "path": path, "bytes": disc.bytes.0 }),
        );
    json!({
        "definition": name,
        "set": report.set,
        "discs": discs.collect::<Vec<_>>(),
        "removed": report.removed,
        "bytes": {
            "cloned": report.methods.cloned,
            "copied": report.methods.copied,
            "encoded": report.methods.encoded,
            "holes": report.methods.holes,
        },
        "verified": report.verified.discs.iter().map(|disc| json!({
            "disc": disc.manifest.disc,
            "files": disc.files,
            "hashed_bytes": disc.hashed_bytes,
        })).collect::<Vec<_>>(),
        "boots": plan.boot.starts(plan.format),
        "seconds": seconds,
    })
}

pub fn text(name: &str, plan: &MediaPlan, report: &BuildReport, seconds: f64) -> String {
    let mut text = format!("{name}: set {}\n", report.set);
    for (path, disc) in report.paths.iter().zip(&plan.span.discs) {
        text += &format!("  disc {}: {} ({})\n", disc.number, path.display(), size(disc.bytes.0));
    }
    for path in &report.removed {
        text += &format!("  removed stale {}\n", path.display());
    }
    let methods = &report.methods;
    text += &format!(
        "  {} shared with the sources, {} copied, {} made, {} holes\n",
        size(methods.cloned),
        size(methods.copied),
        size(methods.encoded),
        size(methods.holes),
    );
    let files: u64 = report.verified.discs.iter().map(|disc| disc.files).sum();
    let hashed: u64 = report.verified.discs.iter().map(|disc| disc.hashed_bytes).sum();
    text +=
        &format!("  verified: {}, {} hashed; {seconds:.1} s\n", count(files, "file"), size(hashed));
    text
}
