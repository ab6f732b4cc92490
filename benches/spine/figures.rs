//! What is compared, and what the ratios must be.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Row;
use crate::measure::{Program, Runs, run, take_turns};
use crate::site::Site;
use crate::workplace::{BenchError, Reflinking, Workplace, program, text};

/// One figure of the list; some give several rows.
pub enum Figure {
    /// Many files, no digest known: against programs that write the same kind of image.
    Cold(&'static str),
    /// Many files, every digest known: against copying the finished image.
    Known(&'static str),
    /// The same where files can share blocks; the number is the size of that file system in GiB.
    Reflink(&'static str, u64),
    /// One large file: against copying it.
    OneFile(&'static str),
    /// The most memory, in MiB, that building a tree may take.
    Memory(&'static str, f64),
    /// Verifying the image: against hashing the tree's files.
    Verify(&'static str),
    /// A FAT32 image, no digest known: against programs that make one.
    Stick(&'static str),
    /// A FAT32 image where files can share blocks, every digest known: against copying it.
    StickReflink(&'static str, u64),
    /// A prestaged WIM of contents whose digests are known: against copying them into a folder and
    /// capturing that.
    Prestaged(&'static str),
    /// Capturing a tree through our layer over libwim, compressed like this: against the program of
    /// libwim's author.
    Capture(&'static str, &'static str),
}

/// Which figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Group {
    /// Discs.
    #[default]
    Spine,
    /// Sticks.
    Usb,
    /// WIM files.
    Wim,
}

/// The unit of peak memory, in bytes; its limits are powers of ten.
const MIB: f64 = (1 << 20) as f64;

/// The program under test, as cargo built it.
const TSMEDIA: &str = env!("CARGO_BIN_EXE_tsmedia");

/// All figures of a group, with the trees of the real sizes or, for a look, the small ones.
pub fn all(group: Group, quick: bool) -> Vec<Figure> {
    if group == Group::Usb {
        let tree = if quick { "small" } else { "usb-2g" };
        return vec![Figure::Stick(tree), Figure::StickReflink(tree, if quick { 2 } else { 12 })];
    }
    if group == Group::Wim {
        let (tree, real) = if quick { ("small", "small") } else { ("usb-2g", "tier-s") };
        let captures = ["none", "XPRESS", "LZX"].map(|how| Figure::Capture(real, how));
        return std::iter::once(Figure::Prestaged(tree)).chain(captures).collect();
    }
    let (many, one) = if quick { ("small", "one-64m") } else { ("bench-4g", "one-6g") };
    let mut figures = vec![
        Figure::Cold(many),
        Figure::Known(many),
        Figure::Reflink(many, if quick { 1 } else { 16 }),
        Figure::Verify(many),
        Figure::OneFile(one),
        Figure::Memory("sparse-1g", 200e6 / MIB),
    ];
    if !quick {
        figures.push(Figure::Memory("sparse-40g", 200e6 / MIB));
        figures.push(Figure::Memory("million", 1e9 / MIB));
    }
    figures
}

impl Figure {
    /// Its name for `--only`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cold(_) => "cold",
            Self::Known(_) => "known",
            Self::Reflink(..) => "reflink",
            Self::OneFile(_) => "one-file",
            Self::Memory(..) => "memory",
            Self::Verify(_) => "verify",
            Self::Stick(_) => "stick",
            Self::StickReflink(..) => "stick-reflink",
            Self::Prestaged(_) => "prestaged",
            Self::Capture(..) => "capture",
        }
    }

    /// Measures.
    pub fn rows(&self, workplace: &Workplace) -> Result<Vec<Row>, BenchError> {
        match *self {
            Self::Cold(tree) => cold(workplace, tree),
            Self::Known(tree) => known(workplace, tree),
            Self::Reflink(tree, gib) => reflink(workplace, tree, gib, "iso"),
            Self::OneFile(tree) => one_file(workplace, tree),
            Self::Memory(tree, limit_mib) => memory(workplace, tree, limit_mib),
            Self::Verify(tree) => verify(workplace, tree),
            Self::Stick(tree) => stick(workplace, tree),
            Self::StickReflink(tree, gib) => reflink(workplace, tree, gib, "usb"),
            Self::Prestaged(tree) => prestaged(workplace, tree),
            Self::Capture(tree, compression) => capture(workplace, tree, compression),
        }
    }
}

/// What the peers do not do is left out here too: reading back has a figure of its own.
fn build(site: &Site, name: &str, removed_before: &[&Path]) -> Program {
    let (folder, cache) = (text(&site.folder), text(&site.cache));
    let words = [
        TSMEDIA,
        "--site",
        &folder,
        "--progress",
        "none",
        "build",
        "bench",
        "--verify",
        "structure",
        "--cache",
        &cache,
    ];
    program(name, &words, removed_before)
}

fn copy(source: &Path, target: &Path, reflink: &str) -> Program {
    program("cp", &["cp", reflink, &text(source), &text(target)], &[target])
}

fn cold(workplace: &Workplace, name: &str) -> Result<Vec<Row>, BenchError> {
    let tree = workplace.tree(name);
    let folder = workplace.folder();
    let site = workplace.site(&tree)?;
    let (peer_image, copied) = (folder.join("peer.iso"), folder.join("copy.iso"));
    let (tree_text, peer_text) = (text(&tree), text(&peer_image));
    let ours = build(&site, "tsmedia", &[&site.image, &site.cache]);
    run(&ours, folder)?;
    let xorriso = ["xorriso", "-as", "mkisofs", "-quiet", "-J", "-R", "-o", &peer_text, &tree_text];
    let genisoimage = ["genisoimage", "-quiet", "-udf", "-J", "-R", "-o", &peer_text, &tree_text];
    let peers = [
        (program("xorriso", &xorriso, &[&peer_image]), 0.35),
        (program("genisoimage -udf", &genisoimage, &[&peer_image]), 0.35),
        (copy(&site.image, &copied, "--reflink=auto"), 1.15),
    ];
    workplace.warm(&tree)?;
    let rows = compare(workplace.rounds, folder, &format!("build, cold, {name}"), ours, &peers)?;
    discard(&[&site.folder, &peer_image, &copied])?;
    Ok(rows)
}

fn known(workplace: &Workplace, name: &str) -> Result<Vec<Row>, BenchError> {
    let tree = workplace.tree(name);
    let folder = workplace.folder();
    let site = workplace.site(&tree)?;
    let copied = folder.join("copy.iso");
    let ours = build(&site, "tsmedia", &[&site.image]);
    run(&ours, folder)?;
    workplace.warm(&tree)?;
    let peers = [(copy(&site.image, &copied, "--reflink=auto"), 0.9)];
    let rows = compare(workplace.rounds, folder, &format!("build, known, {name}"), ours, &peers)?;
    discard(&[&site.folder, &copied])?;
    Ok(rows)
}

/// The peer has no image to start from, and no way to know how large it must be but to be told.
fn stick(workplace: &Workplace, name: &str) -> Result<Vec<Row>, BenchError> {
    let tree = workplace.tree(name);
    let folder = workplace.folder();
    let site = Site::make(&folder.join("site"), &tree, &workplace.boot(), "usb")?;
    let (peer_image, copied) = (folder.join("peer.img"), folder.join("copy.img"));
    let ours = build(&site, "tsmedia", &[&site.image, &site.cache]);
    run(&ours, folder)?;
    let bytes =
        fs::metadata(&site.image).map_err(|error| BenchError::at(&site.image, error))?.len();
    let script = "truncate -s \"$2\" \"$3\" && mkfs.fat -F 32 \"$3\" >/dev/null && \
                  mcopy -s -i \"$3\" \"$1\"/* ::/";
    let words = ["sh", "-c", script, "sh", &text(&tree), &bytes.to_string(), &text(&peer_image)];
    let peers = [
        (program("mkfs.fat + mcopy -s", &words, &[&peer_image]), 0.6),
        (copy(&site.image, &copied, "--reflink=auto"), 1.0),
    ];
    workplace.warm(&tree)?;
    let rows = compare(workplace.rounds, folder, &format!("stick, cold, {name}"), ours, &peers)?;
    discard(&[&site.folder, &peer_image, &copied])?;
    Ok(rows)
}

/// The peer needs a folder with everything in its place, and then writes its bytes once more.
fn prestaged(workplace: &Workplace, name: &str) -> Result<Vec<Row>, BenchError> {
    let tree = workplace.tree(name);
    let folder = workplace.folder();
    let site = Site::make(&folder.join("site"), &tree, &workplace.boot(), "usb")?;
    let wim = site.make_prestaged(&tree)?;
    let (staging, peer_wim) = (folder.join("staging"), folder.join("peer.wim"));
    let ours = build(&site, "tsmedia", &[&wim]);
    run(&ours, folder)?;
    let script = "mkdir -p \"$3/SMS/PKG\" && cp -r \"$1\"/* \"$3/SMS/PKG/\" && \
                  cp -r \"$2\" \"$3/boot\" && \
                  wimlib-imagex capture --compress=none \"$3\" \"$4\" >/dev/null";
    let (tree_text, boot) = (text(&tree), text(&workplace.boot()));
    let words = ["sh", "-c", script, "sh", &tree_text, &boot, &text(&staging), &text(&peer_wim)];
    let peer = program("cp -r + wimlib-imagex", &words, &[&staging, &peer_wim]);
    workplace.warm(&tree)?;
    let bench = format!("prestaged, known, {name}");
    let rows = compare(workplace.rounds, folder, &bench, ours, &[(peer, 1.0)])?;
    discard(&[&site.folder, &staging, &peer_wim])?;
    Ok(rows)
}

/// This program captures with our layer when it is told to: no verb of tsmedia does yet.
fn capture(workplace: &Workplace, name: &str, compression: &str) -> Result<Vec<Row>, BenchError> {
    let tree = workplace.tree(name);
    let folder = workplace.folder();
    let (ours_wim, peer_wim) = (folder.join("ours.wim"), folder.join("peer.wim"));
    let this = std::env::current_exe().map_err(|error| BenchError::at(folder, error))?;
    let (this, tree_text) = (text(&this), text(&tree));
    let ours = [&this, "--capture", compression, &tree_text, &text(&ours_wim)];
    let compress = format!("--compress={compression}");
    let peer = ["wimlib-imagex", "capture", &compress, &tree_text, &text(&peer_wim)];
    let ours = program("our layer", &ours, &[&ours_wim]);
    let peer = program("wimlib-imagex", &peer, &[&peer_wim]);
    workplace.warm(&tree)?;
    let bench = format!("capture {compression}, {name}");
    let rows = compare(workplace.rounds, folder, &bench, ours, &[(peer, 1.05)])?;
    discard(&[&ours_wim, &peer_wim])?;
    Ok(rows)
}

fn reflink(
    workplace: &Workplace,
    name: &str,
    gib: u64,
    kind: &str,
) -> Result<Vec<Row>, BenchError> {
    let file_system = Reflinking::mount(workplace.folder(), gib)?;
    let tree = file_system.copy(&workplace.tree(name))?;
    // One source on another file system is enough to make a difference.
    let boot = file_system.copy(&workplace.boot())?;
    let site = Site::make(&file_system.folder().join("site"), &tree, &boot, kind)?;
    let copied = file_system.folder().join("copy.iso");
    let ours = build(&site, "tsmedia", &[&site.image]);
    run(&ours, file_system.folder())?;
    let peers = [(copy(&site.image, &copied, "--reflink=never"), 1.0 / 30.0)];
    compare(
        workplace.rounds,
        file_system.folder(),
        &format!("build {kind}, known, XFS, {name}"),
        ours,
        &peers,
    )
}

fn one_file(workplace: &Workplace, name: &str) -> Result<Vec<Row>, BenchError> {
    let tree = workplace.tree(name);
    let folder = workplace.folder();
    let site = workplace.site(&tree)?;
    let copied = folder.join("copy");
    let file = only_file(&tree)?;
    let ours = build(&site, "tsmedia", &[&site.image, &site.cache]);
    workplace.warm(&tree)?;
    let peers = [(copy(&file, &copied, "--reflink=auto"), 1.0)];
    let rows =
        compare(workplace.rounds, folder, &format!("build, one file, {name}"), ours, &peers)?;
    discard(&[&site.folder, &copied])?;
    Ok(rows)
}

fn memory(workplace: &Workplace, name: &str, limit_mib: f64) -> Result<Vec<Row>, BenchError> {
    let folder = workplace.folder();
    let site = workplace.site(&workplace.tree(name))?;
    eprintln!("peak memory, {name}");
    let ours = build(&site, "tsmedia", &[&site.image]);
    let runs = take_turns(&[ours], 1, folder)?;
    discard(&[&site.folder])?;
    let (ours_s, peak_mib) = (runs[0].median_seconds(), runs[0].peak_mib());
    let ratio = peak_mib / limit_mib;
    Ok(vec![Row {
        bench: format!("peak memory, {name}"),
        ours_s,
        peer: format!("{:.0} MB", limit_mib * MIB / 1e6),
        peer_s: None,
        ratio,
        target: 1.0,
        met: ratio <= 1.0,
        peak_mib,
    }])
}

fn verify(workplace: &Workplace, name: &str) -> Result<Vec<Row>, BenchError> {
    let tree = workplace.tree(name);
    let folder = workplace.folder();
    let site = workplace.site(&tree)?;
    run(&build(&site, "tsmedia", &[]), folder)?;
    let image = text(&site.image);
    let ours = program("tsmedia", &[TSMEDIA, "--progress", "none", "verify", &image], &[]);
    // Batches, so that the last process does not work alone; large, so that starting is no cost.
    let hash_all = "cd \"$1\" && find . -type f -print0 | \
                    xargs -0 -P \"$(nproc)\" -n 2000 openssl dgst -sha256 >/dev/null";
    let hash_all =
        program("openssl dgst -sha256", &["sh", "-c", hash_all, "sh", &text(&tree)], &[]);
    let peers = [(hash_all, 1.0 / 0.85)];
    workplace.warm(&tree)?;
    let rows = compare(workplace.rounds, folder, &format!("verify, {name}"), ours, &peers)?;
    discard(&[&site.folder])?;
    Ok(rows)
}

fn compare(
    rounds: usize,
    folder: &Path,
    bench: &str,
    ours: Program,
    peers: &[(Program, f64)],
) -> Result<Vec<Row>, BenchError> {
    eprintln!("{bench}");
    let mut programs = vec![ours];
    programs.extend(peers.iter().map(|(peer, _)| peer.clone()));
    let runs = take_turns(&programs, rounds, folder)?;
    let (ours, of_peers) = runs.split_first().expect("ours is among the programs");
    Ok(peers.iter().zip(of_peers).map(|(peer, runs)| row(bench, ours, peer, runs)).collect())
}

fn row(bench: &str, ours: &Runs, (peer, target): &(Program, f64), runs: &Runs) -> Row {
    let (ours_s, peer_s) = (ours.median_seconds(), runs.median_seconds());
    let ratio = ours_s / peer_s;
    Row {
        bench: bench.to_owned(),
        ours_s,
        peer: peer.name.clone(),
        peer_s: Some(peer_s),
        ratio,
        target: *target,
        met: ratio <= *target,
        peak_mib: ours.peak_mib(),
    }
}

fn only_file(tree: &Path) -> Result<PathBuf, BenchError> {
    let mut path = tree.to_owned();
    while path.is_dir() {
        let at_path = |error| BenchError::at(&path, error);
        let mut entries = fs::read_dir(&path).map_err(at_path)?;
        let first = entries.next().transpose().map_err(at_path)?;
        path = first.map(|entry| entry.path()).ok_or_else(|| {
            BenchError::at(&path, std::io::Error::other("an empty folder in a tree of files"))
        })?;
    }
    Ok(path)
}

/// Removes what the next figure does not need: the disk holds one figure's images.
fn discard(paths: &[&Path]) -> Result<(), BenchError> {
    for path in paths {
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(BenchError::at(path, error));
            }
            _ => {}
        }
    }
    Ok(())
}
