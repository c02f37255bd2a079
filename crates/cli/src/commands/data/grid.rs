//! One picture of a few images of each class, or of some images of a data set without classes.

use std::{collections::HashMap, path::Path};

use anyhow::{Result, bail};
use foil_data::{Dataset, Flip, Kind};
use foil_models::Pixels;

use crate::commands::sample::write_sheet;

/// Images of a class, side by side.
const COLUMNS: usize = 10;

/// Classes, one below the other; of more, these are spread evenly.
const MOST_ROWS: usize = 32;

/// Without classes, so many rows.
const ROWS: usize = 8;

/// Writes the picture.
pub fn write(dataset: &Dataset, out: &Path) -> Result<()> {
    if dataset.kind() == Kind::Moments {
        bail!("--grid needs pixels, and this data set holds latents");
    }
    let mut images = Vec::new();
    for chosen in places(dataset) {
        images.push(match chosen {
            Some(index) => image(dataset, index)?,
            None => blank(dataset),
        });
    }
    write_sheet(out, &images, COLUMNS)
}

/// Which image comes to each place of the picture, row by row: those that a run sees first.
fn places(dataset: &Dataset) -> Vec<Option<usize>> {
    let mut order = dataset.order(0);
    let indices = (0..dataset.len() as u64).map(|place| order.index(place));
    let classes = dataset.classes();
    if classes == 0 {
        return indices.take(ROWS * COLUMNS).map(Some).collect();
    }
    let count = classes.min(MOST_ROWS);
    let rows: HashMap<u32, usize> = (0..count)
        .map(|row| ((row * classes / count) as u32, row))
        .collect();
    let mut places = vec![None; count * COLUMNS];
    let mut filled = vec![0; count];
    let mut missing = places.len();
    for index in indices {
        let row = dataset.label(index).and_then(|label| rows.get(&label));
        if let Some(&row) = row
            && filled[row] < COLUMNS
        {
            places[row * COLUMNS + filled[row]] = Some(index);
            filled[row] += 1;
            missing -= 1;
        }
        if missing == 0 {
            break;
        }
    }
    places
}

/// An image; a damaged one is white, and told elsewhere.
fn image(dataset: &Dataset, index: usize) -> Result<Pixels> {
    let mut pixels = blank(dataset);
    let plane = pixels.height * pixels.width;
    let mut planes = vec![0; pixels.channels * plane];
    match dataset.pixels(index, Flip::None, &mut planes) {
        Ok(()) => {}
        Err(foil_data::Error::Foreign { .. }) => return Ok(pixels),
        Err(error) => return Err(error.into()),
    }
    for (place, pixel) in pixels.bytes.chunks_exact_mut(pixels.channels).enumerate() {
        for (channel, level) in pixel.iter_mut().enumerate() {
            *level = planes[channel * plane + place];
        }
    }
    Ok(pixels)
}

fn blank(dataset: &Dataset) -> Pixels {
    let [channels, height, width] = dataset.shape();
    Pixels {
        height,
        width,
        channels,
        bytes: vec![255; channels * height * width],
        not_numbers: 0,
    }
}
