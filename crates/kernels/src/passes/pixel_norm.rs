//! The norm of magnitude-preserving networks: every pixel's channels scaled to unit magnitude, without any mean or weights.
//! Karras et al. 2024, Eq. 30.

use super::pieces::{OneInput, TwoInputs, one_input, two_inputs};
use super::sums::{SquareAbout, dot, sum};
use super::{check_lengths, check_rows};
use crate::element::Element;
use crate::instructions::Instructions;

/// y = x / (ε + ‖x‖₂/√channels) over the channels of each pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelNorm {
    /// Elements in a row.
    pub channels: usize,
    /// ε, added to the magnitude itself, not to its square.
    pub epsilon: f32,
}

impl PixelNorm {
    /// EDM2's ε.
    pub const EPSILON: f32 = 1e-4;

    /// With [`Self::EPSILON`].
    pub fn new(channels: usize) -> Self {
        Self {
            channels,
            epsilon: Self::EPSILON,
        }
    }
}

/// `x` and `out`: `[..., channels]`.
///
/// # Panics
/// If the lengths differ or are not a whole number of rows.
pub fn pixel_norm<T: Element>(instructions: Instructions, norm: PixelNorm, x: &[T], out: &mut [T]) {
    check_rows("pixel_norm", x.len(), norm.channels);
    check_lengths("pixel_norm", "out", out.len(), x.len());
    one_input(instructions, norm, [norm.channels; 2], x, out);
}

/// `out`: the gradient with respect to `x`, from that with respect to y; all `[..., channels]`. A pixel of zeros has
/// no derivative of its magnitude; it counts as 0.
///
/// # Panics
/// If the lengths differ or are not a whole number of rows.
pub fn pixel_norm_backward<T: Element>(
    instructions: Instructions,
    norm: PixelNorm,
    x: &[T],
    gradient: &[T],
    out: &mut [T],
) {
    check_rows("pixel_norm_backward", x.len(), norm.channels);
    check_lengths("pixel_norm_backward", "gradient", gradient.len(), x.len());
    check_lengths("pixel_norm_backward", "out", out.len(), x.len());
    two_inputs(instructions, norm, [norm.channels; 3], [x, gradient], out);
}

impl OneInput for PixelNorm {
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], out: &mut [T]) {
        let rows = x
            .chunks_exact(self.channels)
            .zip(out.chunks_exact_mut(self.channels));
        for (x, out) in rows {
            let magnitude = (sum(SquareAbout(0.0), x) / self.channels as f32).sqrt();
            let factor = 1.0 / (self.epsilon + magnitude);
            for (x, out) in x.iter().zip(out) {
                *out = T::from_f32(x.to_f32() * factor);
            }
        }
    }
}

impl TwoInputs for PixelNorm {
    /// With the magnitude r and n = ε + r: dx = g/n − x (g·x) / (n² r channels).
    #[inline(always)]
    fn run<T: Element>(self, x: &[T], gradient: &[T], out: &mut [T]) {
        let rows = x
            .chunks_exact(self.channels)
            .zip(gradient.chunks_exact(self.channels));
        for ((x, gradient), out) in rows.zip(out.chunks_exact_mut(self.channels)) {
            let magnitude = (sum(SquareAbout(0.0), x) / self.channels as f32).sqrt();
            let factor = 1.0 / (self.epsilon + magnitude);
            let along = dot(x, gradient) / self.channels as f32 * factor * factor / magnitude;
            let along = if magnitude > 0.0 { along } else { 0.0 };
            for ((x, gradient), out) in x.iter().zip(gradient).zip(out) {
                *out = T::from_f32(gradient.to_f32() * factor - x.to_f32() * along);
            }
        }
    }
}
