//! `tsmedia run`: what `tsmedia-run` does on the target.

use runtime::program::run_here;
use runtime::session::{Options, SessionExit};

use crate::args::RunArgs;
use crate::exit::Exit;

pub fn run(args: RunArgs) -> Exit {
    let RunArgs { media, folder, resume } = args;
    match run_here(&Options { resume, folder }, media) {
        SessionExit::Done => Exit::Done,
        SessionExit::Failed => Exit::Failed,
        SessionExit::ContentMissing => Exit::ContentMissing,
        SessionExit::Integrity => Exit::Integrity,
        SessionExit::Password => Exit::Password,
    }
}
