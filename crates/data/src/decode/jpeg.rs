//! JPEG, sequential and progressive. Decoders differ by a level or two, as the standard lets them.

use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{Channels, Content, Decoded, Head};

pub(super) fn head(bytes: &[u8]) -> Decoded<Head> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options());
    decoder.decode_headers().map_err(problem)?;
    let (width, height) = decoder.dimensions().ok_or("damaged JPEG: no size")?;
    let channels = match decoder.input_colorspace() {
        Some(ColorSpace::Luma | ColorSpace::LumaA) => Channels::Grey,
        _ => Channels::Colour,
    };
    Ok(Head {
        height,
        width,
        content: Content::Pixels(channels),
    })
}

pub(super) fn pixels(bytes: &[u8], channels: Channels) -> Decoded<Vec<u8>> {
    let options = options().jpeg_set_out_colorspace(match channels {
        Channels::Grey => ColorSpace::Luma,
        Channels::Colour => ColorSpace::RGB,
    });
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode().map_err(problem)
}

/// An image that ends too early is an error, not one with a grey rest.
fn options() -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(true)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn problem(error: DecodeErrors) -> String {
    format!("damaged or unusual JPEG: {error}")
}
