//! Mean 0 and variance 1 over the channels of each pixel. Ba et al. 2016.

use super::columns::{Gradients, rows_in_sum, store_parameters, total};
use super::pieces::{Cut, OneInput, one_input, pieces_of_both};
use super::sums::{About, Itself, LANES, SquareAbout, Sums, Terms, sum};
use super::{check_lengths, check_rows};
use crate::element::Element;
use crate::instructions::{Instructions, Pass};

/// y = (x − mean) / √(variance + ε), then · scale + shift if there are such.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNorm<'a> {
    /// Elements in a row.
    pub channels: usize,
    /// ε.
    pub epsilon: f32,
    /// What follows for each channel.
    pub affine: Option<Affine<'a>>,
}

/// A factor and a summand for each channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine<'a> {
    /// `[channels]`
    pub scale: &'a [f32],
    /// `[channels]`
    pub shift: &'a [f32],
}

/// `x` and `out`: `[..., channels]`.
///
/// # Panics
/// If the lengths do not fit.
pub fn layer_norm<T: Element>(
    instructions: Instructions,
    norm: LayerNorm<'_>,
    x: &[T],
    out: &mut [T],
) {
    norm.check("layer_norm", x.len());
    check_lengths("layer_norm", "out", out.len(), x.len());
    let (ones, zeros) = norm.neutral();
    let rows = norm.rows(&ones, &zeros);
    one_input(instructions, rows, [norm.channels; 2], x, out);
}

/// The gradients with respect to `x`, scale and shift (of length 0 if the norm has none), from that with respect to y.
///
/// # Panics
/// If the lengths do not fit.
pub fn layer_norm_backward<T: Element>(
    instructions: Instructions,
    norm: LayerNorm<'_>,
    x: &[T],
    gradient: &[T],
    mut gradients: Gradients<'_, T>,
) {
    norm.check("layer_norm_backward", x.len());
    check_lengths("layer_norm_backward", "gradient", gradient.len(), x.len());
    let parameters = if norm.affine.is_some() {
        norm.channels
    } else {
        0
    };
    gradients.check("layer_norm_backward", x.len(), parameters);
    let (ones, zeros) = norm.neutral();
    let rows = norm.rows(&ones, &zeros);
    let piece = rows_in_sum(norm.channels) * norm.channels;
    let length = 2 * norm.channels;
    let mut parts = vec![0.0_f32; x.len().div_ceil(piece) * length];
    let out = Cut {
        values: &mut *gradients.x,
        length: piece,
    };
    pieces_of_both(
        2 * piece,
        out,
        Cut {
            values: &mut parts,
            length,
        },
        |index, out, sums| {
            let range = index * piece..index * piece + out.len();
            let inputs = [&x[range.clone()], &gradient[range]];
            instructions.run(Backward {
                rows,
                inputs,
                out,
                sums,
            });
        },
    );
    store_parameters(&total(&parts, length), &mut gradients);
}

impl LayerNorm<'_> {
    #[track_caller]
    fn check(&self, pass: &str, length: usize) {
        check_rows(pass, length, self.channels);
        if let Some(affine) = self.affine {
            check_lengths(pass, "scale", affine.scale.len(), self.channels);
            check_lengths(pass, "shift", affine.shift.len(), self.channels);
        }
    }

    /// What stands for scale and shift where there are none: one loop for both cases.
    fn neutral(&self) -> (Vec<f32>, Vec<f32>) {
        let length = if self.affine.is_some() {
            0
        } else {
            self.channels
        };
        (vec![1.0; length], vec![0.0; length])
    }

    fn rows<'b>(&'b self, ones: &'b [f32], zeros: &'b [f32]) -> Rows<'b> {
        let Affine { scale, shift } = self.affine.unwrap_or(Affine {
            scale: ones,
            shift: zeros,
        });
        Rows {
            channels: self.channels,
            epsilon: self.epsilon,
            scale,
            shift,
        }
    }
}

#[derive(Clone, Copy)]
struct Rows<'a> {
    channels: usize,
    epsilon: f32,
    scale: &'a [f32],
    shift: &'a [f32],
}

/// What a row is normalised with.
#[derive(Clone, Copy)]
struct Moments {
    mean: f32,
    /// What the mean lost in rounding; a row of nearly equal numbers is made of it.
    rest: f32,
    /// The inverse deviation.
    factor: f32,
}

impl Moments {
    #[inline(always)]
    fn normalised(self, x: f32) -> f32 {
        ((x - self.mean) - self.rest) * self.factor
    }
}

