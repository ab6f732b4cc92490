//! The beginning of a run: media, dates, password, and what they need.

use std::time::Duration;

use cmtrace::{Log, LogType};
use jiff::Timestamp;
use tasksequence::run::{Deployment, Running};

use super::sequence_media::{self, Opened};
use super::{Options, Refusal, SessionExit, Surroundings};
use crate::contents::{Contents, disc_in_words};
use crate::facts::LinuxFacts;
use crate::media::{Bootstrap, Drives, Medium, Seen};
use crate::objects::Objects;
use crate::place::{OWN_FOLDER, RunFolder};
use crate::provider::chain;
use crate::run::{
    Beginning, LOG_COMPONENT, LOG_NAME, LaunchMode, Missing, Run, RunEnd, begin, deployments,
    missing, needed,
};
use crate::screen::{Asked, Screen, Tone};
use crate::status::Status;
use crate::unlock::{Unlocked, bootstrap, check_dates, unlock};
use crate::volume::Volumes;

/// How long drives may take until they show what is in them.
const SETTLE: Duration = Duration::from_secs(20);

pub(super) fn start(options: &Options, around: &mut Surroundings<'_>) -> Result<RunEnd, Refusal> {
    let folder = RunFolder::new(options.folder.join(OWN_FOLDER));
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Refusal::new(SessionExit::Failed, format!("{what} `{}`: {error}", folder.path().display()))
    };
    folder.make().map_err(|error| failed("cannot make", &error))?;
    let mut log = Log::open(&folder.logs().join(LOG_NAME), LOG_COMPONENT)
        .map_err(|error| failed("cannot write a log in", &error))?;
    let refuse = |refusal: Refusal, log: &mut Log| {
        log.write(LogType::Error, &refusal.why);
        refusal
    };
    let medium = find(around.drives, around.screen).map_err(|it| refuse(it, &mut log))?;
    greet(&medium, around.screen, &mut log);
    if let Some(end) = super::resume::offer(options, &medium, around)? {
        return Ok(end);
    }
    let opened = open(medium, around, &mut log).map_err(|it| refuse(it, &mut log))?;
    let Opened { medium, prestaged, bootstrap, unlocked } = opened;
    let prepared = Prepared::new(&medium, &unlocked).map_err(|it| refuse(it, &mut log))?;
    let linux = LinuxFacts::default();
    let beginning = Beginning {
        bootstrap: &bootstrap,
        media: &medium.manifest,
        variables: &unlocked.variables,
        running: around.running,
        launch: launch(prestaged.as_ref().unwrap_or(&medium)),
    };
    let machine = begin(&prepared.deployments, &beginning, &linux)
        .map_err(|error| refuse(Refusal::new(SessionExit::Failed, chain(&error)), &mut log))?;
    if let Err(error) = folder.save_policy(&unlocked.policy_text) {
        log.write(LogType::Warning, &format!("the policy cannot be kept: {error}"));
    }
    let contents = Contents::new(medium.manifest.clone(), medium.root.clone(), folder.cache());
    let mut run = Run {
        set: medium.manifest.set,
        status: Status::begin(medium.manifest.set.to_string()),
        in_memory: folder.path().to_owned(),
        needed: needed(&prepared.deployments[0].policy, &prepared.objects),
        prestart_package: unlocked.variables.prestart.and_then(|prestart| prestart.package),
        objects: &prepared.objects,
        machine,
        contents,
        drives: around.drives,
        medium: Some(medium),
        prestaged: None,
        screen: around.screen,
        computer: around.computer,
        linux,
        bootstrap,
        folder,
        running: around.running,
        volumes: Volumes::default(),
        log,
        at_step: 0,
        step_time: Duration::ZERO,
    };
    run.set_first_variables();
    if let Some(prestaged) = prestaged {
        run.stage(prestaged, true);
    }
    if run.running == Running::FullOs {
        // This folder is on a disk, and the power may fail at any time.
        run.keep_manifests();
    }
    Ok(run.go())
}

/// What a run borrows.
pub(super) struct Prepared {
    pub deployments: Vec<Deployment>,
    pub objects: Objects,
}

impl Prepared {
    /// Reads the sequences, and makes sure that all they need is there.
    fn new(medium: &Medium, unlocked: &Unlocked) -> Result<Self, Refusal> {
        let media = &medium.manifest;
        let Some(policy) = &unlocked.policy else {
            let kind = &media.media_type;
            let why = format!(
                "these are {kind} media, which hold no task sequence: it comes from a site, and \
                 this version cannot ask one"
            );
            return Err(Refusal::new(SessionExit::Failed, why));
        };
        let prepared = Self::of(policy)?;
        let missing = missing(&prepared.deployments[0].policy, media, &prepared.objects);
        if missing.is_empty() { Ok(prepared) } else { Err(lacks(&missing)) }
    }

    pub(super) fn of(policy: &content::documents::PolicyDocument) -> Result<Self, Refusal> {
        let deployments = deployments(policy)
            .map_err(|error| Refusal::new(SessionExit::Integrity, chain(&error)))?;
        if deployments.is_empty() {
            let why = "the media hold no task sequence";
            return Err(Refusal::new(SessionExit::Integrity, why));
        }
        Ok(Self { deployments, objects: Objects::new(policy.objects.clone()) })
    }
}

fn lacks(missing: &[Missing]) -> Refusal {
    let lines: Vec<String> = missing.iter().map(|it| format!("{}: {}", it.step, it.what)).collect();
    let why = format!("The task sequence cannot be run from these media:\n{}", lines.join("\n"));
    Refusal::new(SessionExit::ContentMissing, why)
}

