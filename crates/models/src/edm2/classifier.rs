//! A classifier of noisy images: the encoder half of the network, with a head.
//!
//! Told the noise level, it can guide a denoiser (Dhariwal & Nichol 2021, section 4). Trained on clean images alone, what it
//! makes of an image before the last layer is a description of it, and the distance between two sets of such descriptions
//! judges generated images.

use candle_core::{DType, Device, Tensor};

use super::{
    Config, Packed, Packing, Plan, Trained,
    alteration::Unaltered,
    block::{Block, Conditions},
    fourier::Fourier,
    layer::{Layer, Product, Source},
    network::{Loaded, Named},
    value::Value,
};
use crate::{Error, Result, Weights};

/// A network from images to the logarithms of the classes' probabilities, up to a constant. Of its [`Config`], the labels are
/// what it tells apart; what is said about a decoder, a label's embedding and the uncertainty does not matter.
#[derive(Debug)]
pub struct Classifier<P> {
    config: Config,
    /// Of activations between blocks.
    dtype: DType,
    noise: Fourier,
    noise_embedding: P,
    input: P,
    blocks: Vec<Block<P>>,
    head: P,
}

/// What a classifier makes of images.
#[derive(Debug, Clone)]
pub struct Judgement<V> {
    /// `[batch, features]`: means over the last pixels.
    pub features: V,
    /// `[batch, classes]`: logarithms of probabilities, up to a constant for each image.
    pub logits: V,
}

/// What a classifier that knows no noise is told as noise level.
const CLEAN: f64 = 0.002;

impl Plan {
    /// Names and shapes of a classifier's tensors.
    pub fn classifier_tensors(&self, config: &Config) -> Vec<(String, Vec<usize>)> {
        let head = [config.labels, self.classifier_features(config)];
        let all = self.tensors(config).into_iter();
        let kept = all.filter(|(name, _)| {
            let kept = ["unet.enc.", "unet.emb_noise", "unet.emb_fourier"];
            kept.iter().any(|prefix| name.starts_with(prefix))
        });
        let mut tensors: Vec<_> = kept.collect();
        tensors.push(("unet.head.weight".to_owned(), head.to_vec()));
        tensors.push(("unet.head_gain".to_owned(), Vec::new()));
        tensors
    }

    /// Numbers that describe an image.
    pub fn classifier_features(&self, config: &Config) -> usize {
        let last = self.encoder.last().map(|block| block.outputs);
        last.unwrap_or_else(|| self.first_width(config))
    }
}

impl Classifier<Packed> {
    /// For inference. The weights must be exactly those of the configuration.
    pub fn load(config: &Config, weights: &Weights, packing: &Packing) -> Result<Self> {
        weights.check(&config.plan()?.classifier_tensors(config))?;
        Self::assemble(config, packing.dtype, &mut Loaded { weights, packing })
    }
}

impl<V: Value> Classifier<Trained<V>>
where
    Trained<V>: Product<Value = V>,
{
    /// For training, or for gradients with respect to images: of values by their names, in single precision; activations are of
    /// `dtype`.
    pub fn trainable(
        config: &Config,
        dtype: DType,
        value: impl FnMut(&str) -> Result<V>,
    ) -> Result<Self> {
        Self::assemble(config, dtype, &mut Named { value, dtype })
    }
}

impl<P: Product> Classifier<P> {
    pub(super) fn assemble(
        config: &Config,
        dtype: DType,
        source: &mut impl Source<P>,
    ) -> Result<Self> {
        let plan = config.plan()?;
        let embedding = config.embedding_channels();
        let noise = Layer::embedding("emb_noise", [embedding, config.noise_channels()]);
        let first = plan.first_width(config);
        let input =
            Layer::convolution(&plan.input, [first, config.channels + 1], config.resolution);
        let head = [config.labels, plan.classifier_features(config)];
        let head = Layer::embedding("head", head).with_gain("head_gain");
        let blocks = plan.encoder.iter();
        let blocks = blocks.map(|block| Block::new(block, config, source));
        Ok(Self {
            blocks: blocks.collect::<Result<_>>()?,
            noise: Fourier::new("unet.emb_fourier", source)?,
            noise_embedding: source.layer(&noise)?,
            input: source.layer(&input)?,
            head: source.layer(&head)?,
            config: config.clone(),
            dtype,
        })
    }

    /// The network's description.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What it makes of `noisy` `[batch, channels, height, width]` at noise levels `[batch]`.
    pub fn judge(&self, noisy: &P::Value, sigmas: &[f64]) -> Result<Judgement<P::Value>> {
        self.config.fits(noisy.tensor().dims())?;
        if noisy.tensor().dims()[0] != sigmas.len() {
            return Err(Error::Input(format!(
                "{} noise levels for images {:?}",
                sigmas.len(),
                noisy.tensor().dims()
            )));
        }
        let device = noisy.tensor().device().clone();
        let data = self.config.sigma_data;
        let image = noisy.tensor().elem_count() / sigmas.len().max(1);
        let scales = sigmas.iter().flat_map(|&sigma: &f64| {
            let scale = 1.0 / sigma.hypot(data) as f32;
            std::iter::repeat_n(scale, image)
        });
        let noise = sigmas
            .iter()
            .map(|&sigma| (sigma.max(CLEAN).ln() / 4.0) as f32);
        let noise = Tensor::from_iter(noise, &Device::Cpu)?.to_device(&device)?;
        let features = P::Value::constant(self.noise.forward(&noise)?);
        let embedding = self.noise_embedding.apply(&features)?.mp_silu()?;
        let mut conditions = Conditions {
            embedding: &embedding,
            alteration: &Unaltered,
            block: 0,
        };
        let mut x = self
            .input
            .apply(&noisy.times(scales.collect())?.enter(self.dtype)?)?;
        for block in &self.blocks {
            x = block.forward(&x, None, &conditions)?;
            conditions.block += 1;
        }
        let features = x.mp_silu()?.mean_pixels()?;
        let logits = self.head.apply(&features.pixel_norm()?)?;
        Ok(Judgement { features, logits })
    }
}