impl Rows<'_> {
    /// The second and third look at the row find it in the first-level cache.
    #[inline(always)]
    fn moments<T: Element>(self, x: &[T]) -> Moments {
        let count = self.channels as f32;
        let mean = sum(Itself, x) / count;
        let rest = sum(About(mean), x) / count;
        let variance = sum(SquareAbout(mean), x) / count - rest * rest;
        let factor = 1.0 / (variance + self.epsilon).sqrt();
        Moments { mean, rest, factor }
    }
}

impl OneInput for Rows<'_> {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], out: &mut [T]) {
        let rows = x
            .chunks_exact(self.channels)
            .zip(out.chunks_exact_mut(self.channels));
        for (x, out) in rows {
            let moments = self.moments(x);
            let affine = self.scale.iter().zip(self.shift);
            for ((x, out), (scale, shift)) in x.iter().zip(out).zip(affine) {
                *out = T::from_f32(moments.normalised(x.to_f32()) * scale + shift);
            }
        }
    }
}

struct Backward<'a, T> {
    rows: Rows<'a>,
    inputs: [&'a [T]; 2],
    out: &'a mut [T],
    sums: &'a mut [f32],
}

impl<T: Element> Pass for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.rows.channels;
        let [x, gradient] = self.inputs;
        let (scale_sums, shift_sums) = self.sums.split_at_mut(channels);
        let inputs = x
            .chunks_exact(channels)
            .zip(gradient.chunks_exact(channels));
        for ((x, gradient), out) in inputs.zip(self.out.chunks_exact_mut(channels)) {
            let moments = self.rows.moments(x);
            let row = Row {
                moments,
                x,
                gradient,
                scale: self.rows.scale,
            };
            row.input_gradient(out);
            row.add_parameter_gradients(scale_sums, shift_sums);
        }
    }
}

/// One row on its way back, x̂ being the row normalised.
struct Row<'a, T> {
    moments: Moments,
    x: &'a [T],
    gradient: &'a [T],
    scale: &'a [f32],
}

impl<T: Element> Row<'_, T> {
    /// With h = g · scale: dx = (h − mean h − x̂ · mean(h x̂)) · factor.
    #[inline(always)]
    fn input_gradient(&self, out: &mut [T]) {
        let Self {
            moments,
            x,
            gradient,
            scale,
        } = *self;
        let [plain, along] = self.means();
        for ((x, gradient), (scale, out)) in x.iter().zip(gradient).zip(scale.iter().zip(out)) {
            let x_hat = moments.normalised(x.to_f32());
            *out =
                T::from_f32((gradient.to_f32() * scale - plain - x_hat * along) * moments.factor);
        }
    }

    /// Of h and of h x̂, in two loops: the compiler makes vector code of each, but not of both in one.
    #[inline(always)]
    fn means(&self) -> [f32; 2] {
        let (mut plain, mut along) = (Sums::new(), Sums::new());
        let (x, x_tail) = self.x.as_chunks::<LANES>();
        let (gradient, gradient_tail) = self.gradient.as_chunks::<LANES>();
        let (scale, scale_tail) = self.scale.as_chunks::<LANES>();
        for (gradient, scale) in gradient.iter().zip(scale) {
            plain.add(&plain_terms(gradient, scale));
        }
        for ((x, gradient), scale) in x.iter().zip(gradient).zip(scale) {
            along.add(&self.along_terms([x, gradient], scale));
        }
        if !x_tail.is_empty() {
            plain.add(&plain_terms(gradient_tail, scale_tail));
            along.add(&self.along_terms([x_tail, gradient_tail], scale_tail));
        }
        let count = self.x.len() as f32;
        [plain.total() / count, along.total() / count]
    }

    #[inline(always)]
    fn along_terms(&self, [x, gradient]: [&[T]; 2], scale: &[f32]) -> Terms {
        let mut terms = [0.0; LANES];
        for ((x, gradient), (scale, term)) in x
            .iter()
            .zip(gradient)
            .zip(scale.iter().zip(terms.iter_mut()))
        {
            *term = gradient.to_f32() * scale * self.moments.normalised(x.to_f32());
        }
        terms
    }

    #[inline(always)]
    fn add_parameter_gradients(&self, scale_sums: &mut [f32], shift_sums: &mut [f32]) {
        let inputs = self.x.iter().zip(self.gradient);
        for ((x, gradient), (scale, shift)) in inputs.zip(scale_sums.iter_mut().zip(shift_sums)) {
            *scale += gradient.to_f32() * self.moments.normalised(x.to_f32());
            *shift += gradient.to_f32();
        }
    }
}

#[inline(always)]
fn plain_terms<T: Element>(gradient: &[T], scale: &[f32]) -> Terms {
    let mut terms = [0.0; LANES];
    for ((gradient, scale), term) in gradient.iter().zip(scale).zip(terms.iter_mut()) {
        *term = gradient.to_f32() * scale;
    }
    terms
}
