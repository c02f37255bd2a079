//! From images to what describes them.

use candle_core::{DType, Device, Tensor};

use super::{
    PATCH,
    block::Block,
    config::Config,
    layers::{Linear, Norm},
    names::Layout,
    positions::Positions,
};
use crate::{Error, Result, Weights};

/// The network, packed.
#[derive(Debug)]
pub struct Dinov2 {
    patches: Linear,
    positions: Positions,
    blocks: Vec<Block>,
    norm: Norm,
    width: usize,
}

impl Dinov2 {
    /// Packs the weights of a file in any published layout, of any size. `dtype`, of linear layers and attention, is `F32` or `BF16`; tokens
    /// between blocks, norms and features are of single precision.
    pub fn new(weights: &Weights, dtype: DType) -> Result<Self> {
        let layout = Layout::of(weights)?;
        let config = Config::of(weights, layout)?;
        let blocks = (0..config.depth).map(|block| Block::new(weights, layout, block, dtype));
        Ok(Self {
            patches: patches(weights, layout)?,
            positions: Positions::read(weights, layout, &config)?,
            blocks: blocks.collect::<Result<_>>()?,
            norm: Norm::read(weights, layout.norm)?,
            width: config.width,
        })
    }

    /// How many numbers describe an image: 1024 of ViT-L.
    pub fn features(&self) -> usize {
        self.width
    }

    /// Of images `[images, height, width, 3]`, whose sides are multiples of [`PATCH`] and whose channels were brought to mean 0 and
    /// deviation 1 of `ImageNet`: the class tokens after the last norm, `[images, features]`.
    pub fn describe(&self, images: &Tensor) -> Result<Tensor> {
        let mut x = self.tokens(images)?;
        for (place, block) in self.blocks.iter().enumerate() {
            // Of the last block nothing but the class token is read.
            let is_last = place + 1 == self.blocks.len();
            let kept = if is_last { 1 } else { x.dims()[1] };
            x = block.forward(&x, kept)?;
        }
        self.norm.forward(&x.squeeze(1)?)
    }

    /// `[images, 1 + patches, width]`
    fn tokens(&self, images: &Tensor) -> Result<Tensor> {
        let whole = |side: usize| side > 0 && side.is_multiple_of(PATCH);
        let (count, height, width) = match *images.dims() {
            [count, height, width, 3] if count > 0 && whole(height) && whole(width) => {
                (count, height, width)
            }
            ref shape => {
                return Err(Error::Input(format!(
                    "images {shape:?} where [images, height, width, 3] with sides that {PATCH} divides was expected"
                )));
            }
        };
        let [rows, columns] = [height / PATCH, width / PATCH];
        let patches = images
            .reshape((count, rows, PATCH, columns, PATCH * 3))?
            .transpose(2, 3)?
            .reshape((count, rows * columns, PATCH * PATCH * 3))?;
        let patches = self.patches.forward(&patches)?;
        let patches = patches.broadcast_add(&self.positions.of([rows, columns])?)?;
        let class = self.positions.class.broadcast_as((count, 1, self.width))?;
        Ok(Tensor::cat(&[&class, &patches], 1)?)
    }
}

/// The convolution that makes tokens of patches, as a layer: patches do not overlap. Always in single precision: it is a thousandth of the work.
fn patches(weights: &Weights, layout: &Layout) -> Result<Linear> {
    let part = |part: &str| weights.get(&format!("{}.{part}", layout.patches));
    let weight = part("weight")?.tensor(&Device::Cpu)?;
    let weight = weight.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1()?;
    Linear::new(weight, part("bias")?.numbers()?, DType::F32)
}
