//! How images become what the network sees. Every program of FID says "resize to 299", and they do not mean the same.

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::SIDE;
use crate::{Error, Result};

/// A way to bring images to 299×299 pixels and to the range that the network was trained with. Both are bilinear without smoothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TensorFlow's first resizing, in which pixel i lies at i·size/299, and (x − 128)/128: of the original program, of ADM's evaluator and of NVIDIA's.
    Tensorflow,
    /// Pixel i lies at (i + ½)·size/299 − ½, and 2·x/255 − 1: of pytorch-fid and of dgm-eval.
    PytorchFid,
}

impl Protocol {
    /// By which results say what they are.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tensorflow => "tensorflow",
            Self::PytorchFid => "pytorch-fid",
        }
    }

    /// Images `[images, channels, height, width]` of 1 or 3 channels to `[images, 299, 299, 3]`.
    pub fn present(self, images: &[u8], [channels, height, width]: [usize; 3]) -> Result<Tensor> {
        let size = channels * height * width;
        let whole = size > 0 && images.len().is_multiple_of(size);
        if !(whole && [1, 3].contains(&channels)) {
            return Err(Error::Input(format!(
                "{} levels where images [{channels}, {height}, {width}] of 1 or 3 channels were expected",
                images.len()
            )));
        }
        let [rows, columns] = [height, width].map(|length| self.taps(length));
        let count = images.len() / size;
        let mut presented = vec![0.0_f32; count * SIDE * SIDE * 3];
        let each = presented.par_chunks_exact_mut(SIDE * SIDE * 3);
        each.zip(images.par_chunks_exact(size))
            .for_each(|(out, image)| {
                for (channel, plane) in image.chunks_exact(height * width).enumerate() {
                    self.plane([&rows, &columns], plane, width, &mut out[channel..]);
                }
                if channels == 1 {
                    for pixel in out.chunks_exact_mut(3) {
                        pixel.fill(pixel[0]);
                    }
                }
            });
        Ok(Tensor::from_vec(
            presented,
            (count, SIDE, SIDE, 3),
            &Device::Cpu,
        )?)
    }

    /// Every third number of `out`.
    fn plane(self, [rows, columns]: [&[Tap]; 2], plane: &[u8], width: usize, out: &mut [f32]) {
        for (line, row) in out.chunks_mut(SIDE * 3).zip(rows) {
            let level = |line: usize, column: usize| f32::from(plane[line * width + column]);
            for (pixel, column) in line.iter_mut().step_by(3).zip(columns) {
                let across = |line: usize| {
                    let (first, second) = (level(line, column.first), level(line, column.second));
                    first + (second - first) * column.share
                };
                let (above, below) = (across(row.first), across(row.second));
                *pixel = self.scaled(above + (below - above) * row.share);
            }
        }
    }

    fn scaled(self, level: f32) -> f32 {
        match self {
            Self::Tensorflow => (level - 128.0) / 128.0,
            Self::PytorchFid => 2.0 * (level / 255.0) - 1.0,
        }
    }

    /// Where each of 299 pixels lies among `length`.
    fn taps(self, length: usize) -> Vec<Tap> {
        let scale = length as f64 / SIDE as f64;
        let tap = |place: usize| {
            let place = place as f64;
            let at = match self {
                Self::Tensorflow => place * scale,
                Self::PytorchFid => ((place + 0.5) * scale - 0.5).max(0.0),
            };
            let first = (at as usize).min(length - 1);
            Tap {
                first,
                second: (first + 1).min(length - 1),
                share: (at - first as f64) as f32,
            }
        };
        (0..SIDE).map(tap).collect()
    }
}

/// A place between two pixels.
struct Tap {
    first: usize,
    second: usize,
    /// Of the second.
    share: f32,
}
