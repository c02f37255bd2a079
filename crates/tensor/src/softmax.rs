//! Numbers to probabilities.

use candle_core::Tensor;
use foil_kernels::{Instructions, passes};

use crate::{
    composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply1, is_fast, zeros},
};

/// eˣ / Σ eˣ over the last dimension, of any shape.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    let columns = Named::new("softmax", "input", x).channels(1)?;
    if is_fast(&[x]) {
        return apply1(Softmax { columns }, x);
    }
    composed::softmax(x)
}

struct Softmax {
    columns: usize,
}

impl Operation<1> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn forward<T: Stored>(&self, [x]: [View<'_, T>; 1]) -> (Vec<T>, Vec<usize>) {
        let mut out = zeros(x.data.len());
        passes::softmax(Instructions::best(), self.columns, x.data, &mut out);
        (out, x.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        [x]: [View<'_, T>; 1],
        known: &Known<'_, T, 1>,
    ) -> [Option<Vec<T>>; 1] {
        let mut out = zeros(x.data.len());
        passes::softmax_backward(
            Instructions::best(),
            self.columns,
            known.result,
            known.gradient,
            &mut out,
        );
        [Some(out)]
    }
}
