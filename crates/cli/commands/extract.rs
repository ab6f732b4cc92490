//! `tsmedia extract`: takes files out of media.

use content::ContentId;
use pipeline::extract::{self, ExtractRequest};
use serde_json::json;

use crate::args::{ExtractArgs, Global};
use crate::exit::{CommandError, Exit};
use crate::given_images::GivenImages;
use crate::interruption::{self, CANCEL};
use crate::report::{self, count, size};

pub fn run(global: &Global, args: &ExtractArgs) -> Result<Exit, CommandError> {
    interruption::catch_interruption()?;
    let images = GivenImages::find(&args.paths)?;
    let contents: Vec<ContentId> = args
        .content
        .iter()
        .map(|id| id.parse().map_err(|error| CommandError::usage(format!("{error}"))))
        .collect::<Result<_, _>>()?;
    let progress = crate::progress::progress(global.progress);
    for missing in images.read_missing() {
        report::warn(&format!("set `{}`: {}", missing.set.display(), missing.message()));
    }
    let request =
        ExtractRequest { images: &images.paths, output: &args.output, contents: &contents };
    let done = extract::run(&request, &CANCEL, &*progress)?;
    drop(progress);
    if global.json {
        let document = json!({ "output": args.output, "files": done.files, "bytes": done.bytes });
        report::print_json(&document)?;
    } else {
        let files = count(done.files, "file");
        let output = args.output.display();
        report::print(&format!("{output}: {files}, {}, every digest right\n", size(done.bytes)))?;
    }
    Ok(Exit::Done)
}
