//! Mean 0 and variance 1 of every pixel.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    passes::{self, Affine, Gradients, LayerNorm},
};

use super::affine_fits;
use crate::{
    composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply1, apply3, is_fast, zeros},
};

/// (x − μ) / √(σ² + ε) over the last dimension of any shape, then · scale + shift, of `[channels]` each.
///
/// Ba et al. 2016.
pub fn layer_norm(x: &Tensor, epsilon: f64, affine: Option<(&Tensor, &Tensor)>) -> Result<Tensor> {
    let channels = Named::new("layer_norm", "input", x).channels(1)?;
    affine_fits("layer_norm", x, affine, channels)?;
    let rows = Rows {
        channels,
        epsilon: epsilon as f32,
    };
    match affine {
        _ if !is_fast(&[x]) => composed::layer_norm(x, epsilon, affine),
        Some((scale, shift)) => apply3(rows, [x, scale, shift]),
        None => apply1(rows, x),
    }
}

struct Rows {
    channels: usize,
    epsilon: f32,
}

impl Rows {
    fn with<'a>(&self, affine: Option<Affine<'a>>) -> LayerNorm<'a> {
        LayerNorm {
            channels: self.channels,
            epsilon: self.epsilon,
            affine,
        }
    }
}

impl Operation<1> for Rows {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn forward<T: Stored>(&self, [x]: [View<'_, T>; 1]) -> (Vec<T>, Vec<usize>) {
        let mut out = zeros(x.data.len());
        passes::layer_norm(Instructions::best(), self.with(None), x.data, &mut out);
        (out, x.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        [x]: [View<'_, T>; 1],
        known: &Known<'_, T, 1>,
    ) -> [Option<Vec<T>>; 1] {
        let mut of_x = zeros(x.data.len());
        let gradients = Gradients {
            x: &mut of_x,
            scale: &mut [],
            shift: &mut [],
        };
        passes::layer_norm_backward(
            Instructions::best(),
            self.with(None),
            x.data,
            known.gradient,
            gradients,
        );
        [Some(of_x)]
    }
}

impl Operation<3> for Rows {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn forward<T: Stored>(&self, [x, scale, shift]: [View<'_, T>; 3]) -> (Vec<T>, Vec<usize>) {
        let (scale, shift) = (T::widened(scale.data), T::widened(shift.data));
        let norm = self.with(Some(Affine {
            scale: &scale,
            shift: &shift,
        }));
        let mut out = zeros(x.data.len());
        passes::layer_norm(Instructions::best(), norm, x.data, &mut out);
        (out, x.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        [x, scale, shift]: [View<'_, T>; 3],
        known: &Known<'_, T, 3>,
    ) -> [Option<Vec<T>>; 3] {
        let (scale, shift) = (T::widened(scale.data), T::widened(shift.data));
        let norm = self.with(Some(Affine {
            scale: &scale,
            shift: &shift,
        }));
        super::gradients(x.data.len(), self.channels, |gradients| {
            passes::layer_norm_backward(
                Instructions::best(),
                norm,
                x.data,
                known.gradient,
                gradients,
            );
        })
    }
}
