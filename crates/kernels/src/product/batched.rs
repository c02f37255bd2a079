//! Products of a batch of matrices by a batch of matrices, none of which is used twice.

#![allow(unsafe_code, reason = "threads write disjoint parts")]

use rayon::prelude::*;

use super::{
    epilogue::{Epilogue, Residual},
    linear::PackedLinear,
    memory::Shared,
};
use crate::{Element, Instructions};

/// Sizes of a batch of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchedProduct {
    /// Products.
    pub batch: usize,
    /// Rows of each first factor and of each result.
    pub rows: usize,
    /// What is summed over.
    pub depth: usize,
    /// Rows of each second factor, columns of each result.
    pub columns: usize,
}

impl BatchedProduct {
    /// `a` `[batch, rows, depth]` by the transposes of `b` `[batch, columns, depth]` to `out` `[batch, rows, columns]`. The epilogue is that of a
    /// linear layer of `batch` samples.
    ///
    /// # Panics
    /// If the lengths do not belong together.
    pub fn multiply<T: Element>(
        &self,
        instructions: Instructions,
        [a, b]: [&[T]; 2],
        epilogue: &Epilogue<'_, T>,
        out: &mut [T],
    ) {
        let Self {
            batch,
            rows,
            depth,
            columns,
        } = *self;
        let [a_size, b_size, out_size] = [rows * depth, columns * depth, rows * columns];
        assert_eq!(a.len(), batch * a_size, "first factors of {self:?}");
        assert_eq!(b.len(), batch * b_size, "second factors of {self:?}");
        assert_eq!(out.len(), batch * out_size, "results of {self:?}");
        epilogue.check(batch, columns, out.len());
        let out = Shared::new(out);
        (0..batch)
            .into_par_iter()
            .with_max_len(1)
            .for_each(|index| {
                let own = |size: usize| index * size..(index + 1) * size;
                let residual = epilogue.residual.as_ref().map(|residual| Residual {
                    data: &residual.data[own(out_size)],
                    ..*residual
                });
                let gain = epilogue.gain.map(|gain| &gain[own(columns)]);
                let epilogue = Epilogue {
                    gain,
                    residual,
                    ..*epilogue
                };
                let packed = PackedLinear::once(instructions, [columns, depth], &b[own(b_size)]);
                // SAFETY: each result belongs to one product.
                let out = unsafe { out.part(index * out_size, out_size) };
                packed.forward(1, &a[own(a_size)], &epilogue, out);
            });
    }
}
