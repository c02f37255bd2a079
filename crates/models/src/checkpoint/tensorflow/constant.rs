//! The value of a constant: a `TensorProto`, as bytes in one piece or as a list of numbers.

use std::{mem::take, ops::Range, sync::Arc};

use candle_core::DType;

use super::{
    super::problem::{Found, Problem},
    damaged,
    wire::{Message, Value},
};
use crate::{Layout, SourceFile, StoredTensor};

/// The tensor that an attribute `value` holds, `AttrValue { TensorProto tensor = 8; }`; none if it is not of floating-point numbers.
pub(super) fn constant(
    value: Option<Range<usize>>,
    file: &Arc<SourceFile>,
    bytes: &[u8],
) -> Found<Option<StoredTensor>> {
    let value = value.ok_or_else(|| damaged("a constant without a value"))?;
    for field in Message::new(bytes, value) {
        if let (8, Value::Bytes(range)) = field? {
            let description = Description::read(bytes, range)?;
            return description.map(|found| found.tensor(file)).transpose();
        }
    }
    Err(damaged("a constant whose value is no tensor"))
}

struct Description {
    dtype: DType,
    shape: Vec<usize>,
    numbers: Numbers,
}

/// Where the numbers are.
enum Numbers {
    InFile(Range<usize>),
    /// Put together from several places; not more bytes than these have in the file.
    Copied(Vec<u8>),
}

impl Description {
    /// `TensorProto { DataType dtype = 1; TensorShapeProto tensor_shape = 2; bytes tensor_content = 4; repeated float float_val = 5;
    /// repeated double double_val = 6; repeated int32 half_val = 13; }`
    fn read(bytes: &[u8], range: Range<usize>) -> Found<Option<Self>> {
        let Some((dtype, list)) = kind(bytes, range.clone())? else {
            return Ok(None);
        };
        let mut shape = Vec::new();
        let mut numbers = Numbers::InFile(range.start..range.start);
        for field in Message::new(bytes, range) {
            match field? {
                (2, Value::Bytes(range)) => shape = sizes(bytes, range)?,
                (4, Value::Bytes(range)) => numbers.add(bytes, range),
                (13, _) => {
                    return Err(Problem::new(
                        "half-precision numbers as a list, where they are read as bytes only",
                    ));
                }
                (field, Value::Bytes(range) | Value::Fixed(range)) if field == list => {
                    numbers.add(bytes, range);
                }
                _ => {}
            }
        }
        Ok(Some(Self {
            dtype,
            shape,
            numbers,
        }))
    }

    fn tensor(self, file: &Arc<SourceFile>) -> Found<StoredTensor> {
        let Self {
            dtype,
            shape,
            numbers,
        } = self;
        let range = match numbers {
            Numbers::Copied(bytes) => return Ok(StoredTensor::in_memory(dtype, &shape, bytes)?),
            Numbers::InFile(range) => range.start as u64..range.end as u64,
        };
        // A single number stands for as many as the shape has.
        if range.end - range.start == dtype.size_in_bytes() as u64 {
            let layout = Layout {
                offset: 0,
                strides: vec![0; shape.len()],
            };
            return Ok(StoredTensor::in_storage(
                dtype, &shape, file, range, layout,
            )?);
        }
        Ok(StoredTensor::in_file(dtype, &shape, file, range)?)
    }
}

impl Numbers {
    fn add(&mut self, bytes: &[u8], more: Range<usize>) {
        match self {
            Self::InFile(range) if range.start == range.end => *self = Self::InFile(more),
            Self::InFile(range) => {
                *self = Self::Copied([&bytes[take(range)], &bytes[more]].concat());
            }
            Self::Copied(all) => all.extend_from_slice(&bytes[more]),
        }
    }
}

/// The type, and the field in which its numbers are listed; none for types that are no weights.
fn kind(bytes: &[u8], range: Range<usize>) -> Found<Option<(DType, u32)>> {
    let mut found = None;
    for field in Message::new(bytes, range) {
        if let (1, Value::Number(number)) = field? {
            found = match number {
                1 => Some((DType::F32, 5)),
                2 => Some((DType::F64, 6)),
                19 => Some((DType::F16, 13)),
                _ => None,
            };
        }
    }
    Ok(found)
}

/// `TensorShapeProto { repeated Dim dim = 2; bool unknown_rank = 3; }`, `Dim { int64 size = 1; }`
fn sizes(bytes: &[u8], range: Range<usize>) -> Found<Vec<usize>> {
    let mut sizes = Vec::new();
    for field in Message::new(bytes, range) {
        let range = match field? {
            (2, Value::Bytes(range)) => range,
            (3, Value::Number(1..)) => return Err(damaged("a constant of unknown shape")),
            _ => continue,
        };
        let mut size = 0;
        for field in Message::new(bytes, range) {
            if let (1, Value::Number(number)) = field? {
                size = number;
            }
        }
        let size = i64::try_from(size).ok().map(|size| size as usize);
        sizes.push(size.ok_or_else(|| damaged("a constant of unknown shape"))?);
        if sizes.len() > StoredTensor::DIMENSIONS {
            return Err(damaged("a constant of more dimensions than any tensor has"));
        }
    }
    Ok(sizes)
}
