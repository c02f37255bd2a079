//! The network and its classifier once more, in double precision, channels first, out of candle's primitives: what the network's own
//! code cannot have got wrong in the same way. Only the order of the blocks is shared.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use foil_models::{
    checkpoint::Snapshot,
    edm2::{BlockPlan, Config, Place, Resample},
};

/// What is done to one block. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Leave out the residual branch and attention.
    pub skip: bool,
    /// Multiply the residual branch by these `[batch, channels, height, width]`.
    pub factors: Option<Tensor>,
    /// Make attention's weights of the usual ones, `[batch, heads, queries, keys]` before the softmax.
    pub scores: Option<fn(&Tensor, [usize; 2]) -> Tensor>,
    /// Every pixel gets its own value.
    pub identity: bool,
}

pub struct Twin {
    pub config: Config,
    weights: HashMap<String, Tensor>,
    /// By the number of the block.
    pub changes: HashMap<usize, Change>,
}

type Result = candle_core::Result<Tensor>;

impl Twin {
    pub fn of(snapshot: &Snapshot) -> Self {
        let tensors = snapshot.weights.iter().map(|(name, stored)| {
            let numbers = stored.double_numbers().unwrap();
            let tensor = Tensor::from_vec(numbers, stored.shape(), &Device::Cpu).unwrap();
            (name.to_owned(), tensor)
        });
        Self {
            config: snapshot.config.clone(),
            weights: tensors.collect(),
            changes: HashMap::new(),
        }
    }

    /// D(x; σ) for `[batch, channels, height, width]`, `[batch]` and `[batch, classes]`.
    pub fn denoise(&self, x: &Tensor, sigmas: &[f64], labels: Option<&Tensor>) -> Tensor {
        let told: Vec<f64> = sigmas.iter().map(|sigma| sigma.ln() / 4.0).collect();
        self.denoise_told(x, sigmas, &told, labels).unwrap()
    }

    /// The same where the network is told something else than ln σ / 4.
    pub fn denoise_told(
        &self,
        x: &Tensor,
        sigmas: &[f64],
        told: &[f64],
        labels: Option<&Tensor>,
    ) -> Result {
        let x = x.to_dtype(DType::F64)?;
        let data = self.config.sigma_data;
        let column = |number: &dyn Fn(f64) -> f64| {
            let numbers: Vec<f64> = sigmas.iter().map(|&sigma| number(sigma)).collect();
            Tensor::from_vec(numbers, (sigmas.len(), 1, 1, 1), &Device::Cpu)
        };
        let input = x.broadcast_mul(&column(&|sigma| 1.0 / sigma.hypot(data))?)?;
        let output = self.forward(&input, told, labels)?;
        let skip = column(&|sigma| data * data / (sigma * sigma + data * data))?;
        let out = column(&|sigma| sigma * data / sigma.hypot(data))?;
        x.broadcast_mul(&skip)? + output.broadcast_mul(&out)?
    }

    fn forward(&self, input: &Tensor, told: &[f64], labels: Option<&Tensor>) -> Result {
        let plan = self.config.plan().unwrap();
        let embedding = self.embedding(told, labels)?;
        let mut x = self.entrance(input)?;
        let mut skips = vec![x.clone()];
        for (number, block) in plan.encoder.iter().enumerate() {
            x = self.block(number, block, &x, &embedding)?;
            skips.push(x.clone());
        }
        for (index, block) in plan.decoder.iter().enumerate() {
            let x_in = match block.skip {
                0 => x.clone(),
                _ => concatenated(&x, &skips.pop().unwrap(), self.config.concat_balance)?,
            };
            x = self.block(plan.encoder.len() + index, block, &x_in, &embedding)?;
        }
        let gain = &self.weights["unet.out_gain"];
        self.convolved("unet.out_conv.weight", &x)?
            .broadcast_mul(gain)
    }

    /// log p(class | x; σ) `[batch, classes]` of the classifier.
    pub fn log_probabilities(&self, x: &Tensor, sigma: f64) -> Tensor {
        self.classified(&x.to_dtype(DType::F64).unwrap(), sigma)
            .unwrap()
    }

    fn classified(&self, x: &Tensor, sigma: f64) -> Result {
        let told = vec![sigma.ln() / 4.0; x.dim(0)?];
        let embedding = self.embedding(&told, None)?;
        let mut x = self.entrance(&(x / sigma.hypot(self.config.sigma_data))?)?;
        for (number, block) in self.config.plan().unwrap().encoder.iter().enumerate() {
            x = self.block(number, block, &x, &embedding)?;
        }
        let features = silu(&x)?.mean((2, 3))?;
        let features = unit(&features, &[1])?;
        let logits = self.multiplied("unet.head.weight", &features)?;
        let logits = logits.broadcast_mul(&self.weights["unet.head_gain"])?;
        logits.broadcast_sub(&logits.exp()?.sum_keepdim(1)?.log()?)
    }

    fn entrance(&self, input: &Tensor) -> Result {
        let (batch, _, height, width) = input.dims4()?;
        let ones = Tensor::ones((batch, 1, height, width), DType::F64, &Device::Cpu)?;
        let name = format!("unet.{}.weight", self.config.plan().unwrap().input);
        self.convolved(&name, &Tensor::cat(&[input, &ones], 1)?)
    }

