//! WebP, and of an animation the first image.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::{Channels, Content, Decoded, Head, without_opacity};

pub(super) fn head(bytes: &[u8]) -> Decoded<Head> {
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(problem)?;
    let (width, height) = decoder.dimensions();
    Ok(Head {
        height: height as usize,
        width: width as usize,
        content: Content::Pixels(Channels::Colour),
    })
}

pub(super) fn pixels(bytes: &[u8]) -> Decoded<Vec<u8>> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(problem)?;
    let length = decoder.output_buffer_size().ok_or("too large")?;
    let mut pixels = vec![0; length];
    decoder.read_image(&mut pixels).map_err(problem)?;
    if decoder.has_alpha() {
        return Ok(without_opacity(pixels, 4));
    }
    Ok(pixels)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn problem(error: DecodingError) -> String {
    format!("damaged WebP: {error}")
}
