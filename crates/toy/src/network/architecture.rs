//! What a network looks like and where its parameters lie.

use std::ops::Range;

use foil_diffusion::random::{FoilStream, Stream};
use serde::{Deserialize, Serialize};

/// Inputs of the first layer: x, y, noise level, one.
pub(super) const INPUTS: usize = 4;

/// The shape of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Hidden layers.
    pub layers: usize,
    /// Their width.
    pub width: usize,
}

impl Architecture {
    /// Largest number of layers and largest width that are accepted.
    pub const LIMITS: (usize, usize) = (16, 512);

    /// Whether both numbers are in range.
    pub fn is_valid(&self) -> bool {
        (1..=Self::LIMITS.0).contains(&self.layers) && (1..=Self::LIMITS.1).contains(&self.width)
    }

    /// Inputs of each linear layer, first to last; all have `width` outputs.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = usize> + use<> {
        std::iter::once(INPUTS).chain(std::iter::repeat_n(self.width, self.layers))
    }

    /// Where each layer's weights `[width, inputs]` lie in the flat list of parameters. The gain comes last.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (Range<usize>, usize)> + use<> {
        let width = self.width;
        self.inputs().scan(0, move |start, inputs| {
            let range = *start..*start + width * inputs;
            *start = range.end;
            Some((range, inputs))
        })
    }

    /// The number of parameters, gain included.
    pub fn parameters(&self) -> usize {
        self.inputs()
            .map(|inputs| inputs * self.width)
            .sum::<usize>()
            + 1
    }

    /// Floating-point operations of one score of one point: forward and back to the input.
    pub fn score_operations(&self) -> usize {
        4 * self.parameters()
    }

    /// Standard normal weights and a gain of zero. A seed has as many as one asks for.
    pub(crate) fn initial(&self, seed: u64, attempt: u32) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameters()];
        let weights = parameters.len() - 1;
        FoilStream::after(seed, attempt).fill_normal(&mut parameters[..weights]);
        parameters
    }
}
