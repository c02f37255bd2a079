//! Operations that resample, as Pillow does.

use foil_data::resize::{Filter, resize};

use super::{interleaved, planes};

/// Half of the size, and back.
pub(super) fn halved(
    image: &[u8],
    [channels, height, width]: [usize; 3],
    filter: Filter,
) -> Vec<u8> {
    let half = [height, width].map(|side| side.div_ceil(2));
    let pixels = interleaved(image, [channels, height, width]);
    let small = resize(&pixels, [height, width, channels], half, filter);
    let large = resize(
        &small,
        [half[0], half[1], channels],
        [height, width],
        filter,
    );
    planes(&large, channels)
}

/// The middle, of this share of height and width, in the size of the whole.
pub(super) fn cropped(image: &[u8], [channels, height, width]: [usize; 3], share: f64) -> Vec<u8> {
    let part = |side: usize| ((side as f64 * share).round() as usize).clamp(1, side);
    let [rows, columns] = [part(height), part(width)];
    let [top, left] = [(height - rows) / 2, (width - columns) / 2];
    let pixels = interleaved(image, [channels, height, width]);
    let lines = pixels.chunks_exact(width * channels).skip(top).take(rows);
    let middle = lines.flat_map(|line| &line[left * channels..(left + columns) * channels]);
    let middle: Vec<u8> = middle.copied().collect();
    let whole = resize(
        &middle,
        [rows, columns, channels],
        [height, width],
        Filter::Bicubic,
    );
    planes(&whole, channels)
}
