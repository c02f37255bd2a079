//! The whole network, once for both forms of its weights.

use candle_core::{DType, Tensor};
use foil_diffusion::precondition::{self, Edm, Preconditioned};

use super::{
    Config, Dropout, Labels, Packed, Packing, Trained,
    alteration::{Alteration, Unaltered},
    block::{Block, Conditions},
    fourier::Fourier,
    layer::{Layer, Product, Source},
    value::Value,
};
use crate::{Result, Weights};

/// The raw network F(c_in·x, c_noise, label). With its preconditioning it is a [`Model`](foil_diffusion::Model): see
/// [`Self::preconditioned`].
#[derive(Debug)]
pub struct Network<P> {
    config: Config,
    /// Of activations between blocks.
    dtype: DType,
    noise: Fourier,
    noise_embedding: P,
    label_embedding: Option<P>,
    input: P,
    encoder: Vec<Block<P>>,
    decoder: Vec<Block<P>>,
    output: P,
    uncertainty: Option<Uncertainty<P>>,
    dropout: Option<Dropout>,
}

/// Estimates the logarithm of the loss's variance at a noise level; only the loss needs it.
#[derive(Debug)]
struct Uncertainty<P> {
    fourier: Fourier,
    linear: P,
}

/// Layers of stored weights.
pub(super) struct Loaded<'a> {
    pub weights: &'a Weights,
    pub packing: &'a Packing,
}

impl Source<Packed> for Loaded<'_> {
    fn layer(&mut self, layer: &Layer) -> Result<Packed> {
        Packed::new(layer, self.weights, self.packing)
    }

    fn fixed(&mut self, name: &str) -> Result<Tensor> {
        self.weights.get(name)?.tensor(&self.packing.device)
    }
}

/// Layers of values by name.
pub(super) struct Named<F> {
    pub value: F,
    /// Of activations.
    pub dtype: DType,
}

impl<V: Value, F: FnMut(&str) -> Result<V>> Source<Trained<V>> for Named<F> {
    fn layer(&mut self, layer: &Layer) -> Result<Trained<V>> {
        Trained::new(layer, self.dtype, &mut self.value)
    }

    fn fixed(&mut self, name: &str) -> Result<Tensor> {
        Ok((self.value)(name)?.tensor().clone())
    }
}

impl Network<Packed> {
    /// For inference. The weights must be exactly those of the configuration.
    pub fn load(config: &Config, weights: &Weights, packing: &Packing) -> Result<Self> {
        weights.check(&config.plan()?.tensors(config))?;
        Self::assemble(config, packing.dtype, &mut Loaded { weights, packing })
    }
}

impl<V: Value> Network<Trained<V>>
where
    Trained<V>: Product<Value = V>,
{
    /// For training, of values by their published names, in single precision; activations are of `dtype`.
    pub fn trainable(
        config: &Config,
        dtype: DType,
        value: impl FnMut(&str) -> Result<V>,
    ) -> Result<Self> {
        Self::assemble(config, dtype, &mut Named { value, dtype })
    }
}

impl<P: Product> Network<P> {
    fn assemble(config: &Config, dtype: DType, source: &mut impl Source<P>) -> Result<Self> {
        let plan = config.plan()?;
        let embedding = config.embedding_channels();
        let (first, last) = (plan.first_width(config), plan.last_width(config));
        let noise = Layer::embedding("emb_noise", [embedding, config.noise_channels()]);
        let label = Layer::embedding("emb_label", [embedding, config.labels]);
        let input =
            Layer::convolution(&plan.input, [first, config.channels + 1], config.resolution);
        let output = Layer::convolution("out_conv", [config.channels, last], config.resolution)
            .with_gain("out_gain");
        let uncertainty = Layer {
            weight: "logvar_linear.weight".to_owned(),
            ..Layer::embedding("", [1, config.uncertainty_channels])
        };
        let mut blocks = |plans: &[_]| -> Result<Vec<_>> {
            let blocks = plans.iter().map(|plan| Block::new(plan, config, source));
            blocks.collect()
        };
        let (encoder, decoder) = (blocks(&plan.encoder)?, blocks(&plan.decoder)?);
        let label_embedding = (config.labels > 0).then(|| source.layer(&label));
        let uncertainty = (config.uncertainty_channels > 0).then(|| -> Result<_> {
            Ok(Uncertainty {
                fourier: Fourier::new("logvar_fourier", source)?,
                linear: source.layer(&uncertainty)?,
            })
        });
        Ok(Self {
            noise: Fourier::new("unet.emb_fourier", source)?,
            noise_embedding: source.layer(&noise)?,
            label_embedding: label_embedding.transpose()?,
            input: source.layer(&input)?,
            encoder,
            decoder,
            output: source.layer(&output)?,
            uncertainty: uncertainty.transpose()?,
            config: config.clone(),
            dtype,
            dropout: None,
        })
    }

