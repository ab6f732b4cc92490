//! `tsmedia build`: from definitions to verified media in their place.

mod batch;
mod told;

use pipeline::verify::VerifyDepth;
use serde_json::{Value, json};

use crate::args::{BuildArgs, Depth, Global};
use crate::exit::{CommandError, Exit};
use crate::interruption::{self, CANCEL};
use crate::report;
use crate::runtime_program::Runtime;
use crate::session::{self, Session};
use batch::{Batch, Outcome};

pub fn run(global: &Global, args: &BuildArgs) -> Result<Exit, CommandError> {
    interruption::catch_interruption()?;
    let mut session = Session::open(global, &args.definitions)?;
    session.runtime = Runtime::find(&args.runtime)?;
    report::tell_problems(&session.problems, false);
    let cache = session::cache(&args.cache)?;
    let depth = match args.verify {
        Depth::Full => VerifyDepth::Full,
        Depth::Structure => VerifyDepth::Structure,
    };
    let progress = crate::progress::progress(global.progress);
    let mut batch = Batch::new(&session, &args.staging, &cache, &*progress, depth);
    batch.print_text = !global.json;
    let (outcomes, printed) = batch.build();
    drop(progress);
    // What was learnt before a failure is true all the same.
    session::keep(&cache);
    printed?;
    finish(global, outcomes)
}

/// Prints what became of the definitions, and says how the command ends: as the first definition
/// that failed, in the order of the command line, unless the user stopped it.
fn finish(global: &Global, mut outcomes: Vec<(String, Outcome)>) -> Result<Exit, CommandError> {
    if outcomes.len() == 1 {
        let (_, outcome) = outcomes.remove(0);
        let document = outcome?;
        if global.json {
            report::print_json(&document)?;
        }
        return Ok(Exit::Done);
    }
    let failed = outcomes.iter().find_map(|(_, outcome)| outcome.as_ref().err());
    let exit = match (CANCEL.check(), failed) {
        (Err(_), Some(_)) => Exit::Interrupted,
        (_, Some(error)) => error.exit,
        (_, None) => Exit::Done,
    };
    if global.json {
        let builds: Vec<Value> = outcomes.into_iter().map(document).collect();
        report::print_json(&json!({ "builds": builds }))?;
    }
    Ok(exit)
}

fn document((name, outcome): (String, Outcome)) -> Value {
    match outcome {
        Ok(document) => document,
        Err(error) => json!({ "definition": name, "error": report::error_json(&error) }),
    }
}
