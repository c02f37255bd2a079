//! Data on standard output.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

/// Writes lines. A reader who has seen enough, such as `head`, is no mistake.
pub fn print(lines: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    match output
        .write_all(lines.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(problem) if problem.kind() != ErrorKind::BrokenPipe => {
            Err(problem).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}
