//! `tools/corpus`: makes one tree from its recipe, or checks one that is there.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use corpora::{Error, Recipe, TreeDigest, Versions};

/// Makes a file tree from a recipe, the same bytes on every machine.
#[derive(Parser)]
#[command(name = "tools/corpus", version)]
struct Arguments {
    /// The recipe: a name (--list shows them) or the path of a `.toml` file.
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// The folder to make the tree in, absent or empty.
    #[arg(required_unless_present = "list")]
    folder: Option<PathBuf>,
    /// Read the tree that is there and compare it with the recipe.
    #[arg(long)]
    check: bool,
    /// Of real packages, take the versions that the registries have today and compare nothing.
    #[arg(long, conflicts_with = "check")]
    newest: bool,
    /// List the recipes.
    #[arg(long, exclusive = true)]
    list: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let (Some(name), Some(folder)) = (&arguments.name, &arguments.folder) else {
        for name in corpora::names()? {
            println!("{name:12}  {}", Recipe::load(&name)?.purpose());
        }
        return Ok(());
    };
    let recipe = Recipe::load(name)?;
    let versions = if arguments.newest { Versions::Newest } else { Versions::Pinned };
    let digest = if arguments.check {
        corpora::check(&recipe, folder)?
    } else {
        corpora::make(&recipe, folder, versions)?
    };
    let TreeDigest { files, bytes, sha256 } = digest;
    println!("files {files}\nbytes {bytes}\ndigest {sha256}");
    Ok(())
}
