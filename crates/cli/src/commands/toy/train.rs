//! `foil toy train`: one network.

use anyhow::Result;
use foil_toy::{
    network::Architecture,
    training::{Config, Run},
};

use crate::{arguments::Train, output, progress::Progress};

/// Trains, or continues.
pub fn run(arguments: &Train) -> Result<()> {
    let architecture = Architecture {
        layers: arguments.layers,
        width: arguments.width,
    };
    let config = Config {
        class: arguments.class.into(),
        architecture,
        seed: arguments.seed,
    };
    let run = Run {
        config,
        iterations: arguments.iterations,
        folder: arguments.out.join("snapshots"),
    };
    if arguments.dry_run {
        output::print(&format!("{}\n", serde_json::to_string_pretty(&config)?))?;
        output::print(&format!(
            "{} parameters, {} iterations of 4096 samples\n",
            architecture.parameters(),
            run.iterations
        ))?;
        return Ok(());
    }
    let progress = Progress::new();
    super::train(&run, "training", &progress)?;
    let model = arguments.out.join("model.safetensors");
    run.publish(&model)?;
    progress.say(&format!("wrote {}", model.display()));
    Ok(())
}
