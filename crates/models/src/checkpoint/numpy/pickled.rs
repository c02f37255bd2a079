//! Arrays inside of pickles.

use std::sync::Arc;

use candle_core::DType;

use super::{
    super::{
        pickle::Node,
        problem::{Found, Problem},
    },
    array::{Array, Data},
    kind::Kind,
};
use crate::{SourceFile, StoredTensor};

/// Reads the array that a node is.
pub(in super::super) fn array(
    node: Node<'_>,
    file: &Arc<SourceFile>,
    bytes: &[u8],
) -> Found<StoredTensor> {
    describe(node, bytes)?.tensor(file, bytes)
}

fn describe(node: Node<'_>, bytes: &[u8]) -> Found<Array> {
    let needed = || node.refuse("an array");
    let damaged = || Problem::new("a damaged array");
    let (shape, described, fortran, data) = match node.call().ok_or_else(needed)? {
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct", _) => {
            let state = node.state().ok_or_else(damaged)?;
            let [_version, shape, kind, fortran, data] = state.array().ok_or_else(damaged)?;
            (shape, kind, fortran.boolean().ok_or_else(damaged)?, data)
        }
        ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer", arguments) => {
            let [data, kind, shape, order] = arguments.array().ok_or_else(damaged)?;
            (shape, kind, order.text().ok_or_else(damaged)? == "F", data)
        }
        _ => return Err(needed()),
    };
    Ok(Array {
        shape: shape.sizes().ok_or_else(damaged)?,
        kind: kind(described)?,
        fortran,
        data: match data.bytes() {
            Some(range) => Data::InFile(range),
            None => Data::Copied(copied(data, bytes)?),
        },
    })
}

/// A number, which may be one of numpy's own.
pub(in super::super) fn number(node: Node<'_>, bytes: &[u8]) -> Option<f64> {
    if let Some(number) = node.number() {
        return Some(number);
    }
    let ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar", arguments) = node.call()?
    else {
        return None;
    };
    let [kind, data] = arguments.array()?;
    let kind = self::kind(kind).ok()?;
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

/// From `dtype('f8', False, True)` and its state `(3, '<', …)`.
fn kind(node: Node<'_>) -> Found<Kind> {
    let Some(("numpy", "dtype", arguments)) = node.call() else {
        return Err(node.refuse("the type of an array"));
    };
    let name = arguments.elements().and_then(|mut parts| parts.next());
    let name = name.and_then(Node::text);
    let name = name.ok_or_else(|| Problem::new("an array of no type"))?;
    let state = node.state().and_then(Node::elements);
    let order = state
        .and_then(|mut parts| parts.nth(1))
        .and_then(Node::text);
    Kind::new(name, order.unwrap_or("<"))
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
