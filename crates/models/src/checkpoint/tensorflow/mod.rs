//! TensorFlow's frozen graphs: a `GraphDef`, whose constants are a network's weights.
//!
//! A serialised graph has neither a mark nor an end: what begins with a whole node is taken for one, and a file that was cut between two
//! nodes is a smaller graph.

mod constant;
mod wire;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use self::{
    constant::constant,
    wire::{Message, Value},
};
use super::{
    problem::{Found, Problem, shown},
    torch::Names,
};
use crate::{SourceFile, StoredTensor};

/// The number of a graph's nodes among its fields.
const NODE: u32 = 1;

/// Whether these bytes begin a graph.
pub(super) fn is_graph(bytes: &[u8]) -> bool {
    // The first node is the first field, with its length.
    let first = bytes.starts_with(&[0x0A]).then(|| {
        let mut fields = Message::new(bytes, 0..bytes.len());
        fields.next()
    });
    match first.flatten() {
        Some(Ok((NODE, Value::Bytes(range)))) => Node::read(bytes, range).is_ok(),
        _ => false,
    }
}

/// The constants of a graph that are floating-point numbers, by the names of their nodes; whatever else is in it is passed over.
pub(super) fn read(file: &Arc<SourceFile>, bytes: &[u8]) -> Found<BTreeMap<String, StoredTensor>> {
    let mut names = Names::default();
    for field in Message::new(bytes, 0..bytes.len()) {
        let (NODE, Value::Bytes(range)) = field? else {
            continue;
        };
        let node = Node::read(bytes, range)?;
        if node.operation != "Const" {
            continue;
        }
        let name = Names::join("", node.name)?;
        let tensor = constant(node.value, file, bytes);
        if let Some(tensor) = tensor.map_err(|problem| problem.at(&name))? {
            names.insert(name, tensor)?;
        }
    }
    let tensors = names.tensors();
    if tensors.is_empty() {
        return Err(Problem::new(
            "a TensorFlow graph without constants: its weights were not frozen into it",
        ));
    }
    Ok(tensors)
}

/// What is needed of a node.
struct Node<'a> {
    name: &'a str,
    operation: &'a str,
    /// The attribute `value`, which constants have.
    value: Option<Range<usize>>,
}

impl<'a> Node<'a> {
    /// `NodeDef { string name = 1; string op = 2; map<string, AttrValue> attr = 5; }`
    fn read(bytes: &'a [u8], range: Range<usize>) -> Found<Self> {
        let (mut name, mut operation, mut value) = (None, None, None);
        for field in Message::new(bytes, range) {
            match field? {
                (1, Value::Bytes(range)) => name = Some(text(bytes, range)?),
                (2, Value::Bytes(range)) => operation = Some(text(bytes, range)?),
                (5, Value::Bytes(range)) => {
                    if let ("value", Some(range)) = attribute(bytes, range)? {
                        value = Some(range);
                    }
                }
                _ => {}
            }
        }
        match (name, operation) {
            (Some(name), Some(operation)) => Ok(Self {
                name,
                operation,
                value,
            }),
            _ => Err(damaged("a node without a name or an operation")),
        }
    }
}

/// An entry of the map of attributes: `{ string key = 1; AttrValue value = 2; }`
fn attribute(bytes: &[u8], range: Range<usize>) -> Found<(&str, Option<Range<usize>>)> {
    let (mut key, mut value) = ("", None);
    for field in Message::new(bytes, range) {
        match field? {
            (1, Value::Bytes(range)) => key = text(bytes, range)?,
            (2, Value::Bytes(range)) => value = Some(range),
            _ => {}
        }
    }
    Ok((key, value))
}

fn text(bytes: &[u8], range: Range<usize>) -> Found<&str> {
    let text = &bytes[range];
    std::str::from_utf8(text).map_err(|_| {
        let text = String::from_utf8_lossy(text);
        damaged(&format!("'{}' is no text", shown(&text)))
    })
}

fn damaged(what: &str) -> Problem {
    Problem::new(format!("damaged TensorFlow graph: {what}"))
}
