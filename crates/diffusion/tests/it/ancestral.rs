//! DDPM's step against the formulas of two published programs, in their own variance-preserving coordinates.

use candle_core::{DType, Device, Tensor};
use foil_diffusion::{
    Denoiser, Noise, NoiseLevels, Sampler, Sigma,
    random::StreamKind,
    sampler::{Ddpm, Variance},
    schedule::{Discrete, Sections, Time, Wuerstchen, respaced},
};

use crate::worlds::{distance, strong};

/// The step of a program: from x_t, x₀ and ε of the network, ᾱ and ᾱ', and noise.
type Published = fn(&Tensor, [&Tensor; 2], [f64; 2], &Tensor) -> Tensor;

/// ADM: posterior mean of (x₀, x_t) with β' = 1 − ᾱ/ᾱ', and its variance.
fn adm(x: &Tensor, [clean, _]: [&Tensor; 2], [ab, ab_next]: [f64; 2], noise: &Tensor) -> Tensor {
    let beta = 1.0 - ab / ab_next;
    let of_clean = beta * ab_next.sqrt() / (1.0 - ab);
    let of_noisy = (1.0 - ab_next) * (1.0 - beta).sqrt() / (1.0 - ab);
    let variance = beta * (1.0 - ab_next) / (1.0 - ab);
    sum([(of_clean, clean), (of_noisy, x), (variance.sqrt(), noise)])
}

/// Würstchen: written in ε.
fn wuerstchen(
    x: &Tensor,
    [_, epsilon]: [&Tensor; 2],
    [ab, ab_next]: [f64; 2],
    noise: &Tensor,
) -> Tensor {
    let alpha = ab / ab_next;
    let of_epsilon = -(1.0 - alpha) / (1.0 - ab).sqrt() / alpha.sqrt();
    let deviation = ((1.0 - alpha) * (1.0 - ab_next) / (1.0 - ab)).sqrt();
    sum([
        (1.0 / alpha.sqrt(), x),
        (of_epsilon, epsilon),
        (deviation, noise),
    ])
}

fn sum(terms: [(f64, &Tensor); 3]) -> Tensor {
    let [first, second, third] = terms.map(|(factor, tensor)| (tensor * factor).unwrap());
    ((first + second).unwrap() + third).unwrap()
}

fn follows(levels: &NoiseLevels, published: Published) {
    let mut noise = Noise::new(StreamKind::Foil, 0..3);
    let mut same_noise = Noise::new(StreamKind::Foil, 0..3);
    let zeros = Tensor::zeros((3, 2, 1, 1), DType::F64, &Device::Cpu).unwrap();
    let mut x = (Noise::new(StreamKind::Foil, 9..12)
        .normal_like(&zeros)
        .unwrap()
        * levels.first().get())
    .unwrap();
    let scaled = |x: &Tensor, sigma: Sigma| (x * sigma.alpha_bar().sqrt()).unwrap();
    for (from, to) in levels.moves().filter(|(_, to)| !to.is_zero()) {
        let clean = strong().denoise(&x, from).unwrap();
        let epsilon = ((&x - &clean).unwrap() / from.get()).unwrap();
        let drawn = same_noise.normal_like(&x).unwrap();
        let shares = [from.alpha_bar(), to.alpha_bar()];
        let expected = published(&scaled(&x, from), [&clean, &epsilon], shares, &drawn);
        let mut sampler = Ddpm {
            variance: Variance::Posterior,
        };
        x = sampler
            .step(&mut strong(), x, from, to, &mut noise)
            .unwrap();
        assert!(
            distance(&scaled(&x, to), &expected) < 1e-9,
            "from {from} to {to}"
        );
    }
}

#[test]
fn ddpm_on_a_respaced_schedule_is_adms() {
    let kept = respaced(1000, &Sections::Counts(vec![50])).unwrap();
    for schedule in [Discrete::cosine(1000), Discrete::linear(1000)] {
        follows(&schedule.unwrap().levels(&kept).unwrap(), adm);
    }
}

#[test]
fn ddpm_on_the_continuous_cosine_schedule_is_wuerstchens_sampler() {
    let times: Vec<Time> = (0..=30)
        .map(|step| Time(1.0 - f64::from(step) / 30.0))
        .collect();
    follows(&Wuerstchen.levels(&times).unwrap(), wuerstchen);
}
