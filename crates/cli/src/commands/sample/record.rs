//! Images on disk: PNG with the settings that made them in a text chunk, whole or not there.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use foil_models::Pixels;
use serde::{Deserialize, Serialize};

use super::settings::Settings;

/// The chunk's keyword.
const KEYWORD: &str = "foil";

/// How one image was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Record {
    pub seed: u64,
    /// The class it was made with, if the network knows classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn_class: Option<u32>,
    /// Of the files of weights, in the order model, guide, autoencoder.
    pub fingerprints: Vec<String>,
    pub settings: Settings,
}

/// `OUT/000012.png`, or `OUT/000000/000012.png` in folders of a thousand.
pub fn path_of(folder: &Path, seed: u64, subfolders: bool) -> PathBuf {
    let name = format!("{seed:06}.png");
    if subfolders {
        folder.join(format!("{:06}", seed / 1000 * 1000)).join(name)
    } else {
        folder.join(name)
    }
}

/// Writes an image beside its place, then renames it.
pub fn write(path: &Path, pixels: &Pixels, record: Option<&Record>) -> Result<()> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width as u32, pixels.height as u32);
    encoder.set_color(match pixels.channels {
        1 => png::ColorType::Grayscale,
        _ => png::ColorType::Rgb,
    });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_text_chunk(
        "Software".into(),
        format!("Foil {}", env!("CARGO_PKG_VERSION")),
    )?;
    if let Some(record) = record {
        encoder.add_itxt_chunk(KEYWORD.into(), serde_json::to_string(record)?)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels.bytes)?;
    writer.finish()?;
    Ok(foil_files::write(path, &bytes)?)
}

/// How an image was made.
pub fn read(path: &Path) -> Result<Record> {
    let described = || format!("{} is no image made by `foil sample`", path.display());
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let reader = png::Decoder::new(BufReader::new(file))
        .read_info()
        .with_context(described)?;
    let chunks = &reader.info().utf8_text;
    let chunk = chunks.iter().find(|chunk| chunk.keyword == KEYWORD);
    let text = chunk
        .with_context(described)?
        .get_text()
        .with_context(described)?;
    serde_json::from_str(&text).with_context(described)
}

/// The pixels of an image that [`write()`] made.
pub fn read_pixels(path: &Path) -> Result<Pixels> {
    let described = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(described)?;
    let mut reader = png::Decoder::new(BufReader::new(file))
        .read_info()
        .with_context(described)?;
    let size = reader.output_buffer_size().with_context(described)?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).with_context(described)?;
    let channels = match frame.color_type {
        png::ColorType::Grayscale => 1,
        png::ColorType::Rgb => 3,
        _ => 0,
    };
    ensure!(
        channels > 0 && frame.bit_depth == png::BitDepth::Eight,
        "{} has other than 8-bit grey or RGB pixels",
        path.display()
    );
    Ok(Pixels {
        height: frame.height as usize,
        width: frame.width as usize,
        channels,
        bytes,
        not_numbers: 0,
    })
}
