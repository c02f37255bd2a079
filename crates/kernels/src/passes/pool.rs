//! Pooling: one number for each window of an image and each channel.

use super::check_lengths;
use super::pieces::{Cut, pieces};
use crate::convolution::Image;
use crate::element::Element;
use crate::instructions::{Instructions, Pass};

/// What is said of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Its largest number; not a number if one of them is none.
    Max,
    /// The mean of its pixels that are inside the image.
    Mean,
}

/// Square windows of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// What is said of each.
    pub pooling: Pooling,
    /// Their sides.
    pub window: usize,
    /// Step from one to the next.
    pub stride: usize,
    /// How far they reach beyond the image: at most half of a window, so that each sees something of it.
    pub padding: usize,
}

impl Pool {
    /// The output's size; `None` where no window fits, or a window could see nothing of the image.
    pub fn output_size(&self, image: Image) -> Option<Image> {
        let Self {
            window,
            stride,
            padding,
            ..
        } = *self;
        let along = |size: usize| {
            let sees = size > 0 && stride > 0 && window > 0 && 2 * padding <= window;
            let rest = (size + 2 * padding).checked_sub(window)?;
            sees.then(|| rest / stride + 1)
        };
        Some(Image {
            batch: image.batch,
            height: along(image.height)?,
            width: along(image.width)?,
        })
    }
}

/// `x` `[batch, height, width, channels]` as `image` says to `out`, which is as large as [`Pool::output_size`] says.
///
/// # Panics
/// If the lengths do not fit, or nothing comes out.
pub fn pool<T: Element>(
    instructions: Instructions,
    pool: Pool,
    image: Image,
    channels: usize,
    x: &[T],
    out: &mut [T],
) {
    check_lengths("pool", "the image", x.len(), image.pixels() * channels);
    let Some(size) = pool.output_size(image) else {
        panic!("pool: nothing comes out of {image:?} by {pool:?}");
    };
    check_lengths("pool", "out", out.len(), size.pixels() * channels);
    if out.is_empty() {
        return;
    }
    let row = size.width * channels;
    let cut = Cut {
        values: out,
        length: row,
    };
    pieces(row * pool.window * pool.window, cut, |index, out| {
        let (sample, line) = (index / size.height, index % size.height);
        let lines = image.width * channels;
        instructions.run(Line {
            pool,
            image,
            channels,
            at: line,
            x: &x[sample * image.height * lines..][..image.height * lines],
            out,
        });
    });
}

/// Channels at a time: their numbers stay in registers while a window is looked at.
const CHANNELS: usize = 64;

/// One line of the output.
struct Line<'a, T> {
    pool: Pool,
    image: Image,
    channels: usize,
    at: usize,
    /// Of one sample.
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Element> Pass for Line<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            pool,
            image,
            channels,
            at,
            x,
            out,
        } = self;
        let inside = |at: usize, size: usize| {
            let start = at * pool.stride;
            let end = (start + pool.window).saturating_sub(pool.padding);
            start.saturating_sub(pool.padding)..end.min(size)
        };
        let rows = inside(at, image.height);
        for (column, out) in out.chunks_exact_mut(channels).enumerate() {
            let columns = inside(column, image.width);
            for (part, out) in out.chunks_mut(CHANNELS).enumerate() {
                let mut found = [pool.pooling.start(); CHANNELS];
                for row in rows.clone() {
                    for column in columns.clone() {
                        let pixel = (row * image.width + column) * channels + part * CHANNELS;
                        let numbers = x[pixel..][..out.len()].iter();
                        for (found, number) in found.iter_mut().zip(numbers) {
                            *found = pool.pooling.with(*found, number.to_f32());
                        }
                    }
                }
                let share = pool.pooling.share(rows.len() * columns.len());
                for (out, found) in out.iter_mut().zip(found) {
                    *out = T::from_f32(found * share);
                }
            }
        }
    }
}

impl Pooling {
    #[inline(always)]
    fn start(self) -> f32 {
        match self {
            Self::Max => f32::NEG_INFINITY,
            Self::Mean => 0.0,
        }
    }

    #[inline(always)]
    fn with(self, found: f32, number: f32) -> f32 {
        match self {
            Self::Max if number > found || number.is_nan() => number,
            Self::Max => found,
            Self::Mean => found + number,
        }
    }

    #[inline(always)]
    fn share(self, pixels: usize) -> f32 {
        match self {
            Self::Max => 1.0,
            Self::Mean => 1.0 / pixels as f32,
        }
    }
}
