//! Tensors of the CPU as plain slices.

use candle_core::{Storage, Tensor, WithDType};

/// Hands tensors to `work` as slices if all of them lie in one piece in this machine's memory and have the type.
pub(super) fn on_slices<const N: usize, T: WithDType, R>(
    tensors: [&Tensor; N],
    work: impl FnOnce([&[T]; N]) -> R,
) -> Option<R> {
    if tensors.iter().any(|tensor| tensor.dtype() != T::DTYPE) {
        return None;
    }
    let stored = tensors.map(Tensor::storage_and_layout);
    let mut slices: [&[T]; N] = [&[]; N];
    for (slice, (storage, layout)) in slices.iter_mut().zip(&stored) {
        let Storage::Cpu(values) = &**storage else {
            return None;
        };
        let (start, end) = layout.contiguous_offsets()?;
        *slice = &values.as_slice::<T>().ok()?[start..end];
    }
    Some(work(slices))
}

/// Collects what `work` appends for each of so many equal parts.
pub(super) fn in_parts<const N: usize, T, O>(
    parts: usize,
    slices: [&[T]; N],
    mut work: impl FnMut(usize, [&[T]; N], &mut Vec<O>),
) -> Vec<O> {
    let length = slices[0].len();
    let size = length / parts.max(1);
    let mut out = Vec::with_capacity(length);
    for part in 0..parts {
        let own = slices.map(|slice| &slice[part * size..(part + 1) * size]);
        work(part, own, &mut out);
    }
    out
}
