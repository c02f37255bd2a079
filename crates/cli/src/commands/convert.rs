//! `foil convert`: a checkpoint as safetensors.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use foil_models::checkpoint::{self, Contents};

use crate::{arguments::Convert, open, output};

/// Writes what a file holds and says so in one line.
pub fn run(arguments: &Convert) -> Result<()> {
    let Convert { file, out, force } = arguments;
    if !force && std::fs::symlink_metadata(out).is_ok() {
        bail!("{} exists; --force writes over it", out.display());
    }
    let (what, tensors) = match Contents::of(&open::file(file)?)? {
        Contents::Edm2(network) => {
            network.save(out)?;
            ("EDM2 network", network.weights.iter().count())
        }
        Contents::Tensors(weights) => {
            checkpoint::write(out, &weights, BTreeMap::new())?;
            ("tensors without a configuration", weights.iter().count())
        }
        Contents::Toy(_) => bail!(
            "{}: a network of the laboratory, which 'foil toy' trains itself; EDM2 networks and plain tensors can be converted",
            file.display()
        ),
        _ => bail!(
            "{}: no network; EDM2 networks and plain tensors can be converted",
            file.display()
        ),
    };
    let bytes = std::fs::metadata(out)
        .with_context(|| out.display().to_string())?
        .len();
    output::print(&format!(
        "{}: {what}, {tensors} tensors, {bytes} bytes\n",
        out.display()
    ))?;
    Ok(())
}
