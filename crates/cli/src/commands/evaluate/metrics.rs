//! `foil evaluate metrics`: what can be measured.

use std::fmt::Write as _;

use anyhow::Result;

use crate::{
    arguments::{Measure, MetricName},
    output,
};

/// Prints what `--metrics` allows.
pub fn run() -> Result<()> {
    let mut text = String::new();
    for (_, name, meaning) in Measure::ALL {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{name:<20} {meaning}");
    }
    text.push('\n');
    for (name, measure, network) in MetricName::PUBLISHED {
        let _ = writeln!(text, "{name:<20} {}@{network}", measure.name());
    }
    text.push_str(
        "\nAny of the first ones can be of any network: kd@inception-pytorch, fd@classifier.safetensors.\n",
    );
    output::print(&text)
}
