//! The sums themselves: one pass over the snapshots makes all averages, and memory holds a part of a tensor at a time.

use std::{
    io::Write,
    ops::{ControlFlow, Range},
    path::Path,
};

use foil_models::{StoredTensor, checkpoint::Gradual, edm2::Plan};
use half::{bf16, f16};
use rayon::prelude::*;

use super::{Error, Precision, Reconstruction, Result};

/// Numbers that are added up by one thread at once: sums in double precision fit its cache.
const BLOCK: usize = 1 << 15;
/// Results that are in memory at once, in numbers of all averages together.
const MADE: usize = 1 << 23;
/// Numbers that are read between two looks at the observer, of all snapshots together.
const READ: usize = 1 << 28;

impl Reconstruction<'_> {
    /// Bytes that a pass reads.
    pub fn bytes(&self) -> u64 {
        let bytes =
            |tensor: &StoredTensor| (tensor.count() * tensor.dtype().size_in_bytes()) as u64;
        let snapshots = self.stored.iter().map(|stored| &stored.snapshot.weights);
        let tensors = snapshots.flat_map(|weights| weights.iter().map(|(_, tensor)| bytes(tensor)));
        tensors.sum()
    }

    /// Makes the results of these indices in a folder, which is made if there is none. They appear when all of them are whole. The
    /// observer is told the bytes that have been read.
    pub fn write(
        &self,
        folder: &Path,
        indices: &[usize],
        observer: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(|source| Error::Folder {
            path: folder.to_owned(),
            source,
        })?;
        let paths = self.paths(folder);
        let begin = |&index: &usize| {
            let dtype = |name: &str, template: &StoredTensor| self.dtype(name, template);
            self.outline(index).begin(&paths[index], dtype)
        };
        let mut files = indices
            .iter()
            .map(begin)
            .collect::<foil_models::Result<Vec<_>>>()?;
        self.fill(indices, &mut files, observer)?;
        for file in files {
            file.finish()?;
        }
        Ok(())
    }

    /// The result of this index as the bytes of the file that [`Self::write`] would make.
    pub fn in_memory(
        &self,
        index: usize,
        observer: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Vec<u8>> {
        let dtype = |name: &str, template: &StoredTensor| self.dtype(name, template);
        let name = Path::new(&self.run.name);
        let mut files = vec![self.outline(index).begin_in_memory(name, dtype)?];
        self.fill(&[index], &mut files, observer)?;
        // There is one, which was put there.
        let file = files.swap_remove(0);
        Ok(file.into_bytes()?)
    }

    /// Appends all tensors to the file of each index.
    fn fill<W: Write>(
        &self,
        indices: &[usize],
        files: &mut [Gradual<W>],
        observer: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<()> {
        let Some(order) = files.first().map(|file| file.order().to_vec()) else {
            return Ok(());
        };
        let pass = Pass {
            reconstruction: self,
            indices,
        };
        let parts = pass.parts(&order)?;
        let mut done = 0;
        for part in &parts {
            done += pass.append(part, files)?;
            if observer(done).is_break() {
                return Err(Error::Interrupted);
            }
        }
        Ok(())
    }
}

/// Some of a tensor's numbers.
struct Part<'a> {
    name: &'a str,
    numbers: Range<usize>,
}

struct Pass<'a> {
    reconstruction: &'a Reconstruction<'a>,
    indices: &'a [usize],
}

impl Pass<'_> {
    /// A tensor of every snapshot.
    fn tensors(&self, name: &str) -> Result<Vec<&StoredTensor>> {
        let stored = self.reconstruction.stored.iter();
        let tensors = stored.map(|stored| stored.snapshot.weights.get(name));
        Ok(tensors.collect::<foil_models::Result<Vec<_>>>()?)
    }

    /// All numbers, in the order in which they are written.
    fn parts<'n>(&self, order: &'n [String]) -> Result<Vec<Part<'n>>> {
        let made = MADE / self.indices.len().max(1);
        let read = READ / self.reconstruction.stored.len().max(1);
        let longest = made.min(read).max(BLOCK);
        let mut parts = Vec::new();
        for name in order {
            let count = self
                .tensors(name)?
                .first()
                .map_or(0, |tensor| tensor.count());
            let starts = (0..count).step_by(longest);
            parts.extend(starts.map(|start| Part {
                name,
                numbers: start..count.min(start + longest),
            }));
        }
        Ok(parts)
    }

    /// Appends a part of a tensor to every file; how many bytes were read for it.
    fn append<W: Write>(&self, part: &Part<'_>, files: &mut [Gradual<W>]) -> Result<u64> {
        let tensors = self.tensors(part.name)?;
        let width = |tensor: &&StoredTensor| tensor.dtype().size_in_bytes();
        let bytes = part.numbers.len() * tensors.iter().map(width).sum::<usize>();
        if Plan::is_fixed(part.name) {
            let last = tensors[tensors.len() - 1].part(part.numbers.clone())?;
            for file in files {
                last.with_bytes(|bytes| file.put(bytes))??;
            }
            return Ok(bytes as u64);
        }
        let end = part.numbers.end;
        let starts = part.numbers.clone().step_by(BLOCK);
        let blocks: Vec<_> = starts.map(|start| start..end.min(start + BLOCK)).collect();
        let sums = blocks
            .into_par_iter()
            .map(|block| self.sums(&tensors, block))
            .collect::<Result<Vec<_>>>()?;
        for block in sums {
            for (file, bytes) in files.iter_mut().zip(block) {
                let bytes = bytes.ok_or_else(|| Error::NotFinite {
                    tensor: part.name.to_owned(),
                    precision: self.reconstruction.precision.name(),
                })?;
                file.put(&bytes)?;
            }
        }
        Ok(bytes as u64)
    }

    /// A block of every average, as it is stored; none where it is not finite.
    fn sums(&self, tensors: &[&StoredTensor], block: Range<usize>) -> Result<Vec<Option<Vec<u8>>>> {
        let averages = &self.reconstruction.averages;
        let mut numbers = vec![0.0_f32; block.len()];
        let mut sums = vec![vec![0.0_f64; block.len()]; self.indices.len()];
        for (place, tensor) in tensors.iter().enumerate() {
            tensor.part(block.clone())?.read_numbers(&mut numbers)?;
            for (sum, &index) in sums.iter_mut().zip(self.indices) {
                let coefficient = averages[index].coefficients[place];
                for (sum, &number) in sum.iter_mut().zip(&numbers) {
                    *sum += coefficient * f64::from(number);
                }
            }
        }
        let precision = self.reconstruction.precision;
        Ok(sums.iter().map(|sum| precision.stored(sum)).collect())
    }
}

impl Precision {
    /// Sums as they are stored, by way of single precision; none if one of them is not finite there.
    fn stored(self, sums: &[f64]) -> Option<Vec<u8>> {
        let single = sums.iter().map(|&sum| sum as f32);
        let mut finite = true;
        let bytes = match self {
            Self::F32 => single
                .inspect(|number| finite &= number.is_finite())
                .flat_map(f32::to_le_bytes)
                .collect(),
            Self::Bf16 => single
                .map(bf16::from_f32)
                .inspect(|number| finite &= number.is_finite())
                .flat_map(bf16::to_le_bytes)
                .collect(),
            Self::F16 => single
                .map(f16::from_f32)
                .inspect(|number| finite &= number.is_finite())
                .flat_map(f16::to_le_bytes)
                .collect(),
        };
        finite.then_some(bytes)
    }
}
