//! A value seen from outside: what it is, if it is what the reader expects.

use std::ops::Range;

use crate::StoredTensor;

use super::{
    super::problem::{Problem, shown},
    Pickle,
    value::{Id, Making, Object, Value},
};

/// Calls that make an empty dictionary, whose items are set afterwards.
const DICTIONARIES: [(&str, &str); 5] = [
    ("collections", "OrderedDict"),
    ("dnnlib.util", "EasyDict"),
    ("dnnlib", "EasyDict"),
    ("builtins", "dict"),
    ("__builtin__", "dict"),
];

/// A value of a pickle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    pickle: &'a Pickle<'a>,
    id: Id,
}

impl<'a> Node<'a> {
    pub(super) fn new(pickle: &'a Pickle<'a>, id: Id) -> Self {
        Self { pickle, id }
    }

    fn value(self) -> &'a Value {
        &self.pickle.values[self.id.0 as usize]
    }

    fn at(self, id: Id) -> Self {
        Self { id, ..self }
    }

    pub(crate) fn is_none(self) -> bool {
        matches!(self.value(), Value::None)
    }

    pub(crate) fn boolean(self) -> Option<bool> {
        match self.value() {
            Value::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn integer(self) -> Option<i64> {
        match self.value() {
            Value::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes of an integer of more than 64 bits.
    pub(crate) fn long_integer(self) -> Option<&'a [u8]> {
        match self.value() {
            Value::LongInteger(range) => Some(&self.pickle.bytes[range.clone()]),
            _ => None,
        }
    }

    /// A count or size.
    pub(crate) fn size(self) -> Option<usize> {
        self.integer().and_then(|value| value.try_into().ok())
    }

    /// An integer or a float.
    pub(crate) fn number(self) -> Option<f64> {
        match self.value() {
            Value::Float(value) => Some(*value),
            Value::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }

    pub(crate) fn text(self) -> Option<&'a str> {
        match self.value() {
            Value::Text(range) | Value::Ambiguous(range) => {
                std::str::from_utf8(&self.pickle.bytes[range.clone()]).ok()
            }
            Value::Unescaped(text) => Some(text),
            _ => None,
        }
    }

    /// The place of bytes in the file.
    pub(crate) fn bytes(self) -> Option<Range<usize>> {
        match self.value() {
            Value::Bytes(range) | Value::Ambiguous(range) => Some(range.clone()),
            _ => None,
        }
    }

    /// The elements of a list or tuple.
    pub(crate) fn elements(self) -> Option<impl ExactSizeIterator<Item = Node<'a>> + Clone> {
        match self.value() {
            Value::List(elements) | Value::Tuple(elements) if self.pickle.walk(elements.len()) => {
                Some(elements.iter().map(move |&id| self.at(id)))
            }
            _ => None,
        }
    }

    /// The elements of a tuple or list with exactly `N`.
    pub(crate) fn array<const N: usize>(self) -> Option<[Node<'a>; N]> {
        let elements: Vec<Node<'a>> = self
            .elements()
            .filter(|elements| elements.len() == N)?
            .collect();
        elements.try_into().ok()
    }

    /// The few sizes in a tuple, list or `torch.Size`.
    pub(crate) fn sizes(self) -> Option<Vec<usize>> {
        let sizes = match self.call() {
            Some(("torch", "Size", arguments)) => arguments.array::<1>()?[0],
            _ => self,
        };
        let sizes = sizes.elements()?;
        (sizes.len() <= StoredTensor::DIMENSIONS).then_some(())?;
        sizes.map(Node::size).collect()
    }

    /// The items of a dictionary of any class.
    pub(crate) fn items(
        self,
    ) -> Option<impl ExactSizeIterator<Item = (Node<'a>, Node<'a>)> + Clone> {
        let items = match self.value() {
            Value::Dictionary(items) => items,
            Value::Object(object) => {
                let (module, name, arguments) = self.call()?;
                let plain = DICTIONARIES.contains(&(module, name))
                    && arguments.elements()?.len() == 0
                    && object.elements.is_empty();
                plain.then_some(&object.items)?
            }
            _ => return None,
        };
        self.pickle.walk(items.len()).then(|| {
            items
                .iter()
                .map(move |&(key, value)| (self.at(key), self.at(value)))
        })
    }

    /// The value of a key; the last one counts, as in Python.
    pub(crate) fn get(self, key: &str) -> Option<Node<'a>> {
        let named = self.items()?.filter(|(name, _)| name.text() == Some(key));
        named.map(|(_, value)| value).last()
    }

    /// The module and name of a class or function.
    pub(crate) fn global(self) -> Option<(&'a str, &'a str)> {
        match self.value() {
            Value::Global { module, name } => {
                Some((self.at(*module).text()?, self.at(*name).text()?))
            }
            _ => None,
        }
    }

    fn object(self) -> Option<&'a Object> {
        match self.value() {
            Value::Object(object) if object.making == Making::Called => Some(object),
            _ => None,
        }
    }

    /// Module, name and arguments of the call that would have made it.
    pub(crate) fn call(self) -> Option<(&'a str, &'a str, Node<'a>)> {
        let object = self.object()?;
        let (module, name) = self.at(object.callable).global()?;
        Some((module, name, self.at(object.arguments)))
    }

    /// The state an object was given.
    pub(crate) fn state(self) -> Option<Node<'a>> {
        self.object()?.state.map(|state| self.at(state))
    }

    /// What a reference to something outside says.
    pub(crate) fn persistent(self) -> Option<Node<'a>> {
        match self.value() {
            Value::Persistent(reference) => Some(self.at(*reference)),
            _ => None,
        }
    }

    /// Whether it is a class, a function, a call or an instance: what has a meaning only for the program that wrote it.
    pub(crate) fn is_code(self) -> bool {
        matches!(self.value(), Value::Global { .. } | Value::Object(_))
    }

    /// What messages call it.
    pub(crate) fn describe(self) -> String {
        let global = match self.value() {
            Value::Object(object) => self.at(object.callable).global(),
            _ => self.global(),
        };
        match global {
            Some((module, name)) => format!("{}.{}", shown(module), shown(name)),
            None => self.value().kind().to_owned(),
        }
    }

    /// That something else was needed here.
    pub(crate) fn refuse(self, needed: &str) -> Problem {
        let found = self.describe();
        Problem::new(if self.is_code() {
            format!("'{found}' where {needed} is needed; Foil never runs code from a file")
        } else {
            format!("{found} where {needed} is needed")
        })
    }
}
