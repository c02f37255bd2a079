//! How a network's raw output becomes an estimate of the clean image, whatever it was trained to predict.
//!
//! Every parameterisation is one choice of four numbers per noise level,
//! D(x; σ) = c_skip·x + c_out·F(c_in·x, c_noise): Karras et al. 2022, Eq. 7 and Table 1. This is the only place that
//! knows them; losses, guidance and samplers see D.

mod clean;
mod edm;
mod epsilon;
mod velocity;

pub use clean::Clean;
pub use edm::Edm;
pub use epsilon::Epsilon;
pub use velocity::Velocity;

use candle_core::{DType, Tensor};

use crate::{Error, Model, Result, Sigma};

/// The four numbers of one noise level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// Factor of the noisy image in the result.
    pub c_skip: f64,
    /// Factor of the network's output in the result.
    pub c_out: f64,
    /// Factor of the noisy image at the network's input.
    pub c_in: f64,
    /// What the network is told about the noise level: a function of σ, or a time step.
    pub c_noise: f64,
}

/// A parameterisation.
pub trait Precondition {
    /// The four numbers at σ > 0.
    fn scaling(&self, sigma: Sigma) -> Scaling;
}

/// A raw network F.
pub trait Network {
    /// What it is told besides the image.
    type Condition;

    /// F for a scaled `input` `[batch, channels, height, width]` and `noise` `[batch]`.
    fn forward(
        &self,
        input: &Tensor,
        noise: &Tensor,
        condition: &Self::Condition,
    ) -> Result<Tensor>;
}

/// A network with its parameterisation: a [`Model`].
#[derive(Debug, Clone)]
pub struct Preconditioned<N, P> {
    /// F.
    pub network: N,
    /// The four numbers.
    pub precondition: P,
}

impl<N: Network, P: Precondition> Model for Preconditioned<N, P> {
    type Condition = N::Condition;

    fn denoise_batch(
        &self,
        noisy: &Tensor,
        sigma: &Tensor,
        condition: &Self::Condition,
    ) -> Result<Tensor> {
        let sigmas = sigma.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        if sigmas.len() != noisy.dim(0)? {
            let expected = vec![noisy.dim(0)?];
            return Err(Error::Shape {
                what: "sigma",
                found: sigma.dims().to_vec(),
                expected,
            });
        }
        let scalings = sigmas
            .into_iter()
            .map(|value| Ok(self.precondition.scaling(Sigma::new(value)?)));
        let scalings = scalings.collect::<Result<Vec<_>>>()?;
        let column =
            |number: fn(&Scaling) -> f64| -> Result<Tensor> {
                let values: Vec<f64> = scalings.iter().map(number).collect();
                Ok(Tensor::from_vec(values, scalings.len(), noisy.device())?
                    .to_dtype(noisy.dtype())?)
            };
        let mut per_image = vec![1; noisy.rank()];
        per_image[0] = scalings.len();
        let input = noisy.broadcast_mul(&column(|s| s.c_in)?.reshape(per_image.as_slice())?)?;
        let output = self
            .network
            .forward(&input, &column(|s| s.c_noise)?, condition)?
            .to_dtype(noisy.dtype())?;
        let skip = noisy.broadcast_mul(&column(|s| s.c_skip)?.reshape(per_image.as_slice())?)?;
        Ok((skip + output.broadcast_mul(&column(|s| s.c_out)?.reshape(per_image.as_slice())?)?)?)
    }

    fn denoise_at(
        &self,
        noisy: &Tensor,
        sigma: Sigma,
        condition: &Self::Condition,
    ) -> Result<Tensor> {
        let Scaling {
            c_skip,
            c_out,
            c_in,
            c_noise,
        } = self.precondition.scaling(sigma);
        let noise =
            Tensor::full(c_noise, noisy.dim(0)?, noisy.device())?.to_dtype(noisy.dtype())?;
        let output = self
            .network
            .forward(&(noisy * c_in)?, &noise, condition)?
            .to_dtype(noisy.dtype())?;
        Ok(((noisy * c_skip)? + (output * c_out)?)?)
    }
}
