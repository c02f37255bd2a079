//! The paper's compatibility condition: a degraded model is helped by itself with more of the same degradation, and not by itself with
//! another one. Karras et al. 2024 (arXiv 2406.02507), section 5, with dropout and input noise; here also with noise on weights, where
//! the same means the same direction.

use candle_core::Tensor;
use foil_diffusion::{
    Denoiser, Evaluations, Model, Noise, Result, Sigma, Silent,
    diagnosis::Errors,
    guidance::{
        Guided, Weight,
        guide::{InputNoise, Noisier},
    },
    random::{FoilStream, Stream, StreamKind},
    sample,
};
use foil_toy::{
    Point,
    distribution::{Class, Distribution},
    metrics::Judge,
    network::{Architecture, DensityModel},
    points_of,
    sampling::Sampling,
    tensor_of,
    training::{Config, Training},
};
use safetensors::SafeTensors;

const SAMPLES: usize = 8192;
/// Input noise of the model that is guided, as a share of σ; of its guide twice that. The paper's.
const INPUT_NOISE: f64 = 0.1;
/// Dropout of the model that is guided; of its guide twice that. The paper's.
const DROPOUT: f64 = 0.05;
/// Noise on weights, relative to their root mean square.
const WEIGHT_NOISE: f32 = 0.05;
/// Points that share the activations that are left out.
const SHARED: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    InputNoise,
    Dropout,
    /// With the seed of its direction.
    WeightNoise(u64),
}

/// A network as numbers.
struct Network {
    architecture: Architecture,
    parameters: Vec<f32>,
}

impl Network {
    fn trained(seed: u64) -> Self {
        let architecture = Architecture {
            layers: 4,
            width: 32,
        };
        let mut training = Training::new(Config {
            class: Class::A,
            architecture,
            seed,
        });
        for _ in 0..512 {
            training.step();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        training.save_model(&path).unwrap();
        let bytes = std::fs::read(path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let layers = (0..=architecture.layers).map(|layer| format!("layers.{layer}.weight"));
        let mut parameters = Vec::new();
        for name in layers.chain(["gain".to_owned()]) {
            let tensor = file.tensor(&name).unwrap();
            let numbers = tensor.data().as_chunks().0.iter();
            parameters.extend(numbers.map(|bytes| f32::from_le_bytes(*bytes)));
        }
        Self {
            architecture,
            parameters,
        }
    }

    fn model(&self) -> DensityModel {
        DensityModel::new(self.architecture, &self.parameters)
    }

    /// `degree` times the degradation, with random numbers of its own.
    fn degraded(&self, kind: Kind, degree: f64, seed: u64) -> Box<dyn Denoiser + '_> {
        match kind {
            Kind::InputNoise => {
                let amount = degree * INPUT_NOISE;
                let streams = (0..SAMPLES as u64).map(|stream| stream ^ (seed + 1) << 40);
                let noise = Noise::new(StreamKind::Foil, streams);
                let model = Always(self.model());
                Box::new(Noisier::new(model, InputNoise { amount }, noise))
            }
            Kind::Dropout => Box::new(Dropping {
                network: self,
                share: degree * DROPOUT,
                stream: FoilStream::new(1000 + seed),
            }),
            Kind::WeightNoise(direction) => {
                Box::new(Always(self.noisy(degree as f32 * WEIGHT_NOISE, direction)))
            }
        }
    }

    fn noisy(&self, amount: f32, direction: u64) -> DensityModel {
        let mut parameters = self.parameters.clone();
        // The gain stays.
        let weights = parameters.len() - 1;
        let mut noise = vec![0.0; weights];
        FoilStream::new(direction).fill_normal(&mut noise);
        let squares: f32 = self.parameters[..weights].iter().map(|w| w * w).sum();
        let size = amount * (squares / weights as f32).sqrt();
        for (weight, noise) in parameters.iter_mut().zip(noise) {
            *weight += size * noise;
        }
        DensityModel::new(self.architecture, &parameters)
    }
}

struct Always(DensityModel);

impl Denoiser for Always {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        self.0.denoise_at(noisy, sigma, &())
    }

    fn evaluations(&self) -> Evaluations {
        Evaluations::default()
    }
}

/// Dropout at each evaluation anew: an activation that is left out is a column of weights at 0, and the rows are normalised as always,
/// which does what the usual division by 1 − p does.
struct Dropping<'a> {
    network: &'a Network,
    share: f64,
    stream: FoilStream,
}

impl Dropping<'_> {
    fn model(&mut self) -> DensityModel {
        let Architecture { layers, width } = self.network.architecture;
        let mut parameters = self.network.parameters.clone();
        // The first layer sees the input, of which nothing is left out.
        let (_, hidden) = parameters.split_at_mut(4 * width);
        for layer in hidden.chunks_exact_mut(width * width).take(layers) {
            let mut draws = vec![0.0; width];
            self.stream.fill_uniform(&mut draws);
            for row in layer.chunks_exact_mut(width) {
                for (weight, draw) in row.iter_mut().zip(&draws) {
                    if *draw < self.share {
                        *weight = 0.0;
                    }
                }
            }
        }
        DensityModel::new(self.network.architecture, &parameters)
    }
}

