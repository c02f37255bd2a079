//! `foil`: train, sample and evaluate guided diffusion models.

mod arguments;
mod averages;
mod commands;
mod files;
mod interrupt;
mod memory;
mod open;
mod output;
mod progress;
mod report;
mod timing;

use std::process::ExitCode;

use clap::Parser;
use foil_kernels::Instructions;

/// Wrong input, or a file that is not what it should be.
const REFUSED: u8 = 2;
/// Stopped by the user, as shells report it.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    memory::keep();
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return arguments::explain(&error),
    };
    // Without this a misspelt name would count as none.
    if let Err(error) = Instructions::from_environment() {
        report(&error.into());
        return ExitCode::from(REFUSED);
    }
    interrupt::listen();
    match commands::run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(if interrupt::requested() {
                INTERRUPTED
            } else {
                REFUSED
            })
        }
    }
}

/// The one line that says what went wrong.
#[expect(
    clippy::print_stderr,
    reason = "the only place where errors reach the user"
)]
fn report(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
