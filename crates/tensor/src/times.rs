//! Products with numbers that are known.

use candle_core::Tensor;
use foil_kernels::Element;
use rayon::prelude::*;

use crate::{
    composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply1, is_fast, zeros},
};

/// Each number times a factor of its own, of which there are as many, in single precision whatever `x` is stored in.
pub fn times(x: &Tensor, factors: Vec<f32>) -> Result<Tensor> {
    if is_fast(&[x]) {
        return apply1(operation(x, factors)?, x);
    }
    composed::times(x, factors)
}

/// That there is a factor for each number.
pub(crate) fn fits(x: &Tensor, factors: &[f32]) -> Result<()> {
    if factors.len() == x.elem_count() {
        return Ok(());
    }
    let named = Named::new("times", "input", x);
    Err(named.problem(format!("{} factors", factors.len())))
}

/// [`times()`] on slices.
pub(crate) fn operation(x: &Tensor, factors: Vec<f32>) -> Result<impl Operation<1> + use<>> {
    fits(x, &factors)?;
    Ok(Times(factors))
}

struct Times(Vec<f32>);

impl Times {
    fn of<T: Stored>(&self, x: &[T]) -> Vec<T> {
        const PIECE: usize = 1 << 14;
        let mut out = zeros::<T>(x.len());
        let pieces = out.par_chunks_mut(PIECE).zip(x.par_chunks(PIECE));
        let pieces = pieces.zip(self.0.par_chunks(PIECE));
        pieces.for_each(|((out, x), factors)| {
            for ((out, x), factor) in out.iter_mut().zip(x).zip(factors) {
                *out = <T as Element>::from_f32(Element::to_f32(*x) * factor);
            }
        });
        out
    }
}

impl Operation<1> for Times {
    fn name(&self) -> &'static str {
        "times"
    }

    fn forward<T: Stored>(&self, [x]: [View<'_, T>; 1]) -> (Vec<T>, Vec<usize>) {
        (self.of(x.data), x.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        _: [View<'_, T>; 1],
        known: &Known<'_, T, 1>,
    ) -> [Option<Vec<T>>; 1] {
        [Some(self.of(known.gradient))]
    }
}
