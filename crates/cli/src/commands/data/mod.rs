//! `foil data`: what a data set is, and one file of it.

pub mod convert;
mod grid;
pub mod inspect;

use foil_data::Skipped;

use crate::progress::Progress;

/// So many files are named; the rest is counted.
const NAMED: usize = 5;

/// A few of the files that are not among the images, one a line.
fn named(skipped: &[Skipped]) -> Vec<String> {
    let named = skipped.iter().take(NAMED);
    let line = |skipped: &Skipped| format!("{}: {}", skipped.path.display(), skipped.reason);
    named.map(line).collect()
}

/// Says which files are not among the images.
pub fn say_skipped(progress: &Progress, skipped: &[Skipped]) {
    for line in named(skipped) {
        progress.say(&format!("left out {line}"));
    }
    if skipped.len() > NAMED {
        progress.say(&format!("left out {} more", skipped.len() - NAMED));
    }
}
