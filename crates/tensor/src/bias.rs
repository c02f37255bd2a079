//! What all products do with a bias: check it, and sum its gradient.

use candle_core::Tensor;

use crate::{
    error::{Named, Result},
    operation::Stored,
};

/// That a bias, if any, has one value for each output of the weight.
pub(crate) fn fits(weight: Named<'_>, bias: Option<&Tensor>, outputs: usize) -> Result<()> {
    match bias {
        Some(bias) => weight.with(weight.beside("bias", bias), &[outputs]),
        None => Ok(()),
    }
}

/// The sum of all rows of `[rows, outputs]`.
pub(crate) fn gradient<T: Stored>(rows: &[T], outputs: usize) -> Vec<T> {
    // Sums of more terms than this lose digits in f32, so sums of sums are in f64.
    const ROWS: usize = 256;
    let mut total = vec![0.0_f64; outputs];
    for block in rows.chunks(ROWS * outputs) {
        let mut sums = vec![0.0_f32; outputs];
        for row in block.chunks_exact(outputs) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value.to_f32();
            }
        }
        for (total, sum) in total.iter_mut().zip(sums) {
            *total += f64::from(sum);
        }
    }
    T::from_sums(total.into_iter().map(|total| total as f32).collect())
}
