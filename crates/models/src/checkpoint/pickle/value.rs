//! What a pickle's program makes.

use std::ops::Range;

/// The place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(pub(super) u32);

/// One value; texts and bytes are places in the file.
#[derive(Debug)]
pub(super) enum Value {
    None,
    Boolean(bool),
    Integer(i64),
    /// Little-endian, two's complement, too large for the above.
    LongInteger(Range<usize>),
    Float(f64),
    Text(Range<usize>),
    /// A text of protocol 0 that held escapes.
    Unescaped(Box<str>),
    /// A string of Python 2, which is text or bytes.
    Ambiguous(Range<usize>),
    Bytes(Range<usize>),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Set(Vec<Id>),
    Dictionary(Vec<(Id, Id)>),
    /// A class or function by the places of its module's name and its own.
    Global {
        module: Id,
        name: Id,
    },
    /// A reference to something outside of the pickle.
    Persistent(Id),
    Object(Box<Object>),
}

/// How an object came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Making {
    /// The result of a call, or an instance of a class.
    Called,
    /// An instance of a class made with arguments by name, which no known format uses.
    WithKeywords,
}

/// What a call would have returned, with all that was done to it afterwards.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) making: Making,
    pub(super) callable: Id,
    /// A tuple.
    pub(super) arguments: Id,
    pub(super) state: Option<Id>,
    pub(super) items: Vec<(Id, Id)>,
    pub(super) elements: Vec<Id>,
}

impl Value {
    /// What messages call it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) | Self::LongInteger(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Text(_) | Self::Unescaped(_) | Self::Ambiguous(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Set(_) => "a set",
            Self::Dictionary(_) => "a dictionary",
            Self::Global { .. } => "a class or function",
            Self::Persistent(_) => "a reference to something outside",
            Self::Object(_) => "an object",
        }
    }
}
