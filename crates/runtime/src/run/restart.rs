//! Restarting the computer in the middle of a sequence.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use cmtrace::LogType;
use tasksequence::run::{Event, Restart, RestartTarget, Running};

use super::steps::shown;
use super::{Run, RunEnd};
use crate::contents::disc_in_words;
use crate::media::{MEDIA_JSON, Medium};
use crate::place::{OWN_FOLDER, RunFolder};
use crate::screen::{Asked, Tone};
use crate::status::RunState;

/// The unit that goes on in the installed system.
const UNIT: &str = "tsmedia-run.service";
const UNITS: &str = "etc/systemd/system";
/// The signals that keep systemd from writing over the screen and let it write again: SIGRTMIN+21
/// and SIGRTMIN+20, in numbers since not every shell knows their names.
const QUIET: i32 = 34 + 21;
const TALKING: i32 = 34 + 20;
const WANTS: &str = "etc/systemd/system/multi-user.target.wants";

impl Run<'_> {
    /// Restarts the computer. `None` when that is impossible and the run has to say so.
    pub(super) fn restart(&mut self, restart: &Restart) -> Option<RunEnd> {
        self.keep_manifests();
        if restart.target == RestartTarget::Hd && self.running == Running::WinPe {
            if let Err(why) = self.prepare_system() {
                self.tell(Tone::Bad, &why);
                self.handle(Event::RestartImpossible);
                return None;
            }
        } else if restart.target == RestartTarget::WinPe {
            self.ask_for_first_disc();
        }
        self.status.state = RunState::Restarting;
        self.save();
        self.save_status();
        self.announce(restart);
        self.leave_computer();
        if let Err(error) = self.computer.restart() {
            return Some(self.stop(format!("the computer cannot be restarted: {error}")));
        }
        Some(RunEnd::Restarting)
    }

    /// Copies the manifests to the run's folder, unless they are there.
    pub(crate) fn keep_manifests(&mut self) {
        let Some(medium) = &self.medium else { return };
        if self.folder.path().join(MEDIA_JSON).exists() {
            return;
        }
        if let Err(error) = self.folder.keep_manifests(&medium.root) {
            let text = format!("the manifests cannot be kept: {error}");
            self.log.write(LogType::Warning, &text);
        }
    }

    fn announce(&mut self, restart: &Restart) {
        let message = shown(&restart.message, "");
        let target = match restart.target {
            RestartTarget::WinPe => "the boot image",
            RestartTarget::Hd => "the installed system",
        };
        let seconds = restart.delay_seconds.unwrap_or(0);
        let text = format!("Restarting into {target}");
        self.tell(Tone::Plain, &text);
        if !message.is_empty() {
            self.screen.say(Tone::Plain, message);
        }
        if seconds > 0 && !self.bootstrap.unattended {
            let prompt = format!("In {seconds} seconds, or when Enter is pressed");
            if self.screen.ask(&prompt, Some(Duration::from_secs(seconds.into()))) == Asked::Nobody
            {
                self.log.write(LogType::Info, "nobody is there to be told of the restart");
            }
        }
    }

    /// The boot image is on the first disc of a set.
    fn ask_for_first_disc(&mut self) {
        let media = self.contents.media();
        if media.discs > 1 && self.medium.as_ref().map(Medium::disc) != Some(1) {
            let disc = disc_in_words(1, media);
            let prompt = format!("Insert {disc}, from which the computer starts, and press Enter");
            self.tell(Tone::Asking, &prompt);
            self.contents.disc_leaves();
            self.medium = None;
            self.drives.release();
            self.screen.ask("Enter", None);
        }
    }

    /// Writes everything to the disks and lets go of them and of the media.
    pub(super) fn leave_computer(&mut self) {
        rustix::fs::sync();
        self.contents.disc_leaves();
        self.medium = None;
        self.drives.release();
    }

    /// Makes the installed system go on with the run. `Err` says why it cannot.
    fn prepare_system(&mut self) -> Result<(), String> {
        let root = self.volumes.system().and_then(|volume| volume.mount.clone());
        let root = root.ok_or("no operating system was applied that could be started")?;
        let units = root.join("usr/lib/systemd/systemd");
        if !units.exists() && !root.join("lib/systemd/systemd").exists() {
            return Err("the installed system has no systemd, which would go on with the run; \
                        put all steps before the restart"
                .to_owned());
        }
        let folder = RunFolder::new(root.join(OWN_FOLDER));
        if self.folder != folder {
            // What the cache holds stays behind, and is fetched again.
            self.move_folder(&folder).map_err(|failure| failure.reason)?;
        }
        let words = |error: io::Error| format!("cannot prepare the installed system: {error}");
        self.folder.keep_program().map_err(words)?;
        install_unit(&root).map_err(words)
    }
}

/// The run goes on before anybody can log in, and has the console for itself until it ends.
fn install_unit(root: &Path) -> io::Result<()> {
    let text = format!(
        "[Unit]\n\
         Description=Task sequence\n\
         ConditionPathExists=/{OWN_FOLDER}/state.json\n\
         After=local-fs.target systemd-udevd.service\n\
         Wants=getty-pre.target\n\
         Before=getty-pre.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStartPre=-/bin/sh -c 'kill -{QUIET} 1'\n\
         ExecStart=/{OWN_FOLDER}/bin/tsmedia-run --resume /{OWN_FOLDER}\n\
         StandardInput=null\n\
         StandardOutput=journal\n\
         ExecStopPost=-/bin/sh -c 'kill -{TALKING} 1'\n\
         TimeoutStartSec=infinity\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    );
    fs::create_dir_all(root.join(WANTS))?;
    fs::write(root.join(UNITS).join(UNIT), text)?;
    let link = root.join(WANTS).join(UNIT);
    if let Err(error) = fs::remove_file(&link)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    std::os::unix::fs::symlink(format!("../{UNIT}"), link)
}

/// Removes what [`install_unit`] made.
pub(super) fn remove_unit(root: &Path) {
    // Without its state the unit does nothing.
    let _ = fs::remove_file(root.join(WANTS).join(UNIT));
    let _ = fs::remove_file(root.join(UNITS).join(UNIT));
}
