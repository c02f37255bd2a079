//! Normalisations: of a pixel, of groups of channels, of a whole image.

mod group_norm;
mod layer_norm;
mod pixel_norm;
mod response_norm;

pub(crate) use group_norm::GroupSizes;
pub use group_norm::{group_norm, group_norm_silu};
pub use layer_norm::layer_norm;
pub(crate) use pixel_norm::EPSILON as PIXEL_NORM_EPSILON;
pub use pixel_norm::pixel_norm;
pub(crate) use pixel_norm::pixel_norm_operation;
pub use response_norm::global_response_norm;
pub(crate) use response_norm::{EPSILON as RESPONSE_EPSILON, fits as response_fits};

use candle_core::Tensor;
use foil_kernels::passes::Gradients;

use crate::{
    error::{Named, Result},
    operation::{Stored, zeros},
};

/// That scale and shift have one value for each channel.
pub(crate) fn affine_fits(
    operation: &'static str,
    x: &Tensor,
    affine: Option<(&Tensor, &Tensor)>,
    channels: usize,
) -> Result<()> {
    if let Some((scale, shift)) = affine {
        let named = Named::new(operation, "input", x);
        named.with(named.beside("scale", scale), &[channels])?;
        named.with(named.beside("shift", shift), &[channels])?;
    }
    Ok(())
}

/// Room for the gradients with respect to an input, a scale and a shift, filled by a backward pass.
fn gradients<T: Stored>(
    length: usize,
    channels: usize,
    backward: impl FnOnce(Gradients<'_, T>),
) -> [Option<Vec<T>>; 3] {
    let mut of_x = zeros(length);
    let (mut of_scale, mut of_shift) = (vec![0.0; channels], vec![0.0; channels]);
    backward(Gradients {
        x: &mut of_x,
        scale: &mut of_scale,
        shift: &mut of_shift,
    });
    [
        Some(of_x),
        Some(T::from_sums(of_scale)),
        Some(T::from_sums(of_shift)),
    ]
}
