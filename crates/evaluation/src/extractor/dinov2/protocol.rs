//! How images become what the network sees: 224×224 pixels, whatever their shape, by a smoothed cubic, and numbers of mean 0 and deviation 1 over
//! `ImageNet`. Published distances used two programs' cubics.

use candle_core::{Device, Tensor};
use foil_data::resize::{Filter, resize, resize_unrounded_bicubic};
use foil_models::features::dinov2::SIDE;
use rayon::prelude::*;

use crate::{Result, extractor::count};

/// Mean and deviation of `ImageNet`'s red, green and blue, of 1.
const IMAGENET: [(f32, f32); 3] = [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)];

/// A way to bring images to 224×224 pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dinov2Protocol {
    /// PyTorch's cubic, whose result is neither rounded nor cut off: EDM2's, unless it is told otherwise.
    Torch,
    /// Pillow's cubic, to 8 bits: dgm-eval's, and EDM2's other one.
    Pillow,
}

impl Dinov2Protocol {
    /// By which results say what they are.
    pub fn description(self) -> &'static str {
        match self {
            Self::Torch => {
                "torch: bicubic (a = −1/2, smoothed) to 224×224, not rounded, then ImageNet's mean and deviation"
            }
            Self::Pillow => {
                "pillow: bicubic (a = −1/2, smoothed) to 224×224 in 8 bits, then ImageNet's mean and deviation"
            }
        }
    }

    /// Images `[images, channels, height, width]` of 1 or 3 channels to `[images, 224, 224, 3]`.
    pub fn present(self, images: &[u8], [channels, height, width]: [usize; 3]) -> Result<Tensor> {
        let (count, size) = (
            count(images, [channels, height, width])?,
            channels * height * width,
        );
        let mut presented = vec![0.0_f32; count * SIDE * SIDE * 3];
        let each = presented.par_chunks_exact_mut(SIDE * SIDE * 3);
        each.zip(images.par_chunks_exact(size))
            .for_each(|(out, image)| {
                let planes = image.chunks_exact(height * width);
                let planes: Vec<_> = planes
                    .map(|plane| self.resized(plane, [height, width]))
                    .collect();
                for (place, pixel) in out.chunks_exact_mut(3).enumerate() {
                    for (channel, (number, (mean, deviation))) in
                        pixel.iter_mut().zip(IMAGENET).enumerate()
                    {
                        // A grey image has one plane for all colours.
                        let level = planes[channel % channels][place];
                        *number = (level / 255.0 - mean) / deviation;
                    }
                }
            });
        let shape = (count, SIDE, SIDE, 3);
        Ok(Tensor::from_vec(presented, shape, &Device::Cpu)?)
    }

    fn resized(self, plane: &[u8], size: [usize; 2]) -> Vec<f32> {
        match self {
            Self::Torch => resize_unrounded_bicubic(plane, size, [SIDE; 2]),
            Self::Pillow => {
                let [height, width] = size;
                let levels = resize(plane, [height, width, 1], [SIDE; 2], Filter::Bicubic);
                levels.into_iter().map(f32::from).collect()
            }
        }
    }
}
