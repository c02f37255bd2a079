//! The same operations by candle, in f32 and in its own layouts.

use anyhow::Result;
use candle_core::{D, Device, Tensor};
use foil_kernels::convolution::{Convolution, Image};

use super::case::{Case, Pass};

/// An operation with its inputs.
pub struct Reference {
    work: Box<dyn Fn() -> candle_core::Result<Tensor>>,
    /// How the result's axes go into Foil's order.
    axes: Option<[usize; 4]>,
}

const CHANNELS_LAST: Option<[usize; 4]> = Some([0, 2, 3, 1]);

impl Reference {
    /// `None` where candle has no operation of its own: it makes gradients only of whole graphs.
    pub fn new(case: &Case, inputs: &[Vec<f32>]) -> Result<Option<Self>> {
        match *case {
            Case::Convolution {
                pass: Pass::InputGradient | Pass::WeightGradient,
                ..
            } => Ok(None),
            Case::Convolution {
                pass: Pass::Forward,
                convolution:
                    Convolution {
                        outputs,
                        inputs: channels,
                        kernel: [height, width],
                        padding,
                        ..
                    },
                image,
            } => {
                let [padding, across] = padding;
                if padding != across {
                    return Ok(None);
                }
                let x = channels_first(&inputs[0], image, channels)?;
                let weight = tensor(&inputs[1], &[outputs, channels, height, width])?;
                Self::of(CHANNELS_LAST, move || x.conv2d(&weight, padding, 1, 1, 1))
            }
            Case::Depthwise { channels, image } => {
                let x = channels_first(&inputs[0], image, channels)?;
                let weight = tensor(&inputs[1], &[channels, 1, 3, 3])?;
                Self::of(CHANNELS_LAST, move || x.conv2d(&weight, 1, 1, 1, channels))
            }
            Case::Attention {
                batch,
                tokens,
                heads,
                width,
            } => {
                let heads_first = |data: &[f32]| {
                    tensor(data, &[batch, tokens, heads, width])?
                        .transpose(1, 2)?
                        .contiguous()
                };
                let [q, k, v] = [0, 1, 2].map(|index| heads_first(&inputs[index]));
                let (q, k, v) = (q?, k?, v?);
                Self::of(Some([0, 2, 1, 3]), move || attention(&q, &k, &v))
            }
            Case::Linear {
                rows,
                inputs: depth,
                outputs,
            } => {
                let x = tensor(&inputs[0], &[rows, depth])?;
                let weight = tensor(&inputs[1], &[outputs, depth])?;
                Self::of(None, move || x.matmul(&weight.t()?))
            }
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "all branches but one end with it")]
    fn of(
        axes: Option<[usize; 4]>,
        work: impl Fn() -> candle_core::Result<Tensor> + 'static,
    ) -> Result<Option<Self>> {
        Ok(Some(Self {
            work: Box::new(work),
            axes,
        }))
    }

    /// Computes it once.
    pub fn run(&self) -> Result<Tensor> {
        Ok((self.work)()?)
    }

    /// The result in Foil's layout.
    pub fn result(&self) -> Result<Vec<f32>> {
        let result = self.run()?;
        let result = match self.axes {
            Some(axes) => result.permute(axes)?,
            None => result,
        };
        Ok(result.flatten_all()?.to_vec1()?)
    }
}

fn tensor(data: &[f32], shape: &[usize]) -> candle_core::Result<Tensor> {
    Tensor::from_slice(data, shape, &Device::Cpu)
}

/// `[batch, height, width, channels]` as candle's convolutions take it.
fn channels_first(data: &[f32], image: Image, channels: usize) -> candle_core::Result<Tensor> {
    tensor(data, &[image.batch, image.height, image.width, channels])?
        .permute((0, 3, 1, 2))?
        .contiguous()
}

/// softmax(q kᵀ / √width) v, as candle's models write it.
fn attention(q: &Tensor, k: &Tensor, v: &Tensor) -> candle_core::Result<Tensor> {
    let scale = 1.0 / (q.dim(D::Minus1)? as f64).sqrt();
    let scores = (q.matmul(&k.t()?)? * scale)?;
    let most = scores.max_keepdim(D::Minus1)?;
    let weights = scores.broadcast_sub(&most)?.exp()?;
    let total = weights.sum_keepdim(D::Minus1)?;
    weights.broadcast_div(&total)?.matmul(v)
}
