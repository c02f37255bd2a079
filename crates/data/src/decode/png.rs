//! PNG, and of an animated one the image that programs without animation show.

use std::io::Cursor;

use png::{ColorType, DecodingError, Limits, Transformations};

use super::{Channels, Content, Decoded, Head, MOST_PIXELS, without_opacity};

pub(super) fn head(bytes: &[u8]) -> Decoded<Head> {
    let mut decoder = decoder(bytes);
    let info = decoder.read_header_info().map_err(problem)?;
    Ok(Head {
        height: info.height as usize,
        width: info.width as usize,
        content: Content::Pixels(match info.color_type {
            ColorType::Grayscale | ColorType::GrayscaleAlpha => Channels::Grey,
            ColorType::Rgb | ColorType::Indexed | ColorType::Rgba => Channels::Colour,
        }),
    })
}

pub(super) fn pixels(bytes: &[u8]) -> Decoded<Vec<u8>> {
    let mut reader = decoder(bytes).read_info().map_err(problem)?;
    let length = reader.output_buffer_size().ok_or("too large")?;
    let mut pixels = vec![0; length];
    let frame = reader.next_frame(&mut pixels).map_err(problem)?;
    pixels.truncate(frame.buffer_size());
    Ok(match frame.color_type {
        ColorType::GrayscaleAlpha | ColorType::Rgba => {
            without_opacity(pixels, frame.color_type.samples())
        }
        ColorType::Grayscale | ColorType::Rgb | ColorType::Indexed => pixels,
    })
}

/// One that makes 8 bits of everything, and colours of palettes.
fn decoder(bytes: &[u8]) -> png::Decoder<Cursor<&[u8]>> {
    let limits = Limits {
        bytes: 16 * MOST_PIXELS,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn problem(error: DecodingError) -> String {
    format!("damaged PNG: {error}")
}
