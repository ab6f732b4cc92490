//! The program on the target: `tsmedia-run`.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::program::main(std::env::args_os().skip(1))
}
