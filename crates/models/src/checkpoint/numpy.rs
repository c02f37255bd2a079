//! Arrays of numpy inside of pickles: little- or big-endian, in C's or Fortran's order.

use std::sync::Arc;

use candle_core::DType;

use super::{
    pickle::Node,
    problem::{Found, Problem, shown},
};
use crate::{Layout, SourceFile, StoredTensor};

/// A type as numpy describes it.
#[derive(Debug, Clone, Copy)]
struct Kind {
    dtype: DType,
    big_endian: bool,
}

/// What an array says about itself.
struct Description<'a> {
    shape: Vec<usize>,
    kind: Kind,
    fortran: bool,
    data: Node<'a>,
}

/// Reads the array that a node is.
pub(super) fn array(node: Node<'_>, file: &Arc<SourceFile>, bytes: &[u8]) -> Found<StoredTensor> {
    let description = describe(node)?;
    let Description { shape, kind, .. } = &description;
    let strides = strides(shape, description.fortran)
        .ok_or_else(|| Problem::new("an array larger than any file"))?;
    let layout = Layout { offset: 0, strides };
    let length = |length: usize| {
        let count = shape
            .iter()
            .try_fold(kind.dtype.size_in_bytes(), |count, &size| {
                count.checked_mul(size)
            });
        if count == Some(length) {
            return Ok(());
        }
        Err(Problem::new(format!(
            "{length} bytes cannot be an array of {shape:?} numbers"
        )))
    };
    if let Some(range) = description.data.bytes()
        && !kind.big_endian
    {
        length(range.len())?;
        let range = range.start as u64..range.end as u64;
        return Ok(StoredTensor::in_storage(
            kind.dtype, shape, file, range, layout,
        )?);
    }
    let mut data = copied(description.data, bytes)?;
    length(data.len())?;
    if kind.big_endian {
        for number in data.chunks_exact_mut(kind.dtype.size_in_bytes()) {
            number.reverse();
        }
    }
    if !layout.is_contiguous(shape) {
        let width = kind.dtype.size_in_bytes();
        data = crate::strided::gather(&data, width, shape, &layout.strides);
    }
    Ok(StoredTensor::in_memory(kind.dtype, shape, data)?)
}

fn describe(node: Node<'_>) -> Found<Description<'_>> {
    let needed = || node.refuse("an array");
    let damaged = || Problem::new("a damaged array");
    match node.call().ok_or_else(needed)? {
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct", _) => {
            let state = node.state().ok_or_else(damaged)?;
            let [_version, shape, kind, fortran, data] = state.array().ok_or_else(damaged)?;
            Ok(Description {
                shape: shape.sizes().ok_or_else(damaged)?,
                kind: Kind::new(kind)?,
                fortran: fortran.boolean().ok_or_else(damaged)?,
                data,
            })
        }
        ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer", arguments) => {
            let [data, kind, shape, order] = arguments.array().ok_or_else(damaged)?;
            Ok(Description {
                shape: shape.sizes().ok_or_else(damaged)?,
                kind: Kind::new(kind)?,
                fortran: order.text().ok_or_else(damaged)? == "F",
                data,
            })
        }
        _ => Err(needed()),
    }
}

/// A number, which may be one of numpy's own.
pub(super) fn number(node: Node<'_>, bytes: &[u8]) -> Option<f64> {
    if let Some(number) = node.number() {
        return Some(number);
    }
    let ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar", arguments) = node.call()?
    else {
        return None;
    };
    let [kind, data] = arguments.array()?;
    let kind = Kind::new(kind).ok()?;
    let mut data = copied(data, bytes).ok()?;
    if kind.big_endian {
        data.reverse();
    }
    match kind.dtype {
        DType::F64 => Some(f64::from_le_bytes(data.try_into().ok()?)),
        DType::F32 => Some(f32::from_le_bytes(data.try_into().ok()?).into()),
        DType::I64 => Some(i64::from_le_bytes(data.try_into().ok()?) as f64),
        _ => None,
    }
}

impl Kind {
    /// From `dtype('f8', False, True)` and its state `(3, '<', …)`.
    fn new(node: Node<'_>) -> Found<Self> {
        let Some(("numpy", "dtype", arguments)) = node.call() else {
            return Err(node.refuse("the type of an array"));
        };
        let damaged = || Problem::new("an array of no type");
        let name = arguments.elements().and_then(|mut parts| parts.next());
        let name = name.and_then(Node::text).ok_or_else(damaged)?;
        let dtype = match name {
            "f2" => DType::F16,
            "f4" => DType::F32,
            "f8" => DType::F64,
            "i2" => DType::I16,
            "i4" => DType::I32,
            "i8" => DType::I64,
            "u1" => DType::U8,
            "u4" => DType::U32,
            other => {
                return Err(Problem::new(format!(
                    "arrays of type '{}' cannot be read, only f2, f4, f8, i2, i4, i8, u1 and u4",
                    shown(other)
                )));
            }
        };
        let state = node.state().and_then(Node::elements);
        let order = state
            .and_then(|mut parts| parts.nth(1))
            .and_then(Node::text);
        match order.unwrap_or("<") {
            "<" | "|" | "=" => Ok(Self {
                dtype,
                big_endian: false,
            }),
            ">" => Ok(Self {
                dtype,
                big_endian: true,
            }),
            _ => Err(damaged()),
        }
    }
}

/// Bytes in memory. Protocol 2 has none, and says `_codecs.encode(text, 'latin1')`.
fn copied(node: Node<'_>, bytes: &[u8]) -> Found<Vec<u8>> {
    if let Some(range) = node.bytes() {
        return Ok(bytes[range].to_vec());
    }
    let text = match node.call() {
        Some(("_codecs", "encode", arguments)) => arguments
            .array()
            .filter(|[_, codec]: &[Node<'_>; 2]| codec.text() == Some("latin1"))
            .and_then(|[text, _]| text.text()),
        _ => None,
    };
    let text = text.ok_or_else(|| node.refuse("the bytes of an array"))?;
    text.chars()
        .map(|character| u8::try_from(u32::from(character)))
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::new("the bytes of an array are damaged"))
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
