//! Tensors a part at a time, for those who cannot have all of one in memory.

use std::ops::Range;

use super::{Bytes, StoredTensor, widen};
use crate::Result;

impl StoredTensor {
    /// Some of its numbers, counted in the order of their indices, as a tensor of one dimension. What lies in order in a file
    /// stays there; a view out of order is first put in order as a whole.
    pub fn part(&self, numbers: Range<usize>) -> Result<Self> {
        if numbers.start > numbers.end || numbers.end > self.count() {
            return Err(self.wrong(format!(
                "numbers {} to {} of {}",
                numbers.start,
                numbers.end,
                self.count()
            )));
        }
        let width = self.dtype.size_in_bytes();
        let shape = [numbers.len()];
        let bytes = numbers.start * width..numbers.end * width;
        match &self.bytes {
            Bytes::File { file, range } => {
                let (start, end) = (bytes.start as u64, bytes.end as u64);
                Self::in_file(
                    self.dtype,
                    &shape,
                    file,
                    range.start + start..range.start + end,
                )
            }
            Bytes::Memory(_) | Bytes::Strided { .. } => {
                let copied = self.with_bytes(|all| all[bytes].to_vec())?;
                Self::in_memory(self.dtype, &shape, copied)
            }
        }
    }

    /// Reads its numbers in single precision into `out`, which has room for exactly these; it must be stored as floats.
    pub fn read_numbers(&self, out: &mut [f32]) -> Result<()> {
        if out.len() != self.count() {
            return Err(self.wrong(format!("{} numbers into {}", self.count(), out.len())));
        }
        self.with_bytes(|bytes| widen(self.dtype, bytes, out))?
            .map_err(|_| self.wrong(format!("{:?} where floats were expected", self.dtype)))
    }
}
