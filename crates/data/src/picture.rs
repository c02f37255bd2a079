//! One image in memory, before it has the size and the channels of its set.

use std::borrow::Cow;

/// An image of 8 bits, its channels side by side: `[height, width, channels]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture<'a> {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: Channels,
    pub(crate) bytes: Cow<'a, [u8]>,
}

/// What a pixel is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Channels {
    Grey,
    Colour,
}

impl Channels {
    /// How many.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Colour => 3,
        }
    }
}
