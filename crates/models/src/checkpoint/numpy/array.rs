//! What an array says about itself, and where its numbers are: little- or big-endian, in C's or Fortran's order.

use std::{ops::Range, sync::Arc};

use super::{
    super::problem::{Found, Problem},
    kind::Kind,
};
use crate::{Layout, SourceFile, StoredTensor};

/// An array as numpy describes it.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) kind: Kind,
    /// Whether the first index is the one whose neighbours lie side by side.
    pub(super) fortran: bool,
    pub(super) data: Data,
}

/// Where the numbers are.
#[derive(Debug)]
pub(super) enum Data {
    InFile(Range<usize>),
    Copied(Vec<u8>),
}

impl Array {
    /// The same as a tensor, which stays in the file if its numbers are as they should be. `bytes` is the file.
    pub(super) fn tensor(self, file: &Arc<SourceFile>, bytes: &[u8]) -> Found<StoredTensor> {
        let Self {
            shape,
            kind,
            fortran,
            data,
        } = self;
        let width = kind.dtype.size_in_bytes();
        let strides = strides(&shape, fortran)
            .ok_or_else(|| Problem::new("an array larger than any file"))?;
        let layout = Layout { offset: 0, strides };
        let length = match &data {
            Data::InFile(range) => range.len(),
            Data::Copied(data) => data.len(),
        };
        let count = shape
            .iter()
            .try_fold(width, |count, &size| count.checked_mul(size));
        if count != Some(length) {
            return Err(Problem::new(format!(
                "{length} bytes cannot be an array of {shape:?} numbers"
            )));
        }
        let mut data = match data {
            Data::InFile(range) if !kind.big_endian => {
                let range = range.start as u64..range.end as u64;
                return Ok(StoredTensor::in_storage(
                    kind.dtype, &shape, file, range, layout,
                )?);
            }
            Data::InFile(range) => bytes[range].to_vec(),
            Data::Copied(data) => data,
        };
        if kind.big_endian {
            for number in data.chunks_exact_mut(width) {
                number.reverse();
            }
        }
        if !layout.is_contiguous(&shape) {
            data = crate::strided::gather(&data, width, &shape, &layout.strides);
        }
        Ok(StoredTensor::in_memory(kind.dtype, &shape, data)?)
    }
}

fn strides(shape: &[usize], fortran: bool) -> Option<Vec<u64>> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1_u64;
    let mut next = |index: usize| {
        strides[index] = step;
        step = step.checked_mul(shape[index].max(1) as u64)?;
        Some(())
    };
    if fortran {
        (0..shape.len()).try_for_each(&mut next)?;
    } else {
        (0..shape.len()).rev().try_for_each(&mut next)?;
    }
    Some(strides)
}
