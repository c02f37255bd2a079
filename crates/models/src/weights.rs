//! Named tensors as they lie in a file, before they become a network.

mod part;
mod permuted;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use candle_core::{DType, Device, Tensor};
use half::slice::HalfFloatSliceExt;

use crate::{
    Error, Result,
    source::SourceFile,
    strided::{self, Layout},
};

/// A tensor in a file or in memory, little-endian, read only when it is needed, and then contiguous.
#[derive(Debug, Clone)]
pub struct StoredTensor {
    dtype: DType,
    shape: Vec<usize>,
    bytes: Bytes,
}

#[derive(Debug, Clone)]
enum Bytes {
    Memory(Arc<[u8]>),
    /// Mapped while it is being read, so that a network's file is never in memory as a whole.
    File {
        file: Arc<SourceFile>,
        range: Range<u64>,
    },
    /// A view of a storage, put in order each time it is read.
    Strided {
        file: Arc<SourceFile>,
        /// From the first of its elements to its last.
        range: Range<u64>,
        strides: Vec<u64>,
    },
}

impl StoredTensor {
    /// No network's tensor has more dimensions, and a message lists them all.
    pub(crate) const DIMENSIONS: usize = 16;

    /// Bytes in memory; there must be as many as the shape needs.
    pub fn in_memory(dtype: DType, shape: &[usize], bytes: Vec<u8>) -> Result<Self> {
        let length = bytes.len() as u64;
        Self::checked(dtype, shape, Bytes::Memory(bytes.into()), length)
    }

    /// Bytes of a file; there must be as many as the shape needs, and the file must reach so far.
    pub fn in_file(
        dtype: DType,
        shape: &[usize],
        file: &Arc<SourceFile>,
        range: Range<u64>,
    ) -> Result<Self> {
        let length = range.end.saturating_sub(range.start);
        let inside = range.end <= file.length();
        let bytes = Bytes::File {
            file: Arc::clone(file),
            range,
        };
        let tensor = Self::checked(dtype, shape, bytes, length)?;
        if inside {
            return Ok(tensor);
        }
        Err(tensor.wrong("the file is shorter than its tensors".into()))
    }

    /// A view of the storage that is `range` of the file. More elements than the storage has are refused unless they are few:
    /// a file's size must bound what is made of it.
    pub fn in_storage(
        dtype: DType,
        shape: &[usize],
        file: &Arc<SourceFile>,
        range: Range<u64>,
        layout: Layout,
    ) -> Result<Self> {
        const FEW: u64 = 1 << 20;
        let width = dtype.size_in_bytes() as u64;
        let stored = range.end.saturating_sub(range.start) / width;
        let count = count(shape).filter(|&count| count <= stored.max(FEW));
        let extent = layout.extent(shape).filter(|extent| extent.end <= stored);
        let (Some(count), Some(extent)) = (count, extent) else {
            return Err(Error::Weights {
                origin: file.path().display().to_string(),
                problem: format!(
                    "a storage of {stored} numbers cannot be seen as {} from {} with strides {:?}",
                    shown(shape),
                    layout.offset,
                    layout.strides
                ),
            });
        };
        if layout.is_contiguous(shape) {
            let first = range.start + extent.start * width;
            return Self::in_file(dtype, shape, file, first..first + count * width);
        }
        let bytes = Bytes::Strided {
            file: Arc::clone(file),
            range: range.start + extent.start * width..range.start + extent.end * width,
            strides: layout.strides,
        };
        Self::checked(dtype, shape, bytes, count * width)
    }

    fn checked(dtype: DType, shape: &[usize], bytes: Bytes, length: u64) -> Result<Self> {
        let needed = count(shape).and_then(|count| count.checked_mul(dtype.size_in_bytes() as u64));
        let tensor = Self {
            dtype,
            shape: shape.to_vec(),
            bytes,
        };
        if needed == Some(length) {
            return Ok(tensor);
        }
        Err(tensor.wrong(format!(
            "{length} bytes cannot be {} of {dtype:?}",
            shown(shape)
        )))
    }

