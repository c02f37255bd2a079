//! Random numbers: every image has its own stream, keyed by its seed, so that image 7 does not depend on the batch
//! it is in, the number of threads or the device.
//!
//! Besides Foil's own stream there are those of torch and numpy, so that published seeds give the published noise.

mod foil;
mod mersenne_twister;
mod numpy;
mod philox;
mod python;
mod torch_cpu;
mod torch_cuda;

pub use foil::FoilStream;
pub use numpy::RandomState;
pub use python::{tuple_hash, tuple_seed};
pub use torch_cpu::TorchCpu;
pub use torch_cuda::{Gpu, TorchCuda};

use candle_core::Tensor;

use crate::{Error, Result};

/// A stream of random numbers.
pub trait Stream {
    /// Fills `out` with one draw of standard normal numbers: as one call of the library in question would.
    fn fill_normal(&mut self, out: &mut [f32]);

    /// One integer in 0 … `range` − 1; `range` is at least 1.
    fn below(&mut self, range: u32) -> u32;
}

/// Which streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamKind {
    /// Foil's own.
    #[default]
    Foil,
    /// `torch.Generator("cpu")`.
    TorchCpu,
    /// `torch.Generator("cuda")` on a given GPU; the model only matters for tensors above its thread count.
    TorchCuda(Gpu),
    /// `numpy.random.RandomState`.
    Numpy,
}

impl StreamKind {
    /// The stream of one seed.
    pub fn stream(self, seed: u64) -> Box<dyn Stream> {
        match self {
            Self::Foil => Box::new(FoilStream::new(seed)),
            Self::TorchCpu => Box::new(TorchCpu::new(seed)),
            Self::TorchCuda(gpu) => Box::new(TorchCuda::new(seed, gpu)),
            // RandomState itself takes 32 bits; a longer seed is folded the way torch does.
            Self::Numpy => Box::new(RandomState::new((seed & 0xffff_ffff) as u32)),
        }
    }
}

/// The streams of a batch, one per image.
pub struct Noise {
    streams: Vec<Box<dyn Stream>>,
}

impl Noise {
    /// One stream for each seed, in the order of the batch.
    pub fn new(kind: StreamKind, seeds: impl IntoIterator<Item = u64>) -> Self {
        Self {
            streams: seeds.into_iter().map(|seed| kind.stream(seed)).collect(),
        }
    }

    /// Draws standard normal numbers in the shape, type and place of `x` `[batch, …]`: one draw from each image's
    /// stream.
    pub fn normal_like(&mut self, x: &Tensor) -> Result<Tensor> {
        let batch = x.dims().first().copied().unwrap_or(0);
        if batch != self.streams.len() {
            let (found, expected) = (vec![self.streams.len()], vec![batch]);
            return Err(Error::Shape {
                what: "the set of noise streams",
                found,
                expected,
            });
        }
        let mut values = vec![0.0_f32; x.elem_count()];
        let per_image = (values.len() / batch.max(1)).max(1);
        for (stream, image) in self.streams.iter_mut().zip(values.chunks_mut(per_image)) {
            stream.fill_normal(image);
        }
        Ok(Tensor::from_vec(values, x.shape(), x.device())?.to_dtype(x.dtype())?)
    }

    /// One integer in 0 … `range` − 1 from each stream: class labels.
    pub fn below(&mut self, range: u32) -> Vec<u32> {
        self.streams
            .iter_mut()
            .map(|stream| stream.below(range))
            .collect()
    }
}

impl std::fmt::Debug for Noise {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Noise")
            .field("streams", &self.streams.len())
            .finish()
    }
}
