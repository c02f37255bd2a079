//! Slices behind tensors.

use std::borrow::Cow;

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, WithDType};
use foil_kernels::{Element, bf16};

use crate::traced::Buffer;

/// What both the kernels and candle know.
pub(crate) trait Stored: Element + WithDType {
    /// Rounds sums.
    fn from_sums(sums: Vec<f32>) -> Vec<Self>;
    /// As the kernels take parameters of channels.
    fn widened(numbers: &[Self]) -> Cow<'_, [f32]>;
    /// As a gradient.
    fn buffer(numbers: Vec<Self>) -> Buffer;
    /// From numbers of single precision.
    fn of_f32(numbers: Vec<f32>) -> Vec<Self>;
    /// From numbers of half precision.
    fn of_bf16(numbers: Vec<bf16>) -> Vec<Self>;
}

impl Stored for f32 {
    fn from_sums(sums: Vec<f32>) -> Vec<Self> {
        sums
    }

    fn widened(numbers: &[Self]) -> Cow<'_, [f32]> {
        Cow::Borrowed(numbers)
    }

    fn buffer(numbers: Vec<Self>) -> Buffer {
        Buffer::F32(numbers)
    }

    fn of_f32(numbers: Vec<f32>) -> Vec<Self> {
        numbers
    }

    fn of_bf16(numbers: Vec<bf16>) -> Vec<Self> {
        bf16::widened(&numbers).into_owned()
    }
}

impl Stored for bf16 {
    fn from_sums(sums: Vec<f32>) -> Vec<Self> {
        sums.into_iter().map(<Self as Element>::from_f32).collect()
    }

    fn widened(numbers: &[Self]) -> Cow<'_, [f32]> {
        Cow::Owned(
            numbers
                .iter()
                .map(|&number| Element::to_f32(number))
                .collect(),
        )
    }

    fn buffer(numbers: Vec<Self>) -> Buffer {
        Buffer::BF16(numbers)
    }

    fn of_f32(numbers: Vec<f32>) -> Vec<Self> {
        Self::from_sums(numbers)
    }

    fn of_bf16(numbers: Vec<bf16>) -> Vec<Self> {
        numbers
    }
}

/// One input: rows of its last dimension, which begin `stride` elements apart.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) shape: &'a [usize],
    pub(crate) stride: usize,
}

impl<'a, T: Stored> View<'a, T> {
    pub(crate) const NONE: Self = Self {
        data: &[],
        shape: &[],
        stride: 0,
    };

    pub(crate) fn new(storage: &'a CpuStorage, layout: &'a Layout) -> Result<Self> {
        let Some((stride, length)) = even_rows(layout) else {
            candle_core::bail!("unevenly strided {layout:?}")
        };
        let data = T::cpu_storage_as_slice(storage)?;
        Ok(Self {
            data: &data[layout.start_offset()..][..length],
            shape: layout.dims(),
            stride,
        })
    }
}

/// The distance between rows and the elements from the first to the last, if all rows are equally far apart.
pub(super) fn even_rows(layout: &Layout) -> Option<(usize, usize)> {
    let count = layout.shape().elem_count();
    let width = layout.dims().last().copied().unwrap_or(1);
    if layout.is_contiguous() {
        return Some((width, count));
    }
    let [outer_strides @ .., stride, 1] = layout.stride() else {
        return None;
    };
    // Rows that overlap are the repetitions of a broadcast.
    if *stride < width {
        return None;
    }
    let rows = layout.dims().split_last()?.1;
    let mut expected = *stride;
    for (outer, inner) in outer_strides.iter().zip(&rows[1..]).rev() {
        expected *= inner;
        if *outer != expected {
            return None;
        }
    }
    let rows: usize = rows.iter().product();
    Some((*stride, rows.checked_sub(1)? * stride + width))
}

/// Calls `read` with a tensor's numbers.
pub(crate) fn with_slice<T: Stored, R>(tensor: &Tensor, read: impl FnOnce(&[T]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    Ok(read(View::new(cpu(&storage)?, layout)?.data))
}

pub(crate) fn cpu(storage: &Storage) -> Result<&CpuStorage> {
    match storage {
        Storage::Cpu(storage) => Ok(storage),
        _ => candle_core::bail!("expected a tensor on the CPU"),
    }
}
