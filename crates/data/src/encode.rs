//! Images and moments to the files that archives are made of, as plain as the formats allow: archives are read more often than they
//! are written, and EDM2's are not compressed either.

use png::{ColorType, Compression, EncodingError, Filter};

/// A PNG of an image `[channels, height, width]` with 1 or 3 channels.
pub(crate) fn png(
    pixels: &[u8],
    [channels, height, width]: [usize; 3],
) -> Result<Vec<u8>, EncodingError> {
    let plane = height * width;
    let places =
        (0..plane).flat_map(|place| (0..channels).map(move |channel| channel * plane + place));
    let pixels: Vec<u8> = places.map(|place| pixels[place]).collect();
    let mut file = Vec::with_capacity(pixels.len() + height + 100);
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(if channels == 1 {
        ColorType::Grayscale
    } else {
        ColorType::Rgb
    });
    encoder.set_compression(Compression::NoCompression);
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

/// numpy's file of moments `[2 × channels, height, width]`.
pub(crate) fn array(moments: &[f32], [channels, height, width]: [usize; 3]) -> Vec<u8> {
    let shape = format!("({}, {height}, {width})", 2 * channels);
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    // The numbers begin at a multiple of 64.
    let start = (10 + header.len() + 1).next_multiple_of(64);
    header.extend(std::iter::repeat_n(' ', start - 11 - header.len()));
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(moments.iter().flat_map(|moment| moment.to_le_bytes()));
    file
}
