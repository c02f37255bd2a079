//! Whether a result is right: sums written out in f64 at a few places, for Foil and candle alike. A benchmark of wrong results
//! measures nothing.

use anyhow::{Result, ensure};
use foil_kernels::convolution::{Convolution, Image};

use super::case::{Case, Pass, mixed};

/// Places that are compared: the first, the last, and some between.
const PLACES: u64 = 16;

/// Refuses a result that is not finite, is constant, or differs at one of the places by more than `tolerance` times the size
/// that results have.
pub fn check(case: &Case, inputs: &[Vec<f32>], result: &[f32], tolerance: f64) -> Result<()> {
    ensure!(
        result.iter().all(|value| value.is_finite()),
        "the result is not finite"
    );
    ensure!(
        result
            .iter()
            .any(|value| value.to_bits() != result[0].to_bits()),
        "the result is constant"
    );
    let last = result.len() - 1;
    let between = (2..PLACES).map(|index| mixed(index) as usize % result.len());
    for place in [0, last].into_iter().chain(between) {
        let truth = value(case, inputs, place);
        let found = f64::from(result[place]);
        ensure!(
            (found - truth).abs() <= tolerance * size(case),
            "the result at {place} is {found} instead of {truth}"
        );
    }
    Ok(())
}

/// The standard deviation of results: each number's variance is 1/3.
fn size(case: &Case) -> f64 {
    let terms = |count: usize| (count as f64).sqrt() / 3.0;
    match *case {
        Case::Convolution {
            pass,
            convolution,
            image,
        } => {
            let taps = convolution.kernel[0] * convolution.kernel[1];
            terms(match pass {
                Pass::Forward => convolution.inputs * taps,
                Pass::InputGradient => convolution.outputs * taps,
                Pass::WeightGradient => image.pixels(),
            })
        }
        // An average of nearly equal weights.
        Case::Attention { tokens, .. } => 1.0 / (3.0 * tokens as f64).sqrt(),
        Case::Depthwise { .. } => terms(9),
        Case::Linear { inputs, .. } => terms(inputs),
    }
}

/// One value of the result.
fn value(case: &Case, inputs: &[Vec<f32>], place: usize) -> f64 {
    match *case {
        Case::Convolution {
            pass,
            convolution,
            image,
        } => match pass {
            Pass::Forward => forward(convolution, image, inputs, place),
            Pass::InputGradient => input_gradient(convolution, image, inputs, place),
            Pass::WeightGradient => weight_gradient(convolution, image, inputs, place),
        },
        Case::Attention {
            tokens,
            heads,
            width,
            ..
        } => attention([tokens, heads, width], inputs, place),
        Case::Depthwise { channels, image } => depthwise(channels, image, inputs, place),
        Case::Linear {
            inputs: depth,
            outputs,
            ..
        } => {
            let (row, output) = (place / outputs, place % outputs);
            let term = |index| {
                product(
                    &inputs[0],
                    row * depth + index,
                    &inputs[1],
                    output * depth + index,
                )
            };
            (0..depth).map(term).sum()
        }
    }
}

fn product(left: &[f32], left_index: usize, right: &[f32], right_index: usize) -> f64 {
    f64::from(left[left_index]) * f64::from(right[right_index])
}

/// Sample, line, column and channel of an index into `[batch, height, width, channels]`.
fn position(image: Image, channels: usize, index: usize) -> [usize; 4] {
    let (pixel, channel) = (index / channels, index % channels);
    let (line, x) = (pixel / image.width, pixel % image.width);
    [line / image.height, line % image.height, x, channel]
}

/// The pixel that lies `tap − padding` from (y, x) by `direction` 1, or the other way by −1; its index without channels.
fn neighbour(
    image: Image,
    [sample, y, x]: [usize; 3],
    tap: [usize; 2],
    padding: [usize; 2],
    direction: isize,
) -> Option<usize> {
    let along = |at: usize, tap: usize, padding: usize, size: usize| {
        let moved = at as isize + direction * (tap as isize - padding as isize);
        usize::try_from(moved).ok().filter(|&moved| moved < size)
    };
    let y = along(y, tap[0], padding[0], image.height)?;
    let x = along(x, tap[1], padding[1], image.width)?;
    Some((sample * image.height + y) * image.width + x)
}

/// Sums over the kernel: the tap's index and the neighbour it meets.
fn over_taps(
    [height, width]: [usize; 2],
    neighbour: impl Fn([usize; 2]) -> Option<usize>,
    term: impl Fn(usize, usize) -> f64,
) -> f64 {
    let taps = (0..height).flat_map(|y| (0..width).map(move |x| [y, x]));
    let met = taps.filter_map(|tap| Some((tap[0] * width + tap[1], neighbour(tap)?)));
    met.map(|(tap, pixel)| term(tap, pixel)).sum()
}

