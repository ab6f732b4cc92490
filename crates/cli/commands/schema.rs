//! `tsmedia schema`: the JSON Schemas of the site's files, and the matrix of options.

use crate::args::{SchemaArgs, SchemaOf};
use crate::exit::{CommandError, Exit};
use crate::report;

pub fn run(args: &SchemaArgs) -> Result<Exit, CommandError> {
    report::print_json(&match args.of {
        SchemaOf::Media => content::schema::definition(),
        SchemaOf::Object => content::schema::object(),
        SchemaOf::Site => content::schema::site(),
        SchemaOf::Options => content::options::document(),
    })?;
    Ok(Exit::Done)
}
