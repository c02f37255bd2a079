//! Convolution with a Gaussian.

use super::level;

/// Beyond so many deviations a Gaussian counts as 0.
const REACH: f64 = 4.0;

/// Each plane convolved, the border's pixels repeated beyond it.
pub(super) fn gaussian(image: &[u8], [_, height, width]: [usize; 3], deviation: f64) -> Vec<u8> {
    let weights = weights(deviation);
    let planes = image.chunks_exact(height * width);
    let blurred = planes.flat_map(|plane| {
        let numbers: Vec<f64> = plane.iter().copied().map(f64::from).collect();
        let rows = along(&numbers, [height, width], [width, 1], &weights);
        along(&rows, [width, height], [1, width], &weights)
    });
    blurred.map(level).collect()
}

/// From the middle outwards.
fn weights(deviation: f64) -> Vec<f64> {
    let reach = (REACH * deviation).ceil() as usize;
    let weight = |distance: usize| (-0.5 * (distance as f64 / deviation).powi(2)).exp();
    let weights: Vec<f64> = (0..=reach).map(weight).collect();
    let sum = 2.0 * weights.iter().sum::<f64>() - weights[0];
    weights.iter().map(|weight| weight / sum).collect()
}

/// Convolves lines of `length` numbers, whose neighbours are `step` apart and which are `stride` apart.
fn along(
    numbers: &[f64],
    [lines, length]: [usize; 2],
    [stride, step]: [usize; 2],
    weights: &[f64],
) -> Vec<f64> {
    let mut blurred = vec![0.0; numbers.len()];
    for line in 0..lines {
        let at = |place: usize| line * stride + place * step;
        for place in 0..length {
            let mut sum = weights[0] * numbers[at(place)];
            for (distance, weight) in weights.iter().enumerate().skip(1) {
                let before = numbers[at(place.saturating_sub(distance))];
                let after = numbers[at((place + distance).min(length - 1))];
                sum += weight * (before + after);
            }
            blurred[at(place)] = sum;
        }
    }
    blurred
}
