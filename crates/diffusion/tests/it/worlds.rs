//! Small worlds that several tests share: mixtures, starting points, single runs.

use candle_core::{Device, Tensor};
use foil_diffusion::{
    Denoiser, Mixture, Noise, NoiseLevels, Silent, random::StreamKind, sample,
    sampler::SamplerChoice, schedule::Karras,
};

/// Three unequal bumps: no symmetry that could hide an error.
pub fn strong() -> Mixture {
    Mixture::new(&[(0.3, -0.7, 0.25), (0.5, 0.4, 0.35), (0.2, 1.3, 0.15)]).unwrap()
}

/// A blurred version of it.
pub fn weak() -> Mixture {
    Mixture::new(&[(0.5, -0.6, 0.5), (0.5, 0.6, 0.6)]).unwrap()
}

/// Another weak model.
pub fn broad() -> Mixture {
    Mixture::new(&[(1.0, 0.1, 1.1)]).unwrap()
}

/// `count` images `[count, 2, 3, 1]` of noise at the first level.
pub fn noisy(count: usize, levels: &NoiseLevels) -> Tensor {
    let zeros = Tensor::zeros((count, 2, 3, 1), candle_core::DType::F64, &Device::Cpu).unwrap();
    let unit = Noise::new(StreamKind::Foil, 100..100 + count as u64)
        .normal_like(&zeros)
        .unwrap();
    (unit * levels.first().get()).unwrap()
}

/// EDM's levels for a short trajectory, 0 included.
pub fn levels() -> NoiseLevels {
    Karras::new(0.02, 20.0, 7.0).unwrap().levels(9).unwrap()
}

/// Runs a trajectory with one Foil stream per image, seeds `first_seed`, `first_seed` + 1, …
pub fn run(
    choice: SamplerChoice,
    denoiser: &mut dyn Denoiser,
    x: Tensor,
    levels: &NoiseLevels,
    first_seed: u64,
) -> Tensor {
    let seeds = first_seed..first_seed + x.dim(0).unwrap() as u64;
    let mut noise = Noise::new(StreamKind::Foil, seeds);
    let sampler = choice.build(levels.steps()).unwrap();
    sample(sampler, denoiser, x, levels, &mut noise, &mut Silent).unwrap()
}

pub fn values(tensor: &Tensor) -> Vec<f64> {
    tensor
        .flatten_all()
        .unwrap()
        .to_dtype(candle_core::DType::F64)
        .unwrap()
        .to_vec1()
        .unwrap()
}

/// The largest difference, after a check that shapes agree and nothing is undefined.
pub fn distance(left: &Tensor, right: &Tensor) -> f64 {
    assert_eq!(left.dims(), right.dims());
    let pairs = values(left).into_iter().zip(values(right));
    pairs
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |largest, difference| {
            assert!(difference.is_finite());
            f64::max(largest, difference)
        })
}
