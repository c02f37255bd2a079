//! The energy network: an unnormalised log density whose exact gradient is the score.
//!
//! log p(x; σ) = gain·mean(y²)/σ − ½|c·x|² with c = 1/√(0.5² + σ²), where y is the output of a magnitude-preserving
//! perceptron that sees c·x, ln(σ)/4 and 1: linear(4, width), then `layers` times silu/0.596 and linear(width, width).
//! Linear weights are used as rows of unit mean square divided by √(inputs).
//!
//! The loss is on the score, so its gradient needs second derivatives. The module `block` has them written out.

mod architecture;
mod block;
mod dispatch;
mod model;
mod passes;
mod prepared;

pub use architecture::Architecture;
pub(crate) use block::{Block, Targets};
pub use model::DensityModel;
pub(crate) use prepared::{Gradient, Prepared, normalise_rows};

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]
mod truth;
