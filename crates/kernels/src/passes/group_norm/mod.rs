//! Mean 0 and variance 1 over the pixels and a group of channels of each sample. Wu & He 2018.

mod statistics;

use statistics::Statistics;

use super::activation::{Activation, Choice, Function};
use super::columns::{ColumnSums, Gradients, column_sums, store_parameters, total};
use super::pieces::{Cut, OneInput, TwoInputs, one_input, pieces, pieces_of_both, two_inputs};
use super::{check_lengths, check_rows};
use crate::element::Element;
use crate::instructions::Instructions;

/// y = activation((x − mean) / √(variance + ε) · scale + shift).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupNorm<'a> {
    /// In a sample, height × width.
    pub pixels: usize,
    /// Of each pixel.
    pub channels: usize,
    /// Groups of neighbouring channels, a divisor of their number.
    pub groups: usize,
    /// ε.
    pub epsilon: f32,
    /// `[channels]`
    pub scale: &'a [f32],
    /// `[channels]`
    pub shift: &'a [f32],
    /// Fused with the norm.
    pub activation: Activation,
}

/// `x` and `out`: `[batch, pixels, channels]`.
///
/// # Panics
/// If the lengths do not fit or the groups do not divide the channels.
pub fn group_norm<T: Element>(
    instructions: Instructions,
    norm: GroupNorm<'_>,
    x: &[T],
    out: &mut [T],
) {
    norm.check("group_norm", x.len());
    check_lengths("group_norm", "out", out.len(), x.len());
    norm.activation.choose(Forward {
        instructions,
        norm,
        x,
        out,
    });
}

/// The gradients with respect to `x`, scale and shift, from that with respect to y.
///
/// # Panics
/// If the lengths do not fit or the groups do not divide the channels.
pub fn group_norm_backward<T: Element>(
    instructions: Instructions,
    norm: GroupNorm<'_>,
    x: &[T],
    gradient: &[T],
    gradients: Gradients<'_, T>,
) {
    norm.check("group_norm_backward", x.len());
    check_lengths("group_norm_backward", "gradient", gradient.len(), x.len());
    gradients.check("group_norm_backward", x.len(), norm.channels);
    norm.activation.choose(Backward {
        instructions,
        norm,
        inputs: [x, gradient],
        gradients,
    });
}

impl GroupNorm<'_> {
    #[track_caller]
    fn check(&self, pass: &str, length: usize) {
        let Self {
            channels, groups, ..
        } = *self;
        check_rows(pass, length, self.sample());
        check_lengths(pass, "scale", self.scale.len(), channels);
        check_lengths(pass, "shift", self.shift.len(), channels);
        let divides = groups > 0 && channels.is_multiple_of(groups);
        assert!(divides, "{pass}: {channels} channels in {groups} groups");
    }

    /// A sample without pixels would be no row at all.
    fn sample(&self) -> usize {
        self.pixels.max(1) * self.channels
    }
}

struct Forward<'a, T> {
    instructions: Instructions,
    norm: GroupNorm<'a>,
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Element> Choice for Forward<'_, T> {
    type Output = ();

    fn with<F: Function>(self, function: F) {
        let Self {
            instructions,
            norm,
            x,
            out,
        } = self;
        let (sample, channels) = (norm.sample(), norm.channels);
        pieces(
            sample,
            Cut {
                values: out,
                length: sample,
            },
            |index, out| {
                let x = &x[index * sample..][..sample];
                let statistics = norm.statistics(instructions, x);
                let columns = Columns {
                    norm,
                    statistics: &statistics,
                    function,
                };
                one_input(instructions, columns, [channels; 2], x, out);
            },
        );
    }
}

/// What the loops over columns need to know of the norm.
#[derive(Clone, Copy)]
struct Columns<'a, F> {
    norm: GroupNorm<'a>,
    statistics: &'a Statistics,
    function: F,
}

impl<F: Function> OneInput for Columns<'_, F> {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], out: &mut [T]) {
        let channels = self.norm.channels;
        let (mean, factor) = (
            &self.statistics.mean[..channels],
            &self.statistics.factor[..channels],
        );
        let (scale, shift) = (&self.norm.scale[..channels], &self.norm.shift[..channels]);
        for (x, out) in x.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
            for channel in 0..channels {
                let x_hat = (x[channel].to_f32() - mean[channel]) * factor[channel];
                let z = x_hat * scale[channel] + shift[channel];
                out[channel] = T::from_f32(self.function.apply(z));
            }
        }
    }
}

struct Backward<'a, T> {
    instructions: Instructions,
    norm: GroupNorm<'a>,
    inputs: [&'a [T]; 2],
    gradients: Gradients<'a, T>,
}

