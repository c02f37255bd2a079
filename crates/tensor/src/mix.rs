//! Sums and concatenations that keep the magnitude.

use candle_core::Tensor;
use foil_kernels::{
    Instructions,
    passes::{self, MpCat},
};

use crate::{
    composed,
    error::{Named, Result},
    operation::{Known, Operation, Stored, View, apply2, is_fast, zeros},
};

/// 1 / √((1−t)² + t²).
pub(crate) fn mp_sum_scale(t: f64) -> f64 {
    (1.0 - t).hypot(t).recip()
}

/// What [`mp_cat`] multiplies its parts by.
pub(crate) fn mp_cat_weights([a, b]: [usize; 2], t: f64) -> [f64; 2] {
    let scale = ((a + b) as f64).sqrt() * mp_sum_scale(t);
    [
        (1.0 - t) * scale / (a.max(1) as f64).sqrt(),
        t * scale / (b.max(1) as f64).sqrt(),
    ]
}

pub(crate) fn same_shape(operation: &'static str, a: &Tensor, b: &Tensor) -> Result<()> {
    let first = Named::new(operation, "first", a);
    first.with(first.beside("second", b), a.dims())
}

/// The channels of both.
pub(crate) fn same_but_channels(
    operation: &'static str,
    a: &Tensor,
    b: &Tensor,
) -> Result<[usize; 2]> {
    let first = Named::new(operation, "first", a);
    let second = first.beside("second", b);
    match (a.dims(), b.dims()) {
        ([a_before @ .., a_channels], [b_before @ .., b_channels]) if a_before == b_before => {
            first.same_type(second)?;
            Ok([*a_channels, *b_channels])
        }
        _ => Err(first.against(second, "all but the channels must be equal")),
    }
}

/// ((1−t)·a + t·b) / √((1−t)² + t²), of two tensors of the same shape: keeps the magnitude of uncorrelated inputs of equal
/// magnitude.
///
/// Karras et al. 2024, Eq. 88.
pub fn mp_sum(a: &Tensor, b: &Tensor, t: f64) -> Result<Tensor> {
    same_shape("mp_sum", a, b)?;
    if is_fast(&[a, b]) {
        return apply2(sum_operation(t), a, b);
    }
    composed::mp_sum(a, b, t)
}

/// [(1−t)·C/√Nₐ · a, t·C/√N_b · b] with C = √((Nₐ + N_b) / ((1−t)² + t²)): `[…, Nₐ]` and `[…, N_b]` to `[…, Nₐ + N_b]`, each
/// part contributing as much as t says, however many channels it has.
///
/// Karras et al. 2024, Eq. 103.
pub fn mp_cat(a: &Tensor, b: &Tensor, t: f64) -> Result<Tensor> {
    let channels = same_but_channels("mp_cat", a, b)?;
    if is_fast(&[a, b]) {
        return apply2(concatenation_operation(channels, t), a, b);
    }
    composed::mp_cat(a, b, t)
}

/// [`mp_sum`] on slices.
pub(crate) fn sum_operation(t: f64) -> impl Operation<2> {
    Sum { t }
}

/// [`mp_cat`] on slices.
pub(crate) fn concatenation_operation(
    [a_channels, b_channels]: [usize; 2],
    t: f64,
) -> impl Operation<2> {
    Concatenation(MpCat {
        a_channels,
        b_channels,
        t,
    })
}

struct Sum {
    t: f64,
}

impl Operation<2> for Sum {
    fn name(&self) -> &'static str {
        "mp_sum"
    }

    fn forward<T: Stored>(&self, [a, b]: [View<'_, T>; 2]) -> (Vec<T>, Vec<usize>) {
        let mut out = zeros(a.data.len());
        passes::mp_sum(Instructions::best(), self.t, a.data, b.data, &mut out);
        (out, a.shape.to_vec())
    }

    fn backward<T: Stored>(
        &self,
        [a, b]: [View<'_, T>; 2],
        known: &Known<'_, T, 2>,
    ) -> [Option<Vec<T>>; 2] {
        let (mut of_a, mut of_b) = (zeros(a.data.len()), zeros(b.data.len()));
        passes::mp_sum_backward(
            Instructions::best(),
            self.t,
            known.gradient,
            &mut of_a,
            &mut of_b,
        );
        [Some(of_a), Some(of_b)]
    }
}

struct Concatenation(MpCat);

impl Operation<2> for Concatenation {
    fn name(&self) -> &'static str {
        "mp_cat"
    }

    fn forward<T: Stored>(&self, [a, b]: [View<'_, T>; 2]) -> (Vec<T>, Vec<usize>) {
        let mut shape = a.shape.to_vec();
        if let Some(last) = shape.last_mut() {
            *last += self.0.b_channels;
        }
        let mut out = zeros(a.data.len() + b.data.len());
        passes::mp_cat(Instructions::best(), self.0, a.data, b.data, &mut out);
        (out, shape)
    }

    fn backward<T: Stored>(
        &self,
        [a, b]: [View<'_, T>; 2],
        known: &Known<'_, T, 2>,
    ) -> [Option<Vec<T>>; 2] {
        let (mut of_a, mut of_b) = (zeros(a.data.len()), zeros(b.data.len()));
        passes::mp_cat_backward(
            Instructions::best(),
            self.0,
            known.gradient,
            &mut of_a,
            &mut of_b,
        );
        [Some(of_a), Some(of_b)]
    }
}
