//! The weight norm of magnitude-preserving networks, of one row as it is packed. Karras et al. 2024, Eq. 47.

use super::check_lengths;
use super::sums::{SquareAbout, sum};
use crate::element::Element;
use crate::instructions::{Instructions, Pass};

/// out = x · scale / (ε + ‖x‖₂/√length); returns what x was multiplied by, which is no number if the row has none.
///
/// # Panics
/// If the lengths differ.
pub fn unit_row<T: Element>(
    instructions: Instructions,
    [epsilon, scale]: [f32; 2],
    x: &[f32],
    out: &mut [T],
) -> f32 {
    check_lengths("unit_row", "out", out.len(), x.len());
    instructions.run(UnitRow {
        epsilon,
        scale,
        x,
        out,
    })
}

struct UnitRow<'a, T> {
    epsilon: f32,
    scale: f32,
    x: &'a [f32],
    out: &'a mut [T],
}

impl<T: Element> Pass for UnitRow<'_, T> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let square = sum(SquareAbout(0.0), self.x) / self.x.len().max(1) as f32;
        let factor = self.scale / (self.epsilon + square.sqrt());
        for (out, x) in self.out.iter_mut().zip(self.x) {
            *out = T::from_f32(x * factor);
        }
        factor
    }
}
