//! How an image gets the size of its set, on its way into a buffer `[channels, height, width]`.

use std::{borrow::Cow, path::Path};

use serde::{Deserialize, Serialize};

use crate::{Error, Flip, Result, picture::Picture, resize::adm_crop};

/// Beyond this ratio of its sides an image is resized to more than it is worth.
const MOST_ELONGATED: usize = 64;

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
    /// The largest square in the middle is brought to the size, as EDM2's ImageNet was: [`adm_crop`].
    CropAdm,
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
            Self::Exact => (size == wanted, "are needed"),
            Self::Pad => (compare(usize::le), "or less are needed, to be padded"),
            Self::Crop => (compare(usize::ge), "or more are needed, to be cropped"),
            Self::CropAdm => {
                let [short, long] = [size[0].min(size[1]), size[0].max(size[1])];
                let fits = long <= MOST_ELONGATED * short;
                (
                    fits,
                    "are needed, of which the middle square would be next to nothing",
                )
            }
        };
        (!fits).then(|| {
            let ([height, width], [wanted_height, wanted_width]) = (size, wanted);
            format!("{width}×{height} pixels where {wanted_width}×{wanted_height} {needed}")
        })
    }
}

impl Fit {
    /// That all images of a set `[height, width]`, which are alike, can get the wanted size.
    pub(crate) fn check(self, path: &Path, size: [usize; 2], wanted: [usize; 2]) -> Result<()> {
        match self.refuses(size, wanted) {
            None => Ok(()),
            Some(problem) => Err(Error::Options(format!(
                "{}: images of {problem}; another resolution or another fit is needed",
                path.display()
            ))),
        }
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

impl Fit {
    /// Puts an image, which has the buffer's channels and is not refused, into `[channels, height, width]`.
    pub(crate) fn place(
        self,
        picture: &Picture<'_>,
        wanted: [usize; 2],
        flip: Flip,
        out: &mut [u8],
    ) {
        if self != Self::CropAdm {
            return centre(picture, wanted, flip, out);
        }
        let size = [picture.height, picture.width, picture.channels.count()];
        let square = Picture {
            height: wanted[0],
            width: wanted[0],
            channels: picture.channels,
            bytes: Cow::Owned(adm_crop(&picture.bytes, size, wanted[0])),
        };
        centre(&square, wanted, flip, out);
    }
}

/// Puts an image into the middle of a buffer: what is larger is cut, what is smaller gets a black margin. Where the difference is odd,
/// top and left get the smaller half.
fn centre(picture: &Picture<'_>, [height, width]: [usize; 2], flip: Flip, out: &mut [u8]) {
    let rows = Span::new(picture.height, height);
    let columns = Span::new(picture.width, width);
    if rows.length < height || columns.length < width {
        out.fill(0);
    }
    let channels = picture.channels.count();
    for row in 0..rows.length {
        let start = ((rows.from + row) * picture.width + columns.from) * channels;
        let pixels = &picture.bytes[start..start + columns.length * channels];
        for channel in 0..channels {
            let start = (channel * height + rows.to + row) * width;
            let line = &mut out[start..start + width];
            let target = &mut line[columns.to..columns.to + columns.length];
            for (target, pixel) in target.iter_mut().zip(pixels.chunks_exact(channels)) {
                *target = pixel[channel];
            }
            if flip == Flip::Horizontal {
                line.reverse();
            }
        }
    }
}
