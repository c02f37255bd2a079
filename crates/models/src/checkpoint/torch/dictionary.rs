//! State dictionaries: tensors by name, in dictionaries of dictionaries, made flat with dots.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    super::{
        pickle::Node,
        problem::{Found, Problem, shown},
    },
    Tensors,
};
use crate::StoredTensor;

/// Collects tensors under dotted names within bounds: a value that holds itself, or one part a million times, must end.
#[derive(Debug, Default)]
pub(crate) struct Names {
    tensors: BTreeMap<String, StoredTensor>,
    visited: usize,
}

impl Names {
    const MOST: usize = 1 << 16;
    const DEEPEST: usize = 64;
    const LONGEST: usize = 512;

    /// Counts a visit to a part of the file at some depth.
    pub(crate) fn visit(&mut self, depth: usize) -> Found<()> {
        self.visited += 1;
        if depth > Self::DEEPEST {
            return Err(Problem::new(format!(
                "its parts are nested more than {} deep, or hold themselves",
                Self::DEEPEST
            )));
        }
        if self.visited > 16 * Self::MOST {
            return Err(Problem::new("it has more parts than any network"));
        }
        Ok(())
    }

    /// The name of a part of `prefix`.
    pub(crate) fn join(prefix: &str, part: &str) -> Found<String> {
        if part.chars().any(char::is_control) || prefix.len() + part.len() > Self::LONGEST {
            return Err(Problem::new(format!("'{}' is no name", shown(part))));
        }
        Ok(if prefix.is_empty() {
            part.to_owned()
        } else {
            format!("{prefix}.{part}")
        })
    }

    /// Adds a tensor.
    pub(crate) fn insert(&mut self, name: String, tensor: StoredTensor) -> Found<()> {
        if self.tensors.len() >= Self::MOST {
            return Err(Problem::new(format!(
                "it has more than {} tensors",
                Self::MOST
            )));
        }
        match self.tensors.entry(name) {
            Entry::Vacant(place) => {
                place.insert(tensor);
                Ok(())
            }
            Entry::Occupied(other) => Err(Problem::new(format!(
                "two tensors are named '{}'",
                other.key()
            ))),
        }
    }

    /// All of them.
    pub(crate) fn tensors(self) -> BTreeMap<String, StoredTensor> {
        self.tensors
    }
}

/// The tensors of a state dictionary, which may be wrapped as `state_dict`.
pub(crate) fn state_dictionary(
    root: Node<'_>,
    tensors: &mut Tensors<'_>,
) -> Found<BTreeMap<String, StoredTensor>> {
    if root.items().is_none() {
        return Err(root.refuse("a dictionary of tensors"));
    }
    let wrapped = root.get("state_dict");
    let root = wrapped
        .filter(|inner| inner.items().is_some())
        .unwrap_or(root);
    let mut names = Names::default();
    collect(root, "", 0, tensors, &mut names)?;
    let found = names.tensors();
    if found.is_empty() {
        return Err(Problem::new("a pickle that holds no tensors"));
    }
    Ok(found)
}

/// Numbers, texts and the like between the tensors are passed over; what would be code is not, for it might be a tensor.
fn collect(
    node: Node<'_>,
    name: &str,
    depth: usize,
    tensors: &mut Tensors<'_>,
    names: &mut Names,
) -> Found<()> {
    names.visit(depth)?;
    if let Some(tensor) = tensors.read(node).map_err(|problem| problem.at(name))? {
        return names.insert(name.to_owned(), tensor);
    }
    if let Some(items) = node.items() {
        for (key, value) in items {
            let part = match (key.text(), key.integer()) {
                (Some(text), _) => Names::join(name, text)?,
                (None, Some(number)) => Names::join(name, &number.to_string())?,
                (None, None) => return Err(key.refuse("a tensor's name")),
            };
            collect(value, &part, depth + 1, tensors, names)?;
        }
    } else if let Some(elements) = node.elements() {
        for (index, value) in elements.enumerate() {
            let part = Names::join(name, &index.to_string())?;
            collect(value, &part, depth + 1, tensors, names)?;
        }
    } else if node.is_code() {
        return Err(node.refuse("a tensor").at(name));
    }
    Ok(())
}
