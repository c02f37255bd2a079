//! Tensors out of the calls that would have rebuilt them.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::Arc,
};

use candle_core::DType;

use super::{
    super::{
        pickle::{Node, Pickle},
        problem::{Found, Problem, shown},
    },
    legacy::Stream,
    storage::Reference,
};
use crate::{Layout, SourceFile, StoredTensor};

/// A run of numbers of one type in the file.
#[derive(Debug, Clone)]
struct Storage {
    dtype: DType,
    range: Range<u64>,
}

/// Makes stored tensors of a file's nodes.
#[derive(Debug)]
pub(crate) struct Tensors<'a> {
    file: Arc<SourceFile>,
    bytes: &'a [u8],
    /// Storages outside of the pickle by their keys.
    storages: BTreeMap<String, Range<u64>>,
    /// Storages inside of the pickle by where their streams begin: many tensors may refer to the same one.
    embedded: HashMap<usize, Storage>,
}

impl<'a> Tensors<'a> {
    /// For the tensors of `file`, whose bytes are `bytes`.
    pub(crate) fn new(
        file: &Arc<SourceFile>,
        bytes: &'a [u8],
        storages: BTreeMap<String, Range<u64>>,
    ) -> Self {
        Self {
            file: Arc::clone(file),
            bytes,
            storages,
            embedded: HashMap::new(),
        }
    }

    /// The tensor that a node is; none if it is something else.
    pub(crate) fn read(&mut self, node: Node<'_>) -> Found<Option<StoredTensor>> {
        let mut node = node;
        // A parameter is a tensor with a mark; nothing has more than one.
        if let Some((
            "torch._utils",
            "_rebuild_parameter" | "_rebuild_parameter_with_state",
            arguments,
        )) = node.call()
        {
            let damaged = || Problem::new("a parameter without a tensor");
            node = arguments
                .elements()
                .and_then(|mut arguments| arguments.next())
                .ok_or_else(damaged)?;
        }
        let Some(("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2", arguments)) =
            node.call()
        else {
            return Ok(None);
        };
        let damaged = || Problem::new("a tensor without storage, offset, size and strides");
        let arguments: Vec<Node<'_>> = arguments.elements().ok_or_else(damaged)?.take(4).collect();
        let [storage, offset, shape, strides] = arguments.as_slice() else {
            return Err(damaged());
        };
        let storage = self.storage(*storage)?;
        let shape = shape.sizes().ok_or_else(damaged)?;
        let strides = strides.sizes().ok_or_else(damaged)?;
        let layout = Layout {
            offset: offset.size().ok_or_else(damaged)? as u64,
            strides: strides.into_iter().map(|stride| stride as u64).collect(),
        };
        let tensor =
            StoredTensor::in_storage(storage.dtype, &shape, &self.file, storage.range, layout)?;
        Ok(Some(tensor))
    }

    fn storage(&mut self, node: Node<'_>) -> Found<Storage> {
        if node.persistent().is_some() {
            return find(&Reference::new(node)?, &self.storages);
        }
        let bytes = match node.call() {
            Some(("torch.storage", "_load_from_bytes", arguments)) => {
                arguments.array::<1>().and_then(|[bytes]| bytes.bytes())
            }
            _ => None,
        };
        let range = bytes.ok_or_else(|| node.refuse("a tensor's storage"))?;
        if let Some(storage) = self.embedded.get(&range.start) {
            return Ok(storage.clone());
        }
        let start = range.start;
        let stream = Stream::read(self.bytes, range, Pickle::SMALL)?;
        let storage = find(&Reference::new(stream.object.root())?, &stream.storages)?;
        self.embedded.insert(start, storage.clone());
        Ok(storage)
    }
}

/// Where the storage of a reference lies.
fn find(reference: &Reference<'_>, storages: &BTreeMap<String, Range<u64>>) -> Found<Storage> {
    let key = shown(reference.key);
    let whole = storages
        .get(reference.key)
        .ok_or_else(|| Problem::new(format!("storage '{key}' is not in the file")))?;
    let length = reference.length()?;
    if whole.end - whole.start != length {
        return Err(Problem::new(format!(
            "storage '{key}' should have {length} bytes and has {}",
            whole.end - whole.start
        )));
    }
    let width = reference.dtype.size_in_bytes() as u64;
    let range = match reference.part {
        None => whole.clone(),
        Some((first, count)) => {
            let last = first.checked_add(count);
            if last.is_none_or(|last| last > reference.count) {
                return Err(Problem::new(format!(
                    "a part of storage '{key}' reaches beyond its end"
                )));
            }
            whole.start + first * width..whole.start + (first + count) * width
        }
    };
    Ok(Storage {
        dtype: reference.dtype,
        range,
    })
}
