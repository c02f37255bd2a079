//! Tensors with their dimensions in another order, as other programs keep them.

use super::{Bytes, StoredTensor};
use crate::{Result, strided, strided::Layout};

impl StoredTensor {
    /// The same tensor with its dimensions in another order: dimension i is what was `order[i]`. What lies in a file stays there, and is put
    /// in order each time it is read.
    pub fn permuted(&self, order: &[usize]) -> Result<Self> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..self.shape.len()) {
            let problem = format!("{order:?} is no order of {} dimensions", self.shape.len());
            return Err(self.wrong(problem));
        }
        let strides = match &self.bytes {
            Bytes::Strided { strides, .. } => strides,
            _ => &Layout::contiguous(&self.shape).strides,
        };
        let shape: Vec<usize> = order.iter().map(|&place| self.shape[place]).collect();
        let strides: Vec<u64> = order.iter().map(|&place| strides[place]).collect();
        let layout = Layout { offset: 0, strides };
        let bytes = match &self.bytes {
            Bytes::Memory(_) | Bytes::File { .. } if layout.is_contiguous(&shape) => {
                return self.reshaped(&shape);
            }
            Bytes::Memory(bytes) => {
                let width = self.dtype.size_in_bytes();
                let ordered = strided::gather(bytes, width, &shape, &layout.strides);
                return Self::in_memory(self.dtype, &shape, ordered);
            }
            Bytes::File { file, range } | Bytes::Strided { file, range, .. } => Bytes::Strided {
                file: file.clone(),
                range: range.clone(),
                strides: layout.strides,
            },
        };
        Ok(Self {
            dtype: self.dtype,
            shape,
            bytes,
        })
    }
}