impl Denoiser for Dropping<'_> {
    fn denoise(&mut self, noisy: &Tensor, sigma: Sigma) -> Result<Tensor> {
        let count = noisy.dim(0)?;
        let parts = (0..count).step_by(SHARED).map(|start| {
            let part = noisy.narrow(0, start, SHARED.min(count - start))?;
            self.model().denoise_at(&part.contiguous()?, sigma, &())
        });
        Ok(Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, 0)?)
    }

    fn evaluations(&self) -> Evaluations {
        Evaluations::default()
    }
}

/// Energy distances of samples to the truth.
struct World {
    sampling: Sampling,
    start: Vec<Point>,
    judge: Judge,
}

impl World {
    fn new() -> Self {
        let sampling = Sampling::published().unwrap();
        Self {
            start: sampling.start(&Distribution::new(Class::A), SAMPLES, 4),
            judge: Judge::new(SAMPLES, 5).unwrap(),
            sampling,
        }
    }

    fn distance(&self, mut denoiser: impl Denoiser) -> f64 {
        let mut noise = Noise::new(StreamKind::Foil, 0..SAMPLES as u64);
        let end = sample(
            self.sampling
                .sampler
                .build(self.sampling.levels.steps())
                .unwrap(),
            &mut denoiser,
            tensor_of(&self.start).unwrap(),
            &self.sampling.levels,
            &mut noise,
            &mut Silent,
        );
        let measures = self.judge.measure(&points_of(&end.unwrap()).unwrap());
        measures.unwrap().energy_distance
    }

    /// Without guidance, and with each weight.
    fn guided(&self, network: &Network, main: Kind, guide: Kind) -> (f64, Vec<f64>) {
        let main = || network.degraded(main, 1.0, 0);
        let with = |weight: f64| {
            let guide = network.degraded(guide, 2.0, 1);
            let weight = Weight::constant(weight).unwrap();
            self.distance(Guided::new(main(), guide, weight))
        };
        (self.distance(main()), [1.25, 1.5, 2.0].map(with).into())
    }
}

#[test]
fn more_of_the_same_degradation_guides_and_another_one_does_not() {
    let world = World::new();
    for seed in 0..3 {
        let network = Network::trained(seed);
        for main in [Kind::InputNoise, Kind::Dropout, Kind::WeightNoise(1)] {
            let (unguided, same) = world.guided(&network, main, main);
            let best = same.iter().copied().fold(f64::INFINITY, f64::min);
            let told = format!("seed {seed}, {main:?}: {unguided:.5}, guided {same:.5?}");
            assert!(best < 0.5 * unguided, "{told}");
        }
        for (main, guide) in [
            (Kind::InputNoise, Kind::Dropout),
            (Kind::Dropout, Kind::InputNoise),
            (Kind::WeightNoise(1), Kind::WeightNoise(2)),
        ] {
            let (unguided, other) = world.guided(&network, main, guide);
            let best = other.iter().copied().fold(f64::INFINITY, f64::min);
            let told = format!("seed {seed}, {main:?} by {guide:?}: {unguided:.5}, {other:.5?}");
            assert!(best > unguided, "{told}");
        }
    }
}

#[test]
fn the_diagnosis_tells_a_guide_that_helps_from_one_that_does_not() {
    let class = Distribution::new(Class::A);
    for seed in 0..3 {
        let network = Network::trained(seed);
        // The truth is the model before it was degraded.
        let model = network.model();
        for sigma in [0.05, 0.2, 1.0].map(|sigma| Sigma::new(sigma).unwrap()) {
            let noisy = tensor_of(&class.at(sigma).samples(4096, 7)).unwrap();
            let truth = model.denoise_at(&noisy, sigma, &()).unwrap();
            let found = |direction| {
                let estimate = |degree, direction| {
                    let kind = Kind::WeightNoise(direction);
                    let mut degraded = network.degraded(kind, degree, 0);
                    degraded.denoise(&noisy, sigma).unwrap()
                };
                let mut errors = Errors::default();
                let (main, guide) = (estimate(1.0, 1), estimate(2.0, direction));
                errors.add(&main, &guide, &truth).unwrap();
                errors.compatibility()
            };
            let (same, other) = (found(1), found(2));
            assert!(same.angle.unwrap() < 60.0, "σ = {sigma}: {same:?}");
            assert!(same.best_weight.unwrap() > 1.3, "σ = {sigma}: {same:?}");
            assert!(other.best_weight.unwrap() < 1.2, "σ = {sigma}: {other:?}");
            assert!(same.correlation > other.correlation, "{same:?} {other:?}");
        }
    }
}
