//! Tensors whose neighbours do not lie side by side: views of a storage, as other programs save them.

use std::ops::Range;

/// Where the elements of a tensor lie in its storage, counted in elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The first element.
    pub offset: u64,
    /// How far apart neighbours are, for each dimension.
    pub strides: Vec<u64>,
}

impl Layout {
    /// That of elements in the order of their indices, from the first of a storage on.
    pub(crate) fn contiguous(shape: &[usize]) -> Self {
        let mut strides = vec![0; shape.len()];
        let mut step = 1_u64;
        for (stride, &size) in strides.iter_mut().zip(shape).rev() {
            *stride = step;
            step = step.saturating_mul(size as u64);
        }
        Self { offset: 0, strides }
    }

    /// The elements of the storage between which all of the tensor lies; none if numbers overflow.
    pub(crate) fn extent(&self, shape: &[usize]) -> Option<Range<u64>> {
        if shape.len() != self.strides.len() {
            return None;
        }
        if shape.contains(&0) {
            return Some(self.offset..self.offset);
        }
        let mut last = self.offset;
        for (&size, &stride) in shape.iter().zip(&self.strides) {
            last = last.checked_add((size as u64 - 1).checked_mul(stride)?)?;
        }
        Some(self.offset..last.checked_add(1)?)
    }

    /// Whether the elements lie one after the other in the order of their indices.
    pub(crate) fn is_contiguous(&self, shape: &[usize]) -> bool {
        let mut expected = 1_u64;
        let dimensions = shape.iter().zip(&self.strides).rev();
        shape.contains(&0)
            || dimensions.into_iter().all(|(&size, &stride)| {
                let fits = size == 1 || stride == expected;
                expected = expected.saturating_mul(size as u64);
                fits
            })
    }
}

/// Copies the elements of `strides`, counted in elements of `width` bytes from the start of `bytes`, into their order.
pub(crate) fn gather(bytes: &[u8], width: usize, shape: &[usize], strides: &[u64]) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let mut out = Vec::with_capacity(count * width);
    let mut index = vec![0_usize; shape.len()];
    for _ in 0..count {
        let steps = index.iter().zip(strides);
        let element: usize = steps.map(|(&at, &stride)| at * stride as usize).sum();
        out.extend_from_slice(&bytes[element * width..(element + 1) * width]);
        for (at, &size) in index.iter_mut().zip(shape).rev() {
            *at += 1;
            if *at < size {
                break;
            }
            *at = 0;
        }
    }
    out
}
