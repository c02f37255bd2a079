//! Functions of each element.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    passes::{Activation, activation, activation_backward},
};

use crate::{
    composed,
    error::Result,
    operation::{Known, Operation, Stored, View, apply1, is_fast, zeros},
};

/// Brings silu of a standard normal number back to magnitude 1.
pub(crate) const MP_SILU_GAIN: f64 = 1.0 / 0.596;

/// x / (1 + e⁻ˣ), of any shape.
///
/// Also known as swish. Elfwing et al. 2018.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    if is_fast(&[x]) {
        return apply1(Elementwise("silu", Activation::Silu), x);
    }
    composed::silu(x)
}

/// silu(x) / 0.596, of any shape: keeps the magnitude of a standard normal input.
///
/// Karras et al. 2024, Eq. 81.
pub fn mp_silu(x: &Tensor) -> Result<Tensor> {
    if is_fast(&[x]) {
        return apply1(Elementwise("mp_silu", Activation::MpSilu), x);
    }
    composed::mp_silu(x)
}

/// x Φ(x) with the exact normal distribution, not the approximation by tanh; of any shape.
///
/// Hendrycks and Gimpel 2016.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if is_fast(&[x]) {
        return apply1(Elementwise("gelu", Activation::Gelu), x);
    }
    composed::gelu(x)
}

/// [`mp_silu`] on slices.
pub(crate) fn mp_silu_operation() -> impl Operation<1> {
    Elementwise("mp_silu", Activation::MpSilu)
}

struct Elementwise(&'static str, Activation);

impl Operation<1> for Elementwise {
    fn name(&self) -> &'static str {
        self.0
    }

    fn forward<T: Stored>(&self, [x]: [View<'_, T>; 1]) -> (Vec<T>, Vec<usize>) {
        let mut out = zeros(x.data.len());
        activation(Instructions::best(), self.1, x.data, &mut out);
        (out, x.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        [x]: [View<'_, T>; 1],
        known: &Known<'_, T, 1>,
    ) -> [Option<Vec<T>>; 1] {
        let mut out = zeros(x.data.len());
        activation_backward(
            Instructions::best(),
            self.1,
            x.data,
            known.gradient,
            &mut out,
        );
        [Some(out)]
    }
}
