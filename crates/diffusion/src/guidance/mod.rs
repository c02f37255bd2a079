//! Guidance: denoisers made of denoisers.
//!
//! | method | strong | weak |
//! |---|---|---|
//! | classifier-free guidance | conditional model | unconditional model |
//! | autoguidance | model | smaller, less trained version of it, same condition |
//! | both, interpolated | conditional model | [`Blend`] of the two above |
//! | score lengthening ("naive truncation") | model | [`Flat`] |
//!
//! All are [`Guided`], weak + w·(strong − weak), with w = 1 meaning no guidance.

mod blend;
mod flat;
mod guided;
mod weight;

pub use blend::Blend;
pub use flat::Flat;
pub use guided::Guided;
pub use weight::{Gate, Interval, Weight};
