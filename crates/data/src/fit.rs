//! How an image gets the size and the channels of its set, on its way into a buffer `[channels, height, width]`.

use serde::{Deserialize, Serialize};

use crate::{
    Flip,
    picture::{Channels, Picture},
};

/// How an image of another size gets the one that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// It does not: all images must have the size.
    Exact,
    /// A smaller one is put in the middle of a black one.
    Pad,
    /// The middle is cut out of a larger one, as it is.
    Crop,
}

impl Fit {
    /// Why an image `[height, width]` cannot get the wanted size, if it cannot.
    pub(crate) fn refuses(self, size: [usize; 2], wanted: [usize; 2]) -> Option<String> {
        let compare = |fits: fn(&usize, &usize) -> bool| {
            size.iter()
                .zip(&wanted)
                .all(|(own, wanted)| fits(own, wanted))
        };
        let (fits, needed) = match self {
            Self::Exact => (size == wanted, ""),
            Self::Pad => (compare(usize::le), " or less, to be padded,"),
            Self::Crop => (compare(usize::ge), " or more, to be cropped,"),
        };
        (!fits).then(|| {
            let ([height, width], [wanted_height, wanted_width]) = (size, wanted);
            format!(
                "{width}×{height} pixels where {wanted_width}×{wanted_height}{needed} are needed"
            )
        })
    }
}

/// Where an axis of the image lies on the same axis of the buffer, middle on middle.
struct Span {
    from: usize,
    to: usize,
    length: usize,
}

impl Span {
    fn new(own: usize, wanted: usize) -> Self {
        Self {
            from: own.saturating_sub(wanted) / 2,
            to: wanted.saturating_sub(own) / 2,
            length: own.min(wanted),
        }
    }
}

/// Puts an image into the middle of a buffer `[channels, height, width]`: what is larger is cut, what is smaller gets a black margin.
/// Where the difference is odd, top and left get the smaller half.
pub(crate) fn place(picture: &Picture<'_>, shape: [usize; 3], flip: Flip, out: &mut [u8]) {
    let [channels, height, width] = shape;
    let (rows, columns) = (
        Span::new(picture.height, height),
        Span::new(picture.width, width),
    );
    if rows.length < height || columns.length < width {
        out.fill(0);
    }
    let own = picture.channels.count();
    for row in 0..rows.length {
        let start = ((rows.from + row) * picture.width + columns.from) * own;
        let pixels = &picture.bytes[start..start + columns.length * own];
        for channel in 0..channels {
            let start = (channel * height + rows.to + row) * width;
            let line = &mut out[start..start + width];
            let target = &mut line[columns.to..columns.to + columns.length];
            copy_channel(pixels, picture.channels, (channel, channels), target);
            if flip == Flip::Horizontal {
                line.reverse();
            }
        }
    }
}

fn copy_channel(
    pixels: &[u8],
    own: Channels,
    (channel, channels): (usize, usize),
    target: &mut [u8],
) {
    match (own, channels) {
        (Channels::Grey, _) => target.copy_from_slice(pixels),
        (Channels::Colour, 1) => {
            for (target, pixel) in target.iter_mut().zip(pixels.chunks_exact(3)) {
                *target = luminance(pixel);
            }
        }
        (Channels::Colour, _) => {
            for (target, pixel) in target.iter_mut().zip(pixels.chunks_exact(3)) {
                *target = pixel[channel];
            }
        }
    }
}

/// ITU-R 601-2 in 16 bits, as PIL has it.
fn luminance(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((red * 19_595 + green * 38_470 + blue * 7471 + 0x8000) >> 16) as u8
}
