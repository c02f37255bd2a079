//! EDM2 against what the reference program computed with the networks in `fixtures/`.

mod classifier;
mod degradation;
mod forward;
mod labels;
mod laws;
mod perturbation;
mod samples;
mod sizes;
mod twin;

use std::{collections::HashMap, path::PathBuf};

use candle_core::{DType, Device, Tensor};
use foil_diffusion::random::{FoilStream, Stream};
use foil_models::{
    checkpoint::{Contents, Snapshot},
    edm2::{Edm2, Labels, Network, Packing},
};

pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

/// The reference program's tensors.
pub fn expected() -> HashMap<String, Tensor> {
    candle_core::safetensors::load(fixture("edm2-tiny.safetensors"), &Device::Cpu).unwrap()
}

pub fn snapshot(name: &str) -> Snapshot {
    match Contents::open(fixture(&format!("edm2-tiny-{name}.pkl"))).unwrap() {
        Contents::Edm2(snapshot) => *snapshot,
        other => panic!("{other:?} is no EDM2 network"),
    }
}

pub fn network(name: &str, dtype: DType) -> Edm2 {
    let Snapshot {
        config, weights, ..
    } = snapshot(name);
    let packing = Packing {
        dtype,
        device: Device::Cpu,
        batch: 4,
    };
    Network::load(&config, &weights, &packing)
        .unwrap()
        .preconditioned()
}

pub fn labels(rows: &Tensor) -> Labels {
    Labels::weights(rows).unwrap()
}

/// The largest difference relative to the largest expected value; anything that is not a number counts as infinite.
pub fn error(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.dims(), expected.dims());
    let numbers =
        |tensor: &Tensor| -> Vec<f32> { tensor.flatten_all().unwrap().to_vec1().unwrap() };
    let (found, expected) = (numbers(found), numbers(expected));
    let largest = expected
        .iter()
        .fold(0.0_f64, |most, value| most.max(f64::from(value.abs())));
    let difference = |(a, b): (&f32, &f32)| match f64::from((a - b).abs()) {
        difference if difference.is_nan() => f64::INFINITY,
        difference => difference,
    };
    found
        .iter()
        .zip(&expected)
        .map(difference)
        .fold(0.0, f64::max)
        / largest
}

/// ‖found − expected‖ / ‖expected‖.
pub fn relative(found: &Tensor, expected: &Tensor) -> f64 {
    let norm = |tensor: &Tensor| {
        f64::from(
            tensor
                .sqr()
                .unwrap()
                .sum_all()
                .unwrap()
                .to_scalar::<f32>()
                .unwrap(),
        )
        .sqrt()
    };
    norm(&(found - expected).unwrap()) / norm(expected)
}

/// Standard normal numbers.
pub fn normal(shape: [usize; 4], seed: u64) -> Tensor {
    let mut numbers = vec![0.0; shape.iter().product()];
    FoilStream::new(seed).fill_normal(&mut numbers);
    Tensor::from_vec(numbers, &shape, &Device::Cpu).unwrap()
}

/// Of every number.
pub fn bits(tensor: &Tensor) -> Vec<u32> {
    let numbers: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
    numbers.into_iter().map(f32::to_bits).collect()
}
