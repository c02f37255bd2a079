//! `window(size,stride):w`: sliding-window guidance, by the same network that sees only crops: D_g is the mean, at each pixel, of the
//! estimates of all square windows over it. arXiv 2411.10257, for EDM2's 64×64 latents 2×2 windows of 40; its scale 0.2 is
//! w = 1.2 here.
//!
//! Windows start every `stride` pixels; the last of a row or column ends at the image's edge. A side shorter than a window is
//! one window high or wide.
//! Cost: one evaluation for each window, of (size/side)² the work: 4 of 0.39 for the paper's. Made here, of the network
//! itself, which must work at the size of a window.

use candle_core::Tensor;

use crate::{
    Denoiser, Error, Evaluations, NoiseLevels, Result, Sigma,
    guidance::text::{Keys, Method, Read},
};

/// The same network through windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Height and width of a window, in pixels or latents; 40 by default.
    pub size: usize,
    /// Distance of windows, at most `size`; 24 by default.
    pub stride: usize,
}

/// No image is larger.
const LARGEST: usize = 1 << 16;

impl Method for Window {
    const NAME: &'static str = "window";
    const KEYS: &'static [&'static str] = &["size", "stride"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        let window = Self {
            size: keys.count("size", Some(40), 1..=LARGEST)?,
            stride: keys.count("stride", Some(24), 1..=LARGEST)?,
        };
        if window.stride > window.size {
            let Self { size, stride } = window;
            let problem = format!("a stride of {stride} leaves gaps between windows of {size}");
            return Err(keys.fail(problem));
        }
        Ok(window)
    }

    fn values(&self) -> Vec<String> {
        vec![self.size.to_string(), self.stride.to_string()]
    }
}

impl Window {
    /// Where windows start along a side.
    fn starts(self, side: usize) -> Vec<usize> {
        let last = side.saturating_sub(self.size);
        let mut starts: Vec<usize> = (0..last).step_by(self.stride).collect();
        starts.push(last);
        starts
    }
}

/// A denoiser that sees only crops.
#[derive(Debug)]
pub struct Windowed<D> {
    denoiser: D,
    window: Window,
}

impl<D: Denoiser> Windowed<D> {
    /// Shows `denoiser` windows.
    pub fn new(denoiser: D, window: Window) -> Self {
        Self { denoiser, window }
    }
}

impl<D: Denoiser> Denoiser for Windowed<D> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        let (_, _, height, width) = noisy.dims4()?;
        let size = self.window.size;
        if size >= height.max(width) {
            return Err(Error::Guidance(format!(
                "a window of {size} sees all of an image of {height}x{width}; it must be smaller"
            )));
        }
        let mut sum = noisy.zeros_like()?;
        let mut windows = Tensor::zeros((1, 1, height, width), noisy.dtype(), noisy.device())?;
        for top in self.window.starts(height) {
            for left in self.window.starts(width) {
                let (high, wide) = (size.min(height), size.min(width));
                let crop = noisy.narrow(2, top, high)?.narrow(3, left, wide)?;
                let estimate = self.denoiser.denoise(&crop.contiguous()?, sigma)?;
                let placed = |tensor: Tensor| {
                    tensor
                        .pad_with_zeros(2, top, height - top - high)?
                        .pad_with_zeros(3, left, width - left - wide)
                };
                let one = Tensor::ones((1, 1, high, wide), noisy.dtype(), noisy.device())?;
                sum = (sum + placed(estimate)?)?;
                windows = (windows + placed(one)?)?;
            }
        }
        Ok(sum.broadcast_div(&windows)?)
    }

    fn evaluations(&self) -> Evaluations {
        self.denoiser.evaluations()
    }

    fn begin_trajectory(&mut self, levels: &NoiseLevels) {
        self.denoiser.begin_trajectory(levels);
    }

    fn begin_step(&mut self, from: Sigma, to: Sigma) {
        self.denoiser.begin_step(from, to);
    }
}
