//! Mean 0 and variance 1 of groups of channels.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    passes::{self, Activation, GroupNorm},
};

use super::affine_fits;
use crate::{
    composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply3, is_fast, zeros},
};

/// The sizes of a group normalisation, read off its tensors and checked once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupSizes {
    pub(crate) batch: usize,
    pub(crate) positions: usize,
    pub(crate) groups: usize,
    pub(crate) channels: usize,
}

impl GroupSizes {
    pub(crate) fn new(
        operation: &'static str,
        x: &Tensor,
        groups: usize,
        affine: (&Tensor, &Tensor),
    ) -> Result<Self> {
        let named = Named::new(operation, "input", x);
        let channels = named.channels(2)?;
        if groups == 0 || channels == 0 || !channels.is_multiple_of(groups) {
            return Err(named.problem(format!("channels do not divide into {groups} groups")));
        }
        affine_fits(operation, x, Some(affine), channels)?;
        let middle = &x.dims()[1..x.rank() - 1];
        Ok(Self {
            batch: x.dims()[0],
            positions: middle.iter().product(),
            groups,
            channels,
        })
    }
}

/// (x − μ) / √(σ² + ε) · scale + shift of `[batch, …, channels]`, where μ and σ² are over all positions and those channels that
/// share one of `groups` groups; scale and shift `[channels]`.
///
/// Wu and He 2018.
pub fn group_norm(
    x: &Tensor,
    groups: usize,
    epsilon: f64,
    scale: &Tensor,
    shift: &Tensor,
) -> Result<Tensor> {
    let sizes = GroupSizes::new("group_norm", x, groups, (scale, shift))?;
    if is_fast(&[x]) {
        return apply3(
            Norm::new("group_norm", sizes, epsilon, Activation::None),
            [x, scale, shift],
        );
    }
    composed::group_norm(x, groups, epsilon, scale, shift)
}

/// [`silu`](crate::silu) of [`group_norm`], which is how residual blocks use it.
pub fn group_norm_silu(
    x: &Tensor,
    groups: usize,
    epsilon: f64,
    scale: &Tensor,
    shift: &Tensor,
) -> Result<Tensor> {
    let sizes = GroupSizes::new("group_norm_silu", x, groups, (scale, shift))?;
    if is_fast(&[x]) {
        return apply3(
            Norm::new("group_norm_silu", sizes, epsilon, Activation::Silu),
            [x, scale, shift],
        );
    }
    composed::group_norm_silu(x, groups, epsilon, scale, shift)
}

struct Norm {
    operation: &'static str,
    sizes: GroupSizes,
    epsilon: f32,
    activation: Activation,
}

impl Norm {
    fn new(
        operation: &'static str,
        sizes: GroupSizes,
        epsilon: f64,
        activation: Activation,
    ) -> Self {
        Self {
            operation,
            sizes,
            epsilon: epsilon as f32,
            activation,
        }
    }

    fn with<'a>(&self, scale: &'a [f32], shift: &'a [f32]) -> GroupNorm<'a> {
        GroupNorm {
            pixels: self.sizes.positions,
            channels: self.sizes.channels,
            groups: self.sizes.groups,
            epsilon: self.epsilon,
            scale,
            shift,
            activation: self.activation,
        }
    }
}

impl Operation<3> for Norm {
    fn name(&self) -> &'static str {
        self.operation
    }

    fn forward<T: Stored>(&self, [x, scale, shift]: [View<'_, T>; 3]) -> (Vec<T>, Vec<usize>) {
        let (scale, shift) = (T::widened(scale.data), T::widened(shift.data));
        let mut out = zeros(x.data.len());
        passes::group_norm(
            Instructions::best(),
            self.with(&scale, &shift),
            x.data,
            &mut out,
        );
        (out, x.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        [x, scale, shift]: [View<'_, T>; 3],
        known: &Known<'_, T, 3>,
    ) -> [Option<Vec<T>>; 3] {
        let (scale, shift) = (T::widened(scale.data), T::widened(shift.data));
        super::gradients(x.data.len(), self.sizes.channels, |gradients| {
            let norm = self.with(&scale, &shift);
            passes::group_norm_backward(
                Instructions::best(),
                norm,
                x.data,
                known.gradient,
                gradients,
            );
        })
    }
}
