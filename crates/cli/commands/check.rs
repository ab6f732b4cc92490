//! `tsmedia check`: every problem of definitions at once.

use pipeline::load;
use serde_json::json;

use crate::args::{CheckArgs, Global};
use crate::exit::{CommandError, Exit};
use crate::report::{self, count};
use crate::session::{self, Session};

pub fn run(global: &Global, args: &CheckArgs) -> Result<Exit, CommandError> {
    let names = if args.definitions.is_empty() {
        load::definition_names(&session::site_path(global)?)?
    } else {
        args.definitions.clone()
    };
    let session = Session::open(global, &names)?;
    session.require_found()?;
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
    Ok(report::exit_of(problems).unwrap_or(Exit::Done))
}
