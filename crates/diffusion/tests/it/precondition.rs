//! A network of every parameterisation, made from the ideal denoiser by the textbook conversions, must give the
//! ideal denoiser back.

use candle_core::{DType, Tensor};
use foil_diffusion::{
    Denoiser, Model, Result, Sigma,
    precondition::{Clean, Edm, Epsilon, Network, Precondition, Preconditioned, Velocity},
    schedule::{Discrete, Quantised, Schedule, Time},
};

use crate::worlds::{distance, levels, noisy, strong};

/// What an ideal network would predict for the state √ᾱ·x at time t.
struct Ideal {
    schedule: Discrete,
    /// The prediction from (x_t, x₀, √ᾱ, √(1−ᾱ)).
    prediction: fn(&Tensor, &Tensor, f64, f64) -> Result<Tensor>,
}

impl Network for Ideal {
    type Condition = ();

    fn forward(&self, input: &Tensor, noise: &Tensor, (): &()) -> Result<Tensor> {
        let outputs = (0..input.dim(0)?).map(|image| {
            let time = noise.get(image)?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            let sigma = self.schedule.sigma_from_time(Time(time));
            let (a, s) = (sigma.alpha_bar().sqrt(), (1.0 - sigma.alpha_bar()).sqrt());
            let state = input.narrow(0, image, 1)?;
            let clean = strong().denoise(&(&state / a)?, sigma)?;
            (self.prediction)(&state, &clean, a, s)
        });
        Ok(Tensor::cat(&outputs.collect::<Result<Vec<_>>>()?, 0)?)
    }
}

fn epsilon(state: &Tensor, clean: &Tensor, a: f64, s: f64) -> Result<Tensor> {
    Ok(((state - (clean * a)?)? / s)?)
}

fn velocity(state: &Tensor, clean: &Tensor, a: f64, s: f64) -> Result<Tensor> {
    Ok(((epsilon(state, clean, a, s)? * a)? - (clean * s)?)?)
}

#[expect(clippy::unnecessary_wraps, reason = "one of three functions of a type")]
fn clean(_: &Tensor, clean: &Tensor, _: f64, _: f64) -> Result<Tensor> {
    Ok(clean.clone())
}

fn gives_the_ideal_denoiser<P: Precondition>(
    precondition: P,
    prediction: fn(&Tensor, &Tensor, f64, f64) -> Result<Tensor>,
) {
    let network = Ideal {
        schedule: Discrete::linear(1000).unwrap(),
        prediction,
    };
    let model = Preconditioned {
        network,
        precondition,
    };
    let x = noisy(3, &levels());
    let sigmas = [0.31, 2.7, 11.0];
    for sigma in sigmas.map(|sigma| Sigma::new(sigma).unwrap()) {
        let expected = strong().denoise(&x, sigma).unwrap();
        let found = model.given(&()).denoise(&x, sigma).unwrap();
        assert!(
            distance(&found, &expected) < 1e-9,
            "at {sigma}: {:e}",
            distance(&found, &expected)
        );
    }
    // The same with another level for each image.
    let together = model
        .denoise_batch(&x, &Tensor::new(&sigmas, x.device()).unwrap(), &())
        .unwrap();
    for (image, sigma) in sigmas.into_iter().enumerate() {
        let one = x.narrow(0, image, 1).unwrap();
        let expected = strong().denoise(&one, Sigma::new(sigma).unwrap()).unwrap();
        assert!(distance(&together.narrow(0, image, 1).unwrap(), &expected) < 1e-9);
    }
    assert!(
        model
            .denoise_batch(&x, &Tensor::new(&sigmas[..2], x.device()).unwrap(), &())
            .is_err()
    );
}

#[test]
fn noise_prediction() {
    gives_the_ideal_denoiser(
        Epsilon {
            schedule: Discrete::linear(1000).unwrap(),
        },
        epsilon,
    );
}

#[test]
fn velocity_prediction() {
    gives_the_ideal_denoiser(
        Velocity {
            schedule: Discrete::linear(1000).unwrap(),
        },
        velocity,
    );
}

#[test]
fn clean_prediction() {
    gives_the_ideal_denoiser(
        Clean {
            schedule: Discrete::linear(1000).unwrap(),
        },
        clean,
    );
}

#[test]
fn quantised_networks_hear_whole_steps() {
    let schedule = Quantised(Discrete::linear(1000).unwrap());
    let noise = Epsilon { schedule }
        .scaling(Sigma::new(1.234).unwrap())
        .c_noise;
    assert!(noise > 0.0 && noise.fract() == 0.0, "{noise}");
}

/// Karras et al. 2022 chose the four numbers so that input and target have unit variance and the error of the network
/// is amplified least: c_out² + c_skip²σ² = (1 − c_skip)²·σ_data² + c_skip²·σ² must hold, and c_in²(σ² + σ_data²) = 1.
#[test]
fn edm_has_unit_variance_at_input_and_target() {
    for sigma in [0.002, 0.5, 3.0, 80.0] {
        let scaling = Edm { sigma_data: 0.5 }.scaling(Sigma::new(sigma).unwrap());
        assert!((scaling.c_in.powi(2) * (sigma * sigma + 0.25) - 1.0).abs() < 1e-12);
        let target = (1.0 - scaling.c_skip).powi(2) * 0.25 + scaling.c_skip.powi(2) * sigma * sigma;
        assert!(
            (target / scaling.c_out.powi(2) - 1.0).abs() < 1e-9,
            "at {sigma}"
        );
        assert!((scaling.c_noise - sigma.ln() / 4.0).abs() < 1e-15);
    }
}
