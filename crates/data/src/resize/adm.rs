//! The square crop of the ADM paper's code, with which ImageNet is prepared for EDM2. Dhariwal & Nichol 2021, *Diffusion Models Beat
//! GANs on Image Synthesis*.

use super::{Filter, resize};

/// Makes a square of an image `[height, width, channels]`: halves it while it stays at least twice as large as needed, brings its shorter
/// side to `resolution`, and cuts the middle out of the longer one.
pub fn adm_crop(
    pixels: &[u8],
    [height, width, channels]: [usize; 3],
    resolution: usize,
) -> Vec<u8> {
    let (mut size, mut image) = ([height, width], pixels.to_vec());
    while size[0].min(size[1]) >= 2 * resolution {
        let halved = size.map(|side| side / 2);
        image = resize(&image, [size[0], size[1], channels], halved, Filter::Box);
        size = halved;
    }
    let scale = resolution as f64 / size[0].min(size[1]) as f64;
    // Python rounds halves to even.
    let scaled = size.map(|side| (side as f64 * scale).round_ties_even() as usize);
    let image = resize(
        &image,
        [size[0], size[1], channels],
        scaled,
        Filter::Bicubic,
    );
    let [top, left] = scaled.map(|side| (side - resolution) / 2);
    let rows = image
        .chunks_exact(scaled[1] * channels)
        .skip(top)
        .take(resolution);
    rows.flat_map(|row| &row[left * channels..(left + resolution) * channels])
        .copied()
        .collect()
}
