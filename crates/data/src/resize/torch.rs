//! PyTorch's bicubic resizing of images in single precision: `interpolate` with `antialias=True`. It rounds nothing and cuts nothing off, so that a cubic
//! may leave 0 to 255: features of published distances see such numbers.

use super::{Filter, taps::Taps};

/// Resizes a plane `[height, width]` of levels to another height and width; none of them is 0.
///
/// # Panics
///
/// If the plane has not as many bytes as its size says.
pub fn resize_unrounded_bicubic(
    plane: &[u8],
    [height, width]: [usize; 2],
    [wanted_height, wanted_width]: [usize; 2],
) -> Vec<f32> {
    assert_eq!(plane.len(), height * width, "bytes of a plane");
    let taps = |own, wanted| Taps::new(Filter::Bicubic, own, wanted, |weight| weight as f32);
    let (across, down) = (taps(width, wanted_width), taps(height, wanted_height));
    let mut lines = Vec::with_capacity(height * wanted_width);
    for row in plane.chunks_exact(width) {
        lines.extend(across.iter().map(|(start, weights)| {
            let levels = row[start..].iter().zip(weights);
            levels
                .map(|(&level, weight)| f32::from(level) * weight)
                .sum::<f32>()
        }));
    }
    let mut resized = Vec::with_capacity(wanted_height * wanted_width);
    for (start, weights) in down.iter() {
        let mut sums = vec![0.0; wanted_width];
        let rows = lines[start * wanted_width..].chunks_exact(wanted_width);
        for (row, weight) in rows.zip(weights) {
            for (sum, number) in sums.iter_mut().zip(row) {
                *sum += number * weight;
            }
        }
        resized.extend(sums);
    }
    resized
}
