//! `foil fetch`: prepares a machine; the paths go to standard output, one a line.

use anyhow::Result;

use crate::{arguments::Fetch, files::Files, output};

/// Fetches all in the order of the command line.
pub fn run(arguments: &Fetch) -> Result<()> {
    let files = Files::open(&arguments.connection)?;
    for source in &arguments.sources {
        for path in files.named(source)? {
            output::print(&format!("{}\n", path.display()))?;
        }
    }
    Ok(())
}
