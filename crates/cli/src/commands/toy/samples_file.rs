//! Samples on disk: a safetensors file with a tensor `samples` `[n, 2]`, and how they were made in its metadata.

use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result, bail};
use foil_toy::{
    Point,
    numbers::{bytes_of, finite_numbers},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

const LARGEST_FILE: u64 = 1 << 30;
const KIND: &str = "toy-samples";

/// Writes samples with the settings that made them, as text that a figure can show.
pub fn write(path: &Path, points: &[Point], title: &str, settings: &str) -> Result<()> {
    let bytes = bytes_of(points.as_flattened());
    let view = TensorView::new(Dtype::F32, vec![points.len(), 2], &bytes)?;
    let entries = [
        ("foil.kind", KIND),
        ("foil.title", title),
        ("foil.settings", settings),
    ];
    let metadata: HashMap<String, String> = entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    foil_files::write(
        path,
        &safetensors::serialize([("samples", view)], Some(metadata))?,
    )?;
    Ok(())
}

/// Reads samples and their title.
pub fn read(path: &Path) -> Result<(Vec<Point>, String)> {
    let bytes = foil_files::read(path, LARGEST_FILE)?;
    parse(&bytes).with_context(|| {
        format!(
            "{} is no file of samples made by `foil toy sample`",
            path.display()
        )
    })
}

fn parse(bytes: &[u8]) -> Result<(Vec<Point>, String)> {
    let file = SafeTensors::deserialize(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let title = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get("foil.title"))
        .cloned();
    let tensor = file.tensor("samples")?;
    if tensor.dtype() != Dtype::F32
        || tensor.shape().len() != 2
        || tensor.shape()[1] != 2
        || tensor.shape()[0] == 0
    {
        bail!(
            "`samples` is {:?} {:?}, expected F32 [n, 2]",
            tensor.dtype(),
            tensor.shape()
        );
    }
    let values = finite_numbers(tensor.data()).context("it holds points that are not finite")?;
    Ok((values.as_chunks().0.to_vec(), title.unwrap_or_default()))
}
