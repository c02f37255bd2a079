//! One half of the autoencoder as a list of layers, from public tensors to public tensors.

use candle_core::{DType, Device, Tensor};

use super::{
    Config,
    attention::Attention,
    layers::{Block, Convolution, Norm, Source},
    layout,
    plan::{Kind, Step},
    resample::{Down, Up},
};
use crate::{Error, Result, Weights};

/// The layers in the order in which they run.
#[derive(Debug)]
pub(super) struct Sequence {
    layers: Vec<Layer>,
    dtype: DType,
    device: Device,
}

#[derive(Debug)]
enum Layer {
    Convolution(Convolution),
    Norm(Norm),
    Block(Box<Block>),
    Attention(Attention),
    Down(Down),
    Up(Up),
}

/// One half of a file: what to build, and what of the other half may lie beside it.
pub(super) struct Half<'a> {
    pub(super) config: &'a Config,
    pub(super) steps: Vec<Step>,
    /// What the names of the other half's tensors begin with.
    pub(super) other: [&'static str; 2],
}

impl Half<'_> {
    /// Packs this half of `weights`, in any published layout.
    pub(super) fn pack(
        &self,
        weights: &Weights,
        dtype: DType,
        device: &Device,
    ) -> Result<Sequence> {
        if !dtype.is_float() {
            return Err(Error::Config(format!("no network computes in {dtype:?}")));
        }
        let weights = layout::in_diffusers_layout(weights, self.config)?;
        let weights = weights.translated(|name, tensor| {
            let others = self.other.iter().any(|prefix| name.starts_with(prefix));
            Ok((!others).then(|| (name.to_owned(), tensor.clone())))
        })?;
        let expected: Vec<_> = self.steps.iter().flat_map(Step::tensors).collect();
        weights.check(&expected)?;
        let source = Source {
            weights: &weights,
            config: self.config,
            dtype,
            device,
        };
        let layers = self.steps.iter().map(|step| Layer::new(source, step));
        Ok(Sequence {
            layers: layers.collect::<Result<_>>()?,
            dtype,
            device: device.clone(),
        })
    }
}

impl Layer {
    fn new(source: Source<'_>, step: &Step) -> Result<Self> {
        let name = &step.name;
        Ok(match step.kind {
            Kind::Pointwise | Kind::Convolution => {
                Self::Convolution(Convolution::new(source, name, step.scale)?)
            }
            Kind::Norm => Self::Norm(Norm::new(source, name)?),
            Kind::Block => Self::Block(Box::new(Block::new(source, step)?)),
            Kind::Attention => Self::Attention(Attention::new(source, name)?),
            Kind::Down => Self::Down(Down::new(source, name)?),
            Kind::Up => Self::Up(Up::new(source, step)?),
        })
    }

    fn forward(&self, x: Tensor) -> Result<Tensor> {
        match self {
            Self::Convolution(layer) => layer.forward(&x),
            Self::Norm(layer) => layer.with_silu(&x),
            Self::Block(layer) => layer.forward(x),
            Self::Attention(layer) => layer.forward(&x),
            Self::Down(layer) => layer.forward(x),
            Self::Up(layer) => layer.forward(x),
        }
    }
}

impl Sequence {
    /// `[batch, channels, height, width]` to the same order, in `f32`, one image after the other: an image keeps all processors
    /// busy, and several at once would only take more memory.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let images = (0..x.dim(0)?).map(|index| self.image(&x.narrow(0, index, 1)?));
        Ok(Tensor::cat(&images.collect::<Result<Vec<_>>>()?, 0)?)
    }

    fn image(&self, image: &Tensor) -> Result<Tensor> {
        let x = image.to_device(&self.device)?.to_dtype(self.dtype)?;
        let x = x.permute((0, 2, 3, 1))?.contiguous()?;
        let out = self
            .layers
            .iter()
            .try_fold(x, |x, layer| layer.forward(x))?;
        let out = out.to_dtype(DType::F32)?.permute((0, 3, 1, 2))?;
        Ok(out.contiguous()?)
    }
}
