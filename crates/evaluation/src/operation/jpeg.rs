//! JPEG and back, by libraries.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{interleaved, planes};
use crate::{Error, Result};

/// An image after it was written in this quality.
pub(super) fn round_trip(image: &[u8], shape: [usize; 3], quality: u8) -> Result<Vec<u8>> {
    let [channels, height, width] = shape;
    let refuse =
        |problem: String| Error::Images(format!("no JPEG can be made of {shape:?}: {problem}"));
    let [short_width, short_height] = [width, height].map(u16::try_from);
    let (Ok(short_width), Ok(short_height)) = (short_width, short_height) else {
        return Err(refuse(
            "more than 65535 pixels in a row or a column".to_owned(),
        ));
    };
    let (kind, space) = match channels {
        1 => (ColorType::Luma, ColorSpace::Luma),
        _ => (ColorType::Rgb, ColorSpace::RGB),
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let written = encoder.encode(&interleaved(image, shape), short_width, short_height, kind);
    written.map_err(|problem| refuse(problem.to_string()))?;
    let options = DecoderOptions::default().jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode();
    Ok(planes(
        &pixels.map_err(|problem| refuse(problem.to_string()))?,
        channels,
    ))
}
