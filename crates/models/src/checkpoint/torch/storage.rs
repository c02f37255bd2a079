//! References to storages: `('storage', torch.FloatStorage, key, device, count)`.

use candle_core::DType;

use super::super::{
    pickle::Node,
    problem::{Found, Problem, shown},
};

/// What a persistent reference says about a storage.
#[derive(Debug, Clone)]
pub(super) struct Reference<'a> {
    pub(super) key: &'a str,
    pub(super) dtype: DType,
    /// Of the whole storage.
    pub(super) count: u64,
    /// In older streams, a storage may be a part of the one with the key: first element and count.
    pub(super) part: Option<(u64, u64)>,
}

impl<'a> Reference<'a> {
    pub(super) fn new(node: Node<'a>) -> Found<Self> {
        let damaged = || Problem::new("a reference that is not one to a storage");
        let reference = node.persistent().ok_or_else(damaged)?;
        let parts: Vec<Node<'a>> = reference.elements().ok_or_else(damaged)?.take(6).collect();
        let [tag, class, key, _device, count, rest @ ..] = parts.as_slice() else {
            return Err(damaged());
        };
        if tag.text() != Some("storage") {
            return Err(damaged());
        }
        let part = match rest.first().filter(|view| !view.is_none()) {
            None => None,
            Some(view) => {
                let [_key, first, count] = view.array().ok_or_else(damaged)?;
                let first = first.size().ok_or_else(damaged)? as u64;
                Some((first, count.size().ok_or_else(damaged)? as u64))
            }
        };
        Ok(Self {
            key: key.text().ok_or_else(damaged)?,
            dtype: dtype(*class)?,
            count: count.size().ok_or_else(damaged)? as u64,
            part,
        })
    }

    /// How many bytes the whole storage has.
    pub(super) fn length(&self) -> Found<u64> {
        let width = self.dtype.size_in_bytes() as u64;
        let length = self.count.checked_mul(width);
        length.ok_or_else(|| Problem::new("a storage larger than any file"))
    }
}

/// The type of a storage's numbers by its class. Booleans are bytes.
fn dtype(class: Node<'_>) -> Found<DType> {
    let known = "a storage of Float, Half, BFloat16, Double, Long, Int, Short, Byte or Bool";
    let Some(("torch", name)) = class.global() else {
        return Err(class.refuse(known));
    };
    Ok(match name {
        "FloatStorage" => DType::F32,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "DoubleStorage" => DType::F64,
        "LongStorage" => DType::I64,
        "IntStorage" => DType::I32,
        "ShortStorage" => DType::I16,
        "ByteStorage" | "BoolStorage" => DType::U8,
        other => {
            return Err(Problem::new(format!(
                "tensors of torch.{} cannot be read, only {known}",
                shown(other)
            )));
        }
    })
}