    /// The network's description.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// With numbers left out of its residual branches, for a batch of as many images as there are keys.
    #[must_use]
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self {
            dropout: Some(dropout),
            ..self
        }
    }

    /// With EDM's preconditioning: estimates clean images.
    pub fn preconditioned(self) -> Preconditioned<Self, Edm> {
        let precondition = Edm {
            sigma_data: self.config.sigma_data,
        };
        Preconditioned {
            network: self,
            precondition,
        }
    }

    /// u(σ), the logarithm of the loss's variance, `[batch]` for noise levels `[batch]`. Karras et al. 2024, Eq. 15.
    ///
    /// `None` if the network was saved without.
    pub fn log_variance(&self, sigma: &Tensor) -> Result<Option<P::Value>> {
        let Some(Uncertainty { fourier, linear }) = &self.uncertainty else {
            return Ok(None);
        };
        let noise = (sigma.to_dtype(DType::F32)?.log()? * 0.25)?;
        let features = P::Value::constant(fourier.forward(&noise)?);
        let values = linear.apply(&features)?;
        Ok(Some(values.reshape(&[noise.dim(0)?])?))
    }

    /// F for a scaled `input` `[batch, channels, height, width]` and `noise` `[batch]`, both in single precision.
    pub fn forward(&self, input: &P::Value, noise: &Tensor, labels: &Labels) -> Result<P::Value> {
        match &self.dropout {
            Some(dropout) => self.altered(input, noise, labels, dropout),
            None => self.altered(input, noise, labels, &Unaltered),
        }
    }

    /// The same with something done to it.
    pub(super) fn altered(
        &self,
        input: &P::Value,
        noise: &Tensor,
        labels: &Labels,
        alteration: &dyn Alteration<P::Value>,
    ) -> Result<P::Value> {
        self.config.fits(input.tensor().dims())?;
        let embedding = self.embed(noise, labels)?;
        let mut x = self.input.apply(&input.enter(self.dtype)?)?;
        let mut conditions = Conditions {
            embedding: &embedding,
            alteration,
            block: 0,
        };
        let mut skips = vec![x.clone()];
        for block in &self.encoder {
            x = block.forward(&x, None, &conditions)?;
            skips.push(x.clone());
            conditions.block += 1;
        }
        for block in &self.decoder {
            let skip = if block.takes_skip { skips.pop() } else { None };
            x = block.forward(&x, skip.as_ref(), &conditions)?;
            conditions.block += 1;
        }
        Ok(self.output.apply(&x)?.leave()?)
    }

    /// `[batch, features]` of the noise level and the label.
    fn embed(&self, noise: &Tensor, labels: &Labels) -> Result<P::Value> {
        let features = P::Value::constant(self.noise.forward(noise)?);
        let mut embedding = self.noise_embedding.apply(&features)?;
        if let Some(label_embedding) = &self.label_embedding {
            let count = self.config.labels;
            let rows = labels.rows(noise.dim(0)?, count, noise.device())?;
            // One-hot rows at magnitude 1.
            let rows = P::Value::constant((rows * (count as f64).sqrt())?);
            let label = label_embedding.apply(&rows)?;
            embedding = embedding.mp_sum(&label, self.config.label_balance)?;
        }
        Ok(embedding.mp_silu()?)
    }
}

impl<P: Product<Value = Tensor>> precondition::Network for Network<P> {
    type Condition = Labels;

    fn forward(
        &self,
        input: &Tensor,
        noise: &Tensor,
        labels: &Labels,
    ) -> foil_diffusion::Result<Tensor> {
        let output = Self::forward(self, input, noise, labels);
        output.map_err(foil_diffusion::Error::network)
    }
}
