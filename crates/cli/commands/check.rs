//! `tsmedia check`: every problem of definitions at once.

use pipeline::load;
use pipeline::progress::Silent;
use serde_json::json;

use crate::args::{CheckArgs, Global};
use crate::concerned::concerned;
use crate::exit::{CommandError, Exit};
use crate::interruption;
use crate::report::{self, count};
use crate::runtime_program::Runtime;
use crate::session::{self, Session};

pub fn run(global: &Global, args: &CheckArgs) -> Result<Exit, CommandError> {
    let names = if args.definitions.is_empty() {
        load::definition_names(&session::site_path(global)?)?
    } else {
        args.definitions.clone()
    };
    interruption::catch_interruption()?;
    let mut session = Session::open(global, &names)?;
    session.require_found()?;
    session.runtime = Runtime::find(&args.runtime)?;
    files(&mut session)?;
    let secret = secrets(&mut session);
    let problems = &session.problems;
    if global.json {
        let document = json!({
            "definitions": names,
            "problems": report::problems_json(problems),
        });
        report::print_json(&document)?;
    } else {
        let mut text = String::new();
        for problem in problems {
            text += &format!("{problem}\n");
        }
        let definitions = count(names.len() as u64, "definition");
        text += &format!("{definitions}: {}\n", count(problems.len() as u64, "problem"));
        report::print(&text)?;
    }
    Ok(report::exit_of(problems).or(secret).unwrap_or(Exit::Done))
}

/// Adds what is wrong with the files of all media, as far as their names tell.
fn files(session: &mut Session) -> Result<(), CommandError> {
    let mut positions: Vec<usize> = (0..session.definitions.len()).collect();
    let scan = loop {
        let error = match session.list(&positions, &Silent) {
            Ok(scan) => break scan,
            Err(error) => error,
        };
        let pipeline::Error::Content(unusable) = &error else { return Err(error.into()) };
        session.problems.extend(unusable.iter().map(report::content_problem));
        let concerned = concerned(session, &positions, &error);
        positions.retain(|position| !concerned.contains(position));
    };
    for position in positions {
        let mut problems = session.file_problems(position, &scan);
        problems.extend(session.boot_problems(position, &scan)?);
        session.problems.extend(problems);
    }
    Ok(())
}

/// Adds what is wrong with passwords and certificates, and tells what cannot be had at all; that
/// is the exit code, if it is the worst.
fn secrets(session: &mut Session) -> Option<Exit> {
    let mut exit = None;
    for position in 0..session.definitions.len() {
        match session.secrets(position) {
            Ok((_, problems)) => session.problems.extend(problems),
            Err(error) => {
                report::tell_error(&error, Some(&session.definitions[position].name));
                exit = exit.or(Some(error.exit));
            }
        }
    }
    exit
}
