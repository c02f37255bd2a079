//! Global response normalisation: channels compete by their magnitudes over the whole sample.
//! Woo et al. 2023 (ConvNeXt V2), as Würstchen has it.

use super::columns::{ColumnSums, Gradients, column_sums, store_parameters, total};
use super::pieces::{Cut, OneInput, TwoInputs, one_input, pieces, pieces_of_both, two_inputs};
use super::{check_lengths, check_rows};
use crate::element::Element;
use crate::instructions::Instructions;

/// Keeps the mean magnitude from being 0.
const EPSILON: f64 = 1e-6;

/// G = ‖x‖₂ over the pixels of a sample, N = G / (mean of G over channels + 1e-6), y = scale · (x N) + shift + x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResponseNorm<'a> {
    /// In a sample, height × width.
    pub pixels: usize,
    /// Of each pixel.
    pub channels: usize,
    /// γ: `[channels]`
    pub scale: &'a [f32],
    /// β: `[channels]`
    pub shift: &'a [f32],
}

impl ResponseNorm<'_> {
    #[track_caller]
    fn check(&self, pass: &str, length: usize) {
        check_rows(pass, length, self.sample());
        check_lengths(pass, "scale", self.scale.len(), self.channels);
        check_lengths(pass, "shift", self.shift.len(), self.channels);
    }

    /// A sample without pixels would be no row at all.
    fn sample(&self) -> usize {
        self.pixels.max(1) * self.channels
    }

    /// G and 1 / (mean G + 1e-6), from the sums of squares.
    fn responses(&self, squares: &[f64]) -> (Vec<f64>, f64) {
        let magnitudes: Vec<f64> = squares.iter().map(|square| square.sqrt()).collect();
        let mean = magnitudes.iter().sum::<f64>() / self.channels as f64;
        (magnitudes, 1.0 / (mean + EPSILON))
    }

    /// What x is multiplied by: scale · N + 1.
    fn factors(&self, magnitudes: &[f64], inverse: f64) -> Vec<f32> {
        let both = self.scale.iter().zip(magnitudes);
        both.map(|(&scale, magnitude)| (f64::from(scale) * magnitude * inverse + 1.0) as f32)
            .collect()
    }
}

/// `x` and `out`: `[batch, pixels, channels]`.
///
/// # Panics
/// If the lengths do not fit.
pub fn response_norm<T: Element>(
    instructions: Instructions,
    norm: ResponseNorm<'_>,
    x: &[T],
    out: &mut [T],
) {
    norm.check("response_norm", x.len());
    check_lengths("response_norm", "out", out.len(), x.len());
    let (sample, channels) = (norm.sample(), norm.channels);
    pieces(
        sample,
        Cut {
            values: out,
            length: sample,
        },
        |index, out| {
            let x = &x[index * sample..][..sample];
            let squares = column_sums(instructions, Squares { channels }, channels, [x, x]);
            let (magnitudes, inverse) = norm.responses(&total(&squares, channels));
            let factor = norm.factors(&magnitudes, inverse);
            let affine = AffineColumns {
                channels,
                factor: &factor,
                shift: norm.shift,
            };
            one_input(instructions, affine, [channels; 2], x, out);
        },
    );
}

/// The gradients with respect to `x`, scale and shift, from that with respect to y.
///
/// # Panics
/// If the lengths do not fit.
pub fn response_norm_backward<T: Element>(
    instructions: Instructions,
    norm: ResponseNorm<'_>,
    x: &[T],
    gradient: &[T],
    mut gradients: Gradients<'_, T>,
) {
    norm.check("response_norm_backward", x.len());
    check_lengths(
        "response_norm_backward",
        "gradient",
        gradient.len(),
        x.len(),
    );
    gradients.check("response_norm_backward", x.len(), norm.channels);
    let (sample, channels) = (norm.sample(), norm.channels);
    let mut parts = vec![0.0_f64; x.len() / sample * 2 * channels];
    let out = Cut {
        values: &mut *gradients.x,
        length: sample,
    };
    let cut = Cut {
        values: &mut parts,
        length: 2 * channels,
    };
    pieces_of_both(2 * sample, out, cut, |index, out, parameters| {
        let range = index * sample..(index + 1) * sample;
        let inputs = [&x[range.clone()], &gradient[range]];
        let sums = column_sums(instructions, Products { channels }, channels, inputs);
        let (factor, along) = norm.coefficients(&total(&sums, 3 * channels), parameters);
        let combine = Combination {
            channels,
            factor: &factor,
            along: &along,
        };
        two_inputs(instructions, combine, [channels; 3], inputs, out);
    });
    store_parameters(&total(&parts, 2 * channels), &mut gradients);
}

