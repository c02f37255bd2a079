//! One image in memory, before it has the size of its set.

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

impl Picture<'_> {
    /// The same image in grey, or with three equal colours.
    pub(crate) fn with_channels(self, channels: Channels) -> Self {
        let bytes = match (self.channels, channels) {
            (Channels::Colour, Channels::Grey) => {
                self.bytes.chunks_exact(3).map(luminance).collect()
            }
            (Channels::Grey, Channels::Colour) => {
                self.bytes.iter().flat_map(|&level| [level; 3]).collect()
            }
            _ => return self,
        };
        Self {
            channels,
            bytes: Cow::Owned(bytes),
            ..self
        }
    }
}

/// ITU-R 601-2 in 16 bits, as Pillow has it.
fn luminance(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((red * 19_595 + green * 38_470 + blue * 7471 + 0x8000) >> 16) as u8
}