    fn embedding(&self, told: &[f64], labels: Option<&Tensor>) -> Result {
        let told = Tensor::from_slice(told, (told.len(), 1), &Device::Cpu)?;
        let angles = told.broadcast_mul(&self.weights["unet.emb_fourier.freqs"])?;
        let angles = angles.broadcast_add(&self.weights["unet.emb_fourier.phases"])?;
        let waves = (angles.cos()? * std::f64::consts::SQRT_2)?;
        let mut embedding = self.multiplied("unet.emb_noise.weight", &waves)?;
        if let Some(labels) = labels {
            let rows = (labels.to_dtype(DType::F64)? * (self.config.labels as f64).sqrt())?;
            let label = self.multiplied("unet.emb_label.weight", &rows)?;
            embedding = sum(&embedding, &label, self.config.label_balance)?;
        }
        silu(&embedding)
    }

    /// `x` with the skip connection already concatenated, before it is resampled: neither of the two mixes pixels with channels.
    fn block(&self, number: usize, block: &BlockPlan, x: &Tensor, embedding: &Tensor) -> Result {
        let change = self.changes.get(&number).cloned().unwrap_or_default();
        let part = |part: &str| format!("unet.{}.{part}", block.name);
        let x = match block.resample {
            Resample::Keep => x.clone(),
            Resample::Down => x.avg_pool2d(2)?,
            Resample::Up => x.upsample_nearest2d(2 * x.dim(2)?, 2 * x.dim(3)?)?,
        };
        let mut main = if block.has_conv_skip() {
            self.convolved(&part("conv_skip.weight"), &x)?
        } else {
            x.clone()
        };
        let entry = match block.place {
            Place::Encoder => {
                main = unit(&main, &[1])?;
                main.clone()
            }
            Place::Decoder => x,
        };
        if change.skip {
            return Ok(main);
        }
        let branch = self.convolved(&part("conv_res0.weight"), &silu(&entry)?)?;
        let shift = self.multiplied(&part("emb_linear.weight"), embedding)?;
        let shift = (shift.broadcast_mul(&self.weights[&part("emb_gain")])? + 1.0)?;
        let mut branch = silu(&branch.broadcast_mul(&shift.unsqueeze(2)?.unsqueeze(3)?)?)?;
        if let Some(factors) = &change.factors {
            branch = (branch * factors.to_dtype(DType::F64)?)?;
        }
        let branch = self.convolved(&part("conv_res1.weight"), &branch)?;
        let mut x = sum(&main, &branch, self.config.residual_balance)?;
        if block.attention {
            let mixed = self.attended(&part("attn_qkv.weight"), &x, &change)?;
            let mixed = self.convolved(&part("attn_proj.weight"), &mixed)?;
            x = sum(&x, &mixed, self.config.attention_balance)?;
        }
        let limit = self.config.clip.unwrap_or(f64::INFINITY);
        x.clamp(-limit, limit)
    }

    fn attended(&self, qkv: &str, x: &Tensor, change: &Change) -> Result {
        let (batch, channels, height, width) = x.dims4()?;
        let pixels = height * width;
        let (heads, each) = (
            channels / self.config.head_channels,
            self.config.head_channels,
        );
        // As published: rows go by head, channel, then which of the three.
        let all = self
            .convolved(qkv, x)?
            .reshape((batch, heads, each, 3, pixels))?;
        let part = |which| unit(&all.narrow(3, which, 1)?.squeeze(3)?, &[2]);
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let mut scores = (q.t()?.contiguous()?.matmul(&k.contiguous()?)? / (each as f64).sqrt())?;
        if let Some(change) = change.scores {
            scores = change(&scores, [height, width]);
        }
        let powers = scores.exp()?;
        let weights = powers.broadcast_div(&powers.sum_keepdim(3)?)?;
        let mixed = if change.identity {
            v
        } else {
            v.contiguous()?.matmul(&weights.t()?.contiguous()?)?
        };
        mixed.reshape((batch, channels, height, width))
    }

    fn convolved(&self, name: &str, x: &Tensor) -> Result {
        let weight = self.effective(name)?;
        let padding = weight.dim(2)? / 2;
        x.contiguous()?.conv2d(&weight, padding, 1, 1, 1)
    }

    fn multiplied(&self, name: &str, x: &Tensor) -> Result {
        x.matmul(&self.effective(name)?.t()?)
    }

    /// Rows of unit magnitude over the root of their length.
    fn effective(&self, name: &str) -> Result {
        let weight = &self.weights[name];
        let others: Vec<usize> = (1..weight.rank()).collect();
        let length = weight.elem_count() / weight.dim(0)?;
        unit(weight, &others)? / (length as f64).sqrt()
    }
}

/// Magnitude 1 over some dimensions.
fn unit(x: &Tensor, dimensions: &[usize]) -> Result {
    let count: usize = dimensions
        .iter()
        .map(|&dimension| x.dims()[dimension])
        .product();
    let squares = x.sqr()?.sum_keepdim(dimensions)?;
    x.broadcast_div(&((squares / count as f64)?.sqrt()? + 1e-4)?)
}

fn silu(x: &Tensor) -> Result {
    (x / (x.neg()?.exp()? + 1.0)?)? / 0.596
}

fn sum(a: &Tensor, b: &Tensor, t: f64) -> Result {
    ((a * (1.0 - t))? + (b * t)?)? / (1.0 - t).hypot(t)
}

fn concatenated(a: &Tensor, b: &Tensor, t: f64) -> Result {
    let (first, second) = (a.dim(1)? as f64, b.dim(1)? as f64);
    let whole = ((first + second) / ((1.0 - t).powi(2) + t * t)).sqrt();
    let a = (a * (whole * (1.0 - t) / first.sqrt()))?;
    let b = (b * (whole * t / second.sqrt()))?;
    Tensor::cat(&[&a, &b], 1)
}