    /// An error that says where this tensor is from.
    fn wrong(&self, problem: String) -> Error {
        let origin = match &self.bytes {
            Bytes::Memory(_) => "tensor".into(),
            Bytes::File { file, .. } | Bytes::Strided { file, .. } => {
                file.path().display().to_string()
            }
        };
        Error::Weights { origin, problem }
    }

    /// How its numbers are stored.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Its shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many numbers it has.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The same numbers in another shape of as many. A view out of order is put in order, in memory.
    pub fn reshaped(&self, shape: &[usize]) -> Result<Self> {
        if let Bytes::Strided { .. } = self.bytes {
            let ordered = self.with_bytes(<[u8]>::to_vec)?;
            return Self::in_memory(self.dtype, shape, ordered);
        }
        let length = (self.count() * self.dtype.size_in_bytes()) as u64;
        Self::checked(self.dtype, shape, self.bytes.clone(), length)
    }

    /// Calls `read` with its bytes.
    pub fn with_bytes<R>(&self, read: impl FnOnce(&[u8]) -> R) -> Result<R> {
        match &self.bytes {
            Bytes::Memory(bytes) => Ok(read(bytes)),
            Bytes::File { range, .. } if range.is_empty() => Ok(read(&[])),
            Bytes::File { file, range } => Ok(read(&file.map(range)?)),
            Bytes::Strided {
                file,
                range,
                strides,
            } => {
                let width = self.dtype.size_in_bytes();
                let ordered = strided::gather(&file.map(range)?, width, &self.shape, strides);
                Ok(read(&ordered))
            }
        }
    }

    /// Its numbers in single precision; it must be stored as floats.
    pub fn numbers(&self) -> Result<Vec<f32>> {
        let mut numbers = vec![0.0; self.count()];
        self.read_numbers(&mut numbers)?;
        Ok(numbers)
    }

    /// Its numbers in double precision; it must be stored as floats.
    pub fn double_numbers(&self) -> Result<Vec<f64>> {
        if self.dtype == DType::F64 {
            return self.with_bytes(|bytes| {
                let numbers = bytes.as_chunks::<8>().0.iter();
                numbers.map(|bytes| f64::from_le_bytes(*bytes)).collect()
            });
        }
        Ok(self.numbers()?.into_iter().map(f64::from).collect())
    }

    /// As a tensor in single precision.
    pub fn tensor(&self, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_vec(
            self.numbers()?,
            self.shape.as_slice(),
            device,
        )?)
    }
}

/// A shape in a message.
fn shown(shape: &[usize]) -> String {
    if shape.len() > StoredTensor::DIMENSIONS {
        return format!("a tensor of {} dimensions", shape.len());
    }
    format!("{shape:?}")
}

/// How many numbers a shape has, if that can be counted.
fn count(shape: &[usize]) -> Option<u64> {
    (shape.len() <= StoredTensor::DIMENSIONS).then_some(())?;
    shape
        .iter()
        .try_fold(1_u64, |count, &size| count.checked_mul(size as u64))
}

/// Converts stored floats of `out`'s count.
pub(crate) fn widen(dtype: DType, bytes: &[u8], out: &mut [f32]) -> Result<()> {
    const BLOCK: usize = 1024;
    fn halves<H: Copy + Default>(
        bytes: &[u8],
        out: &mut [f32],
        half: fn([u8; 2]) -> H,
        convert: fn(&[H], &mut [f32]),
    ) {
        let mut block = [H::default(); BLOCK];
        for (out, bytes) in out.chunks_mut(BLOCK).zip(bytes.chunks(2 * BLOCK)) {
            for (number, pair) in block.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *number = half(*pair);
            }
            convert(&block[..out.len()], out);
        }
    }
    match dtype {
        DType::F32 => {
            for (number, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *number = f32::from_le_bytes(*bytes);
            }
        }
        DType::F64 => {
            for (number, bytes) in out.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *number = f64::from_le_bytes(*bytes) as f32;
            }
        }
        DType::F16 => halves(bytes, out, half::f16::from_le_bytes, |from, to| {
            from.convert_to_f32_slice(to);
        }),
        DType::BF16 => halves(bytes, out, half::bf16::from_le_bytes, |from, to| {
            from.convert_to_f32_slice(to);
        }),
        other => {
            return Err(Error::Weights {
                origin: "tensor".into(),
                problem: format!("{other:?} where floats were expected"),
            });
        }
    }
    Ok(())
}