fn forward(convolution: Convolution, image: Image, inputs: &[Vec<f32>], place: usize) -> f64 {
    let Convolution {
        kernel,
        padding,
        outputs,
        inputs: channels,
        ..
    } = convolution;
    let taps = kernel[0] * kernel[1];
    let [sample, y, x, output] = position(image, outputs, place);
    let neighbour = |tap| neighbour(image, [sample, y, x], tap, padding, 1);
    over_taps(kernel, neighbour, |tap, pixel| {
        let term = |channel| {
            let weight = (output * channels + channel) * taps + tap;
            product(&inputs[0], pixel * channels + channel, &inputs[1], weight)
        };
        (0..channels).map(term).sum()
    })
}

fn input_gradient(
    convolution: Convolution,
    image: Image,
    inputs: &[Vec<f32>],
    place: usize,
) -> f64 {
    let Convolution {
        kernel,
        padding,
        outputs,
        inputs: channels,
        ..
    } = convolution;
    let taps = kernel[0] * kernel[1];
    let [sample, y, x, channel] = position(image, channels, place);
    let neighbour = |tap| neighbour(image, [sample, y, x], tap, padding, -1);
    over_taps(kernel, neighbour, |tap, pixel| {
        let term = |output| {
            let weight = (output * channels + channel) * taps + tap;
            product(&inputs[0], weight, &inputs[1], pixel * outputs + output)
        };
        (0..outputs).map(term).sum()
    })
}

fn weight_gradient(
    convolution: Convolution,
    image: Image,
    inputs: &[Vec<f32>],
    place: usize,
) -> f64 {
    let Convolution {
        kernel,
        padding,
        outputs,
        inputs: channels,
        ..
    } = convolution;
    let taps = kernel[0] * kernel[1];
    let (pair, tap) = (place / taps, place % taps);
    let (output, channel) = (pair / channels, pair % channels);
    let tap = [tap / kernel[1], tap % kernel[1]];
    let term = |pixel| {
        let [sample, y, x, _] = position(image, 1, pixel);
        neighbour(image, [sample, y, x], tap, padding, 1).map_or(0.0, |met| {
            let (x, grad) = (met * channels + channel, pixel * outputs + output);
            product(&inputs[0], x, &inputs[1], grad)
        })
    };
    (0..image.pixels()).map(term).sum()
}

fn depthwise(channels: usize, image: Image, inputs: &[Vec<f32>], place: usize) -> f64 {
    let [sample, y, x, channel] = position(image, channels, place);
    let neighbour = |tap| neighbour(image, [sample, y, x], tap, [1, 1], 1);
    over_taps([3, 3], neighbour, |tap, pixel| {
        product(
            &inputs[0],
            pixel * channels + channel,
            &inputs[1],
            channel * 9 + tap,
        )
    })
}

fn attention([tokens, heads, width]: [usize; 3], inputs: &[Vec<f32>], place: usize) -> f64 {
    let [q, k, v] = inputs else {
        unreachable!("attention takes queries, keys and values")
    };
    let (row, feature) = (place / width, place % width);
    let (query, head) = (row / heads, row % heads);
    let sample = query / tokens;
    let keys = (0..tokens).map(|token| ((sample * tokens + token) * heads + head) * width);
    let scored = keys.map(|key| {
        let dot: f64 = (0..width)
            .map(|index| product(q, row * width + index, k, key + index))
            .sum();
        (
            (dot / (width as f64).sqrt()).exp(),
            f64::from(v[key + feature]),
        )
    });
    let (total, sum) = scored.fold((0.0, 0.0), |(total, sum), (weight, value)| {
        (total + weight, sum + weight * value)
    });
    sum / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_is_constant_infinite_or_elsewhere_is_refused() {
        let case = Case::Linear {
            rows: 2,
            inputs: 3,
            outputs: 2,
        };
        let inputs = vec![
            vec![1.0, 0.5, 0.25, -1.0, 0.5, 0.0],
            vec![0.5, 1.0, -1.0, 0.25, 0.0, 1.0],
        ];
        let right = [0.75, 0.5, 0.0, -0.25];
        assert!(check(&case, &inputs, &right, 1e-6).is_ok());
        let said =
            |result: &[f32]| check(&case, &inputs, result, 1e-6).map_err(|error| error.to_string());
        assert!(said(&[0.75; 4]).is_err_and(|said| said.contains("constant")));
        assert!(said(&[0.75, 0.5, 0.0, f32::NAN]).is_err_and(|said| said.contains("finite")));
        assert!(said(&[0.75, 0.5, 0.0, -0.5]).is_err_and(|said| said.contains("-0.25")));
    }
}