/// Finds the media that the computer was started from: the first disc of a set.
fn find(drives: &mut dyn Drives, screen: &mut dyn Screen) -> Result<Medium, Refusal> {
    screen.say(Tone::Plain, "Looking for the media");
    let end = std::time::Instant::now() + SETTLE;
    loop {
        let mut unusable = Vec::new();
        let mut media: Vec<Medium> = Vec::new();
        for (place, seen) in drives.look() {
            match seen {
                Seen::Medium(medium) => media.push(*medium),
                Seen::Unusable(why) => unusable.push(format!("{place}: {why}")),
                Seen::Other => {}
            }
        }
        // Only the first disc of a set can start a computer.
        media.sort_by_key(Medium::disc);
        if media.first().is_some_and(|medium| medium.disc() == 1) {
            return choose(media, screen);
        }
        if std::time::Instant::now() >= end || !media.is_empty() || !unusable.is_empty() {
            return Err(none(&media, &unusable));
        }
        // Sticks take seconds to appear.
        std::thread::sleep(Duration::from_millis(250));
    }
}

fn none(media: &[Medium], unusable: &[String]) -> Refusal {
    if let Some(medium) = media.first() {
        let is = disc_in_words(medium.disc(), &medium.manifest);
        return Refusal::new(SessionExit::Failed, format!("This is {is}; start from disc 1"));
    }
    if unusable.is_empty() {
        return Refusal::new(SessionExit::Failed, "No media were found in any drive");
    }
    let why = format!("The media cannot be used:\n{}", unusable.join("\n"));
    Refusal::new(SessionExit::Integrity, why)
}

/// Several sets may be in: whoever is there says which one is meant.
fn choose(mut media: Vec<Medium>, screen: &mut dyn Screen) -> Result<Medium, Refusal> {
    media.retain(|medium| medium.disc() == 1);
    let set = media[0].manifest.set;
    if media.iter().all(|medium| medium.manifest.set == set) {
        return Ok(media.swap_remove(0));
    }
    let lines: Vec<String> = (1..)
        .zip(&media)
        .map(|(number, medium)| {
            let place = medium.device.as_deref().unwrap_or(&medium.root);
            format!("{number}  \"{}\" in {}", medium.manifest.label, place.display())
        })
        .collect();
    loop {
        screen.say(Tone::Asking, &format!("Several media are there:\n{}", lines.join("\n")));
        let number = match screen.ask("Number of the media to use", None) {
            Asked::Line(line) => line.trim().parse::<usize>().ok(),
            Asked::Nothing | Asked::Nobody => {
                let why = "several media are there, and nobody to choose one; take the others out";
                return Err(Refusal::new(SessionExit::Failed, why));
            }
        };
        if let Some(at) = number.and_then(|number| number.checked_sub(1))
            && at < media.len()
        {
            return Ok(media.swap_remove(at));
        }
    }
}

pub(super) fn greet(medium: &Medium, screen: &mut dyn Screen, log: &mut Log) {
    let media = &medium.manifest;
    let place = medium.device.as_deref().unwrap_or(&medium.root);
    let disc = disc_in_words(media.disc, media);
    let version = env!("CARGO_PKG_VERSION");
    let text =
        format!("tsmedia {version}: {disc}, {} media in {}", media.media_type, place.display());
    screen.say(Tone::Plain, &text);
    log.write(LogType::Info, &format!("{text}, set {}", media.set));
}

/// Unlocks the media, and finds the task sequence for those that hold none.
fn open(medium: Medium, around: &mut Surroundings<'_>, log: &mut Log) -> Result<Opened, Refusal> {
    let (bootstrap, mut unlocked) = unlocked(&medium, around.screen)?;
    if bootstrap.media_type.eq_ignore_ascii_case("CaptureMedia") {
        ask_destination(&mut unlocked, around.screen)?;
    }
    if unlocked.policy.is_none() && medium.manifest.prestaged.is_some() {
        return sequence_media::find(medium, bootstrap, unlocked, around, log);
    }
    Ok(Opened { medium, prestaged: None, bootstrap, unlocked })
}

pub(super) fn unlocked(
    medium: &Medium,
    screen: &mut dyn Screen,
) -> Result<(Bootstrap, Unlocked), Refusal> {
    let bootstrap = bootstrap(&medium.root)?;
    check_dates(medium, Timestamp::now())?;
    let unlocked = unlock(&medium.root, &bootstrap, screen)?;
    Ok((bootstrap, unlocked))
}

/// Capture media do not know where the image goes: whoever started the computer says it.
fn ask_destination(unlocked: &mut Unlocked, screen: &mut dyn Screen) -> Result<(), Refusal> {
    const NAME: &str = "OSDCaptureDestination";
    let variables = &mut unlocked.variables.variables;
    if variables.iter().any(|(name, _)| name.eq_ignore_ascii_case(NAME)) {
        return Ok(());
    }
    screen.say(
        Tone::Asking,
        "Where the image of this computer goes: DISK,PARTITION:/name.wim for another disk, \
         nfs://server/folder/name.wim or \\\\server\\share\\name.wim",
    );
    loop {
        match screen.ask("The image", None) {
            Asked::Line(line) if line.trim().is_empty() => {}
            Asked::Line(line) => {
                variables.push((NAME.to_owned(), line.trim().to_owned()));
                return Ok(());
            }
            Asked::Nothing | Asked::Nobody => {
                let why = "nobody can say where the image of this computer goes";
                return Err(Refusal::new(SessionExit::Failed, why));
            }
        }
    }
}

fn launch(medium: &Medium) -> LaunchMode {
    match &medium.device {
        Some(device) if device.starts_with("/dev") && device.to_string_lossy().contains("/sr") => {
            LaunchMode::Disc
        }
        Some(_) if medium.manifest.prestaged.is_none() => LaunchMode::Stick,
        _ => LaunchMode::Disk,
    }
}