impl<T: Element> Choice for Backward<'_, T> {
    type Output = ();

    fn with<F: Function>(self, function: F) {
        let Self {
            instructions,
            norm,
            inputs: [x, gradient],
            mut gradients,
        } = self;
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
            let statistics = norm.statistics(instructions, inputs[0]);
            let columns = Columns {
                norm,
                statistics: &statistics,
                function,
            };
            let sums = column_sums(instructions, columns, channels, inputs);
            parameters.copy_from_slice(&total(&sums, 2 * channels));
            let [along, plain] = norm.group_means(parameters);
            let tilted = InputGradient {
                columns,
                along: &along,
                plain: &plain,
            };
            two_inputs(instructions, tilted, [channels; 3], inputs, out);
        });
        store_parameters(&total(&parts, 2 * channels), &mut gradients);
    }
}

impl GroupNorm<'_> {
    /// For each channel its group's means of h x̂ and of h = gradient of z · scale, from the sums over pixels of the gradient
    /// of z times x̂ and by itself.
    fn group_means(&self, sums: &[f64]) -> [Vec<f32>; 2] {
        let members = self.channels / self.groups;
        let count = (self.pixels * members) as f64;
        let (along, plain) = sums.split_at(self.channels);
        [along, plain].map(|sums| {
            let mut means = vec![0.0; self.channels];
            for start in (0..self.channels).step_by(members) {
                let mut sum = 0.0;
                let members = start..start + members;
                for (&scale, column) in self.scale[members.clone()]
                    .iter()
                    .zip(&sums[members.clone()])
                {
                    sum += f64::from(scale) * column;
                }
                means[members].fill((sum / count) as f32);
            }
            means
        })
    }
}

impl<F: Function> ColumnSums for Columns<'_, F> {
    const COUNT: usize = 2;

    /// Of the gradient with respect to z, times x̂ and by itself: what this sample adds to those of scale and shift.
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], gradient: &[T], sums: &mut [f32]) {
        let channels = self.norm.channels;
        let (along, plain) = sums.split_at_mut(channels);
        for (x, gradient) in x
            .chunks_exact(channels)
            .zip(gradient.chunks_exact(channels))
        {
            self.add_row([x, gradient], along, plain);
        }
    }
}

impl<F: Function> Columns<'_, F> {
    #[inline(always)]
    fn add_row<T: Element>(self, [x, gradient]: [&[T]; 2], along: &mut [f32], plain: &mut [f32]) {
        let channels = x.len();
        let (mean, factor) = (
            &self.statistics.mean[..channels],
            &self.statistics.factor[..channels],
        );
        let (scale, shift) = (&self.norm.scale[..channels], &self.norm.shift[..channels]);
        let (along, plain) = (&mut along[..channels], &mut plain[..channels]);
        let gradient = &gradient[..channels];
        for channel in 0..channels {
            let x_hat = (x[channel].to_f32() - mean[channel]) * factor[channel];
            let slope = self.function.slope(x_hat * scale[channel] + shift[channel]);
            let gradient = gradient[channel].to_f32() * slope;
            along[channel] += gradient * x_hat;
            plain[channel] += gradient;
        }
    }
}

/// dx = (h − mean h − x̂ · mean(h x̂)) · factor.
#[derive(Clone, Copy)]
struct InputGradient<'a, F> {
    columns: Columns<'a, F>,
    along: &'a [f32],
    plain: &'a [f32],
}

impl<F: Function> TwoInputs for InputGradient<'_, F> {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], gradient: &[T], out: &mut [T]) {
        let Columns {
            norm,
            statistics,
            function,
        } = self.columns;
        let channels = norm.channels;
        let (mean, factor) = (&statistics.mean[..channels], &statistics.factor[..channels]);
        let (scale, shift) = (&norm.scale[..channels], &norm.shift[..channels]);
        let (along, plain) = (&self.along[..channels], &self.plain[..channels]);
        let inputs = x
            .chunks_exact(channels)
            .zip(gradient.chunks_exact(channels));
        for ((x, gradient), out) in inputs.zip(out.chunks_exact_mut(channels)) {
            for channel in 0..channels {
                let x_hat = (x[channel].to_f32() - mean[channel]) * factor[channel];
                let slope = function.slope(x_hat * scale[channel] + shift[channel]);
                let h = gradient[channel].to_f32() * slope * scale[channel];
                let value = (h - plain[channel] - x_hat * along[channel]) * factor[channel];
                out[channel] = T::from_f32(value);
            }
        }
    }
}
