//! The vector arithmetic below the laboratory: an exponential and a small matrix product, written once over pulp's
//! `Simd` and compiled for each instruction set that is chosen at run time.
//!
//! Numbers lie in rows whose length is a multiple of [`PAD`], so that no instruction set needs a tail.

mod exponential;
mod matrix;

pub(crate) use exponential::exp;
pub(crate) use matrix::{Product, accumulate_transposed, multiply};

/// Row lengths are multiples of this: the widest vector.
pub(crate) const PAD: usize = 16;

/// The next multiple of [`PAD`].
pub(crate) fn padded(length: usize) -> usize {
    length.next_multiple_of(PAD)
}
