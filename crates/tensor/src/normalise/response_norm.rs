//! Channels in competition.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    passes::{self, ResponseNorm},
};

use crate::{
    composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply3, is_fast, zeros},
};

/// Keeps an image of zeros finite.
pub(crate) const EPSILON: f64 = 1e-6;

/// Positions and channels of the image that gamma and beta fit.
pub(crate) fn fits(x: &Tensor, gamma: &Tensor, beta: &Tensor) -> Result<[usize; 2]> {
    let named = Named::new("global_response_norm", "input", x);
    let [_, height, width, channels] = named.dimensions("[batch, height, width, channels]")?;
    named.with(named.beside("gamma", gamma), &[channels])?;
    named.with(named.beside("beta", beta), &[channels])?;
    Ok([height * width, channels])
}

/// γ · (x · N) + β + x of `[batch, height, width, channels]`, with G = ‖x‖₂ over each channel's image and
/// N = G / (mean of G over channels + 10⁻⁶); γ and β `[channels]`.
///
/// Woo et al. 2023 (ConvNeXt V2), Algorithm 1.
pub fn global_response_norm(x: &Tensor, gamma: &Tensor, beta: &Tensor) -> Result<Tensor> {
    let [pixels, channels] = fits(x, gamma, beta)?;
    if is_fast(&[x]) {
        return apply3(Norm { pixels, channels }, [x, gamma, beta]);
    }
    composed::global_response_norm(x, gamma, beta)
}

struct Norm {
    pixels: usize,
    channels: usize,
}

impl Norm {
    fn with<'a>(&self, scale: &'a [f32], shift: &'a [f32]) -> ResponseNorm<'a> {
        ResponseNorm {
            pixels: self.pixels,
            channels: self.channels,
            scale,
            shift,
        }
    }
}

impl Operation<3> for Norm {
    fn name(&self) -> &'static str {
        "global_response_norm"
    }

    fn forward<T: Stored>(&self, [x, gamma, beta]: [View<'_, T>; 3]) -> (Vec<T>, Vec<usize>) {
        let (gamma, beta) = (T::widened(gamma.data), T::widened(beta.data));
        let mut out = zeros(x.data.len());
        passes::response_norm(
            Instructions::best(),
            self.with(&gamma, &beta),
            x.data,
            &mut out,
        );
        (out, x.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        [x, gamma, beta]: [View<'_, T>; 3],
        known: &Known<'_, T, 3>,
    ) -> [Option<Vec<T>>; 3] {
        let (gamma, beta) = (T::widened(gamma.data), T::widened(beta.data));
        super::gradients(x.data.len(), self.channels, |gradients| {
            let norm = self.with(&gamma, &beta);
            passes::response_norm_backward(
                Instructions::best(),
                norm,
                x.data,
                known.gradient,
                gradients,
            );
        })
    }
}