impl ResponseNorm<'_> {
    /// dx = g · factor + x · along, from the sums of x², gx and g; and this sample's share of the parameters' gradients.
    ///
    /// With P = Σ g x and D = mean G + 1e-6, N = G/D: d scale = N P, dN = scale · P and dG = dN/D − Σ dN G / (D² channels).
    fn coefficients(&self, sums: &[f64], parameters: &mut [f64]) -> (Vec<f32>, Vec<f32>) {
        let channels = self.channels;
        let (squares, sums) = sums.split_at(channels);
        let (products, plain) = sums.split_at(channels);
        let (magnitudes, inverse) = self.responses(squares);
        let mut shared = 0.0;
        for channel in 0..channels {
            shared += f64::from(self.scale[channel]) * products[channel] * magnitudes[channel];
        }
        let shared = shared * inverse * inverse / channels as f64;
        let mut along = vec![0.0; channels];
        for channel in 0..channels {
            let magnitude = magnitudes[channel];
            parameters[channel] = magnitude * inverse * products[channel];
            parameters[channels + channel] = plain[channel];
            let slope = f64::from(self.scale[channel]) * products[channel] * inverse - shared;
            // A channel of zeros has no derivative of its magnitude; it counts as 0.
            along[channel] = if magnitude > 0.0 {
                (slope / magnitude) as f32
            } else {
                0.0
            };
        }
        (self.factors(&magnitudes, inverse), along)
    }
}

/// Σ x².
#[derive(Clone, Copy)]
struct Squares {
    channels: usize,
}

impl ColumnSums for Squares {
    const COUNT: usize = 1;

    #[inline(always)]
    fn run<T: Element>(self, x: &[T], _: &[T], sums: &mut [f32]) {
        for x in x.chunks_exact(self.channels) {
            for (x, sum) in x.iter().zip(sums.iter_mut()) {
                *sum += x.to_f32() * x.to_f32();
            }
        }
    }
}

/// Σ x², Σ g x and Σ g.
#[derive(Clone, Copy)]
struct Products {
    channels: usize,
}

impl ColumnSums for Products {
    const COUNT: usize = 3;

    #[inline(always)]
    fn run<T: Element>(self, x: &[T], gradient: &[T], sums: &mut [f32]) {
        let (squares, sums) = sums.split_at_mut(self.channels);
        let (products, plain) = sums.split_at_mut(self.channels);
        for (x, gradient) in x
            .chunks_exact(self.channels)
            .zip(gradient.chunks_exact(self.channels))
        {
            add_products([x, gradient], squares, products, plain);
        }
    }
}

#[inline(always)]
fn add_products<T: Element>(
    [x, gradient]: [&[T]; 2],
    squares: &mut [f32],
    products: &mut [f32],
    plain: &mut [f32],
) {
    let sums = squares.iter_mut().zip(products).zip(plain);
    for ((x, gradient), ((square, product), plain)) in x.iter().zip(gradient).zip(sums) {
        let (x, gradient) = (x.to_f32(), gradient.to_f32());
        *square += x * x;
        *product += gradient * x;
        *plain += gradient;
    }
}

/// x · factor + shift.
#[derive(Clone, Copy)]
struct AffineColumns<'a> {
    channels: usize,
    factor: &'a [f32],
    shift: &'a [f32],
}

impl OneInput for AffineColumns<'_> {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], out: &mut [T]) {
        for (x, out) in x
            .chunks_exact(self.channels)
            .zip(out.chunks_exact_mut(self.channels))
        {
            let columns = self.factor.iter().zip(self.shift);
            for ((x, out), (factor, shift)) in x.iter().zip(out).zip(columns) {
                *out = T::from_f32(x.to_f32() * factor + shift);
            }
        }
    }
}

/// g · factor + x · along.
#[derive(Clone, Copy)]
struct Combination<'a> {
    channels: usize,
    factor: &'a [f32],
    along: &'a [f32],
}

impl TwoInputs for Combination<'_> {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], gradient: &[T], out: &mut [T]) {
        let inputs = x
            .chunks_exact(self.channels)
            .zip(gradient.chunks_exact(self.channels));
        for ((x, gradient), out) in inputs.zip(out.chunks_exact_mut(self.channels)) {
            let columns = self.factor.iter().zip(self.along);
            for ((x, gradient), (out, (factor, along))) in
                x.iter().zip(gradient).zip(out.iter_mut().zip(columns))
            {
                *out = T::from_f32(gradient.to_f32() * factor + x.to_f32() * along);
            }
        }
    }
}
