//! Every pixel to magnitude 1.

use candle_core::Tensor;
use foil_kernels::{Instructions, passes};

use crate::{
    composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply1, is_fast, zeros},
};

/// Keeps a pixel of zeros finite.
pub(crate) const EPSILON: f64 = 1e-4;

/// x / (10⁻⁴ + ‖x‖₂ / √channels), over the last dimension of any shape: every pixel to magnitude 1.
///
/// Karras et al. 2018 (progressive growing), Section 4.2, with ε outside the root as in Karras et al. 2024.
pub fn pixel_norm(x: &Tensor) -> Result<Tensor> {
    let channels = Named::new("pixel_norm", "input", x).channels(1)?;
    if is_fast(&[x]) {
        return apply1(pixel_norm_operation(channels), x);
    }
    composed::pixel_norm(x)
}

/// [`pixel_norm`] on slices.
pub(crate) fn pixel_norm_operation(channels: usize) -> impl Operation<1> {
    let epsilon = EPSILON as f32;
    PixelNorm(passes::PixelNorm { channels, epsilon })
}

struct PixelNorm(passes::PixelNorm);

impl Operation<1> for PixelNorm {
    fn name(&self) -> &'static str {
        "pixel_norm"
    }

    fn forward<T: Stored>(&self, [x]: [View<'_, T>; 1]) -> (Vec<T>, Vec<usize>) {
        let mut out = zeros(x.data.len());
        passes::pixel_norm(Instructions::best(), self.0, x.data, &mut out);
        (out, x.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        [x]: [View<'_, T>; 1],
        known: &Known<'_, T, 1>,
    ) -> [Option<Vec<T>>; 1] {
        let mut out = zeros(x.data.len());
        passes::pixel_norm_backward(
            Instructions::best(),
            self.0,
            x.data,
            known.gradient,
            &mut out,
        );
        [Some(out)]
    }
}
