//! Images on disk: PNG with what made them in a text chunk, whole or not there.

use std::{fs::File, io::BufReader, path::Path};

use anyhow::{Context, Result, ensure};
use foil_models::Pixels;
use serde::{Serialize, de::DeserializeOwned};

/// What an image says of how it was made.
pub trait Note: Serialize + DeserializeOwned {
    /// Of its text chunk.
    const KEYWORD: &str;
    /// What an image is that has one.
    const ORIGIN: &str;
}

/// Writes an image beside its place, then renames it.
pub fn write<N: Note>(path: &Path, pixels: &Pixels, note: Option<&N>) -> Result<()> {
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
    if let Some(note) = note {
        encoder.add_itxt_chunk(N::KEYWORD.into(), serde_json::to_string(note)?)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels.bytes)?;
    writer.finish()?;
    Ok(foil_files::write(path, &bytes)?)
}

/// How an image was made.
pub fn read<N: Note>(path: &Path) -> Result<N> {
    let described = || format!("{} is no {}", path.display(), N::ORIGIN);
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let reader = png::Decoder::new(BufReader::new(file))
        .read_info()
        .with_context(described)?;
    let chunks = &reader.info().utf8_text;
    let chunk = chunks.iter().find(|chunk| chunk.keyword == N::KEYWORD);
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
