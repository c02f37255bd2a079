//! Post-hoc EMA of whole networks, on runs whose averages have closed forms.

mod published;
mod refusals;
mod sums;

use std::{
    collections::BTreeMap,
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use candle_core::DType;
use foil_models::{
    Encoder, StoredTensor, Weights,
    checkpoint::{Contents, Provenance, Role, Snapshot},
    edm2::{Config, Plan},
};
use foil_training::{
    ema::PowerFunction,
    reconstruction::{Moment, Precision, Reconstruction, Result, Run},
};

/// Odd and small, with every kind of tensor.
fn config() -> Config {
    Config {
        resolution: 6,
        channels: 3,
        labels: 5,
        model_channels: 7,
        channel_multipliers: vec![1, 3],
        blocks: 1,
        attention_resolutions: vec![],
        head_channels: 7,
        uncertainty_channels: 11,
        ..Config::default()
    }
}

fn bytes(numbers: impl IntoIterator<Item = f32>) -> Vec<u8> {
    numbers.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// Numbers between −1 and 1 that differ from tensor to tensor.
fn noise(name: &str, place: usize) -> f64 {
    let seed = name.bytes().fold(7_u32, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    (f64::from(seed % 1000) + place as f64 * 1.7).sin()
}

/// A network whose trained numbers are `value` of their noise. What was never trained is noise itself.
fn network(value: impl Fn(f64) -> f64) -> Snapshot {
    network_for(Role::Denoiser, value)
}

fn network_for(role: Role, value: impl Fn(f64) -> f64) -> Snapshot {
    let mut snapshot = Snapshot {
        role,
        encoder: Encoder::Rgb,
        weights: Weights::new("test", BTreeMap::new()),
        provenance: Provenance::default(),
        config: config(),
    };
    let tensors = snapshot.tensors().unwrap().into_iter();
    let tensors = tensors.map(|(name, shape)| {
        let numbers = (0..shape.iter().product()).map(|place| {
            let noise = noise(&name, place);
            (if Plan::is_fixed(&name) {
                noise
            } else {
                value(noise)
            }) as f32
        });
        let tensor = StoredTensor::in_memory(DType::F32, &shape, bytes(numbers)).unwrap();
        (name, tensor)
    });
    snapshot.weights = Weights::new("test", tensors.collect::<BTreeMap<_, _>>());
    snapshot
}

/// Saves a snapshot as a training run would.
fn keep(folder: &Path, mut snapshot: Snapshot, images: u64, length: f64) -> PathBuf {
    snapshot.provenance = Provenance {
        ema_std: Some(length),
        images_seen: Some(images),
        licence: Some("CC0".into()),
        dataset_class: Some("made up".into()),
        ..Provenance::default()
    };
    let name = format!(
        "network-snapshot-{:07}-{length:.3}.safetensors",
        images / 1000
    );
    let path = folder.join(name);
    snapshot.save(&path).unwrap();
    path
}

fn exponent(length: f64) -> f64 {
    let average = PowerFunction::from_relative_deviation(length);
    average.unwrap().exponent()
}

/// The average, at `time`, of weights that are `time` to the power of `degree`: ∫ (γ+1) τ^γ / t^{γ+1} τ^k dτ.
fn average_of_power(length: f64, time: f64, degree: i32) -> f64 {
    let exponent = exponent(length);
    (exponent + 1.0) / (exponent + f64::from(degree) + 1.0) * time.powi(degree)
}

fn rebuild(run: &Path, lengths: &[f64], precision: Precision, out: &Path) -> Result<Vec<PathBuf>> {
    let run = Run::open(run)?;
    let images = run.images_at(Moment::Latest)?;
    let job = Reconstruction::new(&run, images, lengths, precision)?;
    let missing = job.missing(out)?;
    job.write(out, &missing, &mut |_| ControlFlow::Continue(()))?;
    Ok(job.paths(out))
}

fn open(path: &Path) -> Snapshot {
    match Contents::open(path).unwrap() {
        Contents::Edm2(snapshot) | Contents::Classifier(snapshot) => *snapshot,
        other => panic!("{} holds {other:?}", path.display()),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
