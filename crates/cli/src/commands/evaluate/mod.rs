//! `foil evaluate`: what images are worth, and what the number was made of.

pub mod accuracy;
mod against;
mod contest;
pub mod diff;
mod extractors;
mod foreign;
mod gather;
mod judge;
mod manifest;
mod measure;
pub mod metrics;
mod plan;
pub mod reference;
pub mod robustness;
pub mod score;
mod source;
mod store;
mod table;
mod warnings;

pub use contest::Contest;
pub use manifest::{Evaluation, Number, SourceManifest};
pub use source::{Order, Seeds};
pub use table::cell as number_cell;

use std::{fmt::Write as _, path::Path};

/// What a path is called wherever it lies.
fn last_part(path: &Path) -> String {
    let whole = path.canonicalize();
    let name = whole.as_deref().unwrap_or(path).file_name();
    name.unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing into a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