/// The tensors of one network by name.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Where they came from, for messages.
    origin: String,
    tensors: BTreeMap<String, StoredTensor>,
}

impl Weights {
    /// Tensors from `origin`, a file or whatever else made them.
    pub fn new(origin: impl Into<String>, tensors: BTreeMap<String, StoredTensor>) -> Self {
        Self {
            origin: origin.into(),
            tensors,
        }
    }

    /// Where they came from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &StoredTensor)> {
        self.tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// These tensors in another layout: what `translate` makes of each name and tensor, `None` being left out. Two of one name are
    /// an error.
    pub fn translated(
        &self,
        translate: impl Fn(&str, &StoredTensor) -> Result<Option<(String, StoredTensor)>>,
    ) -> Result<Self> {
        let mut tensors = BTreeMap::new();
        for (name, tensor) in self.iter() {
            let Some((new_name, tensor)) = translate(name, tensor)? else {
                continue;
            };
            if tensors.contains_key(&new_name) {
                return Err(self.wrong(format!("{name} is a second {new_name}")));
            }
            tensors.insert(new_name, tensor);
        }
        Ok(Self::new(self.origin.clone(), tensors))
    }

    /// That these are exactly the tensors a network has: nothing missing, unknown, misshapen or other than floats.
    pub fn check(&self, expected: &[(String, Vec<usize>)]) -> Result<()> {
        let mut problems = Vec::new();
        let missing = expected
            .iter()
            .filter(|(name, _)| !self.tensors.contains_key(name));
        problems.extend(listed("missing", missing.map(|(name, _)| name.clone())));
        let known: std::collections::BTreeSet<&str> =
            expected.iter().map(|(name, _)| name.as_str()).collect();
        let unknown = self
            .tensors
            .keys()
            .filter(|name| !known.contains(name.as_str()));
        problems.extend(listed("unknown", unknown.cloned()));
        let misshapen = expected.iter().filter_map(|(name, shape)| {
            let found = self.tensors.get(name)?;
            (found.shape != *shape)
                .then(|| format!("{name} {:?} instead of {shape:?}", found.shape))
        });
        problems.extend(listed("misshapen", misshapen));
        let strange = self
            .tensors
            .iter()
            .filter(|(_, tensor)| !tensor.dtype.is_float());
        problems.extend(listed("not floats", strange.map(|(name, _)| name.clone())));
        if problems.is_empty() {
            return Ok(());
        }
        Err(self.wrong(problems.join("; ")))
    }

    /// One tensor.
    pub fn get(&self, name: &str) -> Result<&StoredTensor> {
        let found = self.tensors.get(name);
        found.ok_or_else(|| self.wrong(format!("missing: {name}")))
    }

    /// An error that says where these tensors are from.
    pub(crate) fn wrong(&self, problem: String) -> Error {
        Error::Weights {
            origin: self.origin.clone(),
            problem,
        }
    }
}

/// "missing tensors: a, b, c and 7 more"
fn listed(what: &str, names: impl Iterator<Item = String>) -> Option<String> {
    const SHOWN: usize = 4;
    let names: Vec<String> = names.collect();
    let (first, rest) = names.split_at(names.len().min(SHOWN));
    let more = if rest.is_empty() {
        String::new()
    } else {
        format!(" and {} more", rest.len())
    };
    (!first.is_empty()).then(|| format!("{what}: {}{more}", first.join(", ")))
}
