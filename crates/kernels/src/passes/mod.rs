//! Everything between the products: norms, activations, mixing, resampling, softmax and the optimiser's step, each with its
//! backward. All of them are limited by memory, so each is one loop that reads its inputs as seldom as it can.
//!
//! Tensors are slices with channels innermost, `[..., channels]`; images are `[batch, height, width, channels]`. The loops are
//! plain Rust, compiled for each instruction set; sums are taken in an order that depends neither on the instruction set nor
//! on the number of threads, so neither changes a bit of the result. A backward writes over its outputs, it does not add.

pub(crate) mod activation;
mod columns;
mod group_norm;
mod layer_norm;
mod mix;
mod modulate;
mod optimise;
mod pieces;
mod pixel_norm;
mod pool;
mod resample;
mod response_norm;
mod softmax;
mod sums;
mod unit_row;

pub use activation::{Activation, activation, activation_backward};
pub use columns::Gradients;
pub use group_norm::{GroupNorm, group_norm, group_norm_backward};
pub use layer_norm::{Affine, LayerNorm, layer_norm, layer_norm_backward};
pub use mix::{MpCat, mp_cat, mp_cat_backward, mp_sum, mp_sum_backward};
pub use modulate::{
    LimitedMix, Modulate, accumulate, limited_mix_backward, modulate, modulate_backward,
};
pub use optimise::{Adam, AdamState, adam, moving_average};
pub use pixel_norm::{PixelNorm, pixel_norm, pixel_norm_backward};
pub use pool::{Pool, Pooling, pool};
pub use resample::{ImageShape, downsample, downsample_backward, upsample, upsample_backward};
pub use response_norm::{ResponseNorm, response_norm, response_norm_backward};
pub use softmax::{softmax, softmax_backward};
pub use unit_row::unit_row;

/// A wrong length is the caller's bug: said once, at the entry.
#[track_caller]
fn check_lengths(pass: &str, name: &str, length: usize, expected: usize) {
    assert_eq!(
        length, expected,
        "{pass}: {name} has {length} elements instead of {expected}"
    );
}

/// As [`check_lengths`], where any number of rows is right.
#[track_caller]
fn check_rows(pass: &str, length: usize, row: usize) {
    assert!(row > 0, "{pass}: rows of no elements");
    assert!(
        length.is_multiple_of(row),
        "{pass}: {length} elements are no whole number of rows of {row}"
    );
}
