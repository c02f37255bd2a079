//! Weights made worse on purpose.

use candle_core::DType;
use foil_diffusion::{Model, Sigma};
use foil_models::{
    Weights,
    checkpoint::{Contents, Snapshot},
    edm2::{Degradation, Edm2, Labels, Network, Packing, Plan},
};

use super::{normal, relative, snapshot};

const SEED: u64 = 8;

fn noise(amount: f64) -> Degradation {
    Degradation::Noise { amount, seed: SEED }
}

fn numbers(weights: &Weights, name: &str) -> Vec<f64> {
    weights.get(name).unwrap().double_numbers().unwrap()
}

/// Each trained weight's name, rows, and numbers before and after.
fn rows(before: &Snapshot, after: &Snapshot) -> Vec<(String, usize, [Vec<f64>; 2])> {
    let all = before.weights.iter();
    let trained = all.filter(|(name, stored)| stored.shape().len() > 1 && !Plan::is_fixed(name));
    let both = trained.map(|(name, stored)| {
        let numbers = [before, after].map(|snapshot| numbers(&snapshot.weights, name));
        (name.to_owned(), stored.shape()[0], numbers)
    });
    both.collect()
}

fn root_mean_square(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = numbers.len() as f64;
    (numbers.map(|number| number * number).sum::<f64>() / count).sqrt()
}

#[test]
fn weight_noise_is_normal_and_relative_to_each_tensor() {
    let before = snapshot("guide");
    let after = noise(0.3).of(&before).unwrap();
    let mut draws = Vec::new();
    for (name, _, [before, after]) in rows(&before, &after) {
        let added: Vec<f64> = before.iter().zip(&after).map(|(a, b)| b - a).collect();
        let deviation = root_mean_square(added.iter().copied());
        let relative = deviation / root_mean_square(before.iter().copied());
        let count = before.len() as f64;
        // Five standard errors of a standard deviation and of a mean.
        assert!(
            (relative / 0.3 - 1.0).abs() < 5.0 / (2.0 * count).sqrt(),
            "{name}: {relative}"
        );
        let mean = added.iter().sum::<f64>() / count / deviation;
        assert!(mean.abs() < 5.0 / count.sqrt(), "{name}: {mean}");
        draws.push((added[0] / deviation * 1e3) as i64);
    }
    let tensors = draws.len();
    draws.sort_unstable();
    draws.dedup();
    assert!(
        draws.len() + 3 > tensors,
        "tensors share their draws: {draws:?}"
    );
}

#[test]
fn a_seed_decides_the_noise() {
    let before = snapshot("guide");
    let of = |seed| {
        Degradation::Noise { amount: 0.3, seed }
            .of(&before)
            .unwrap()
            .weights
    };
    let name = "unet.out_conv.weight";
    assert_eq!(numbers(&of(1), name), numbers(&of(1), name));
    assert_ne!(numbers(&of(1), name), numbers(&of(2), name));
}

#[test]
fn quantised_rows_are_the_nearest_multiples_of_their_step() {
    let before = snapshot("guide");
    for bits in [2, 3, 8] {
        let after = Degradation::Quantisation { bits }.of(&before).unwrap();
        let levels = f64::from(2_i32.pow(bits - 1) - 1);
        let mut used = std::collections::BTreeSet::new();
        for (name, count, [before, after]) in rows(&before, &after) {
            let length = before.len() / count;
            for (before, after) in before.chunks(length).zip(after.chunks(length)) {
                let step = before.iter().fold(0.0_f64, |most, w| most.max(w.abs())) / levels;
                for (before, after) in before.iter().zip(after) {
                    let level = after / step;
                    assert!((level - level.round()).abs() < 1e-4, "{name}: {level}");
                    assert!(
                        (after - before).abs() <= 0.5001 * step,
                        "{name}: {before} {after}"
                    );
                    used.insert(level.round() as i64);
                }
            }
        }
        assert_eq!(used.len(), 2 * levels as usize + 1);
    }
}

#[test]
fn pruning_takes_the_smallest_of_each_row() {
    let before = snapshot("guide");
    let after = Degradation::Pruning { share: 0.4 }.of(&before).unwrap();
    for (name, count, [before, after]) in rows(&before, &after) {
        let length = before.len() / count;
        for (before, after) in before.chunks(length).zip(after.chunks(length)) {
            let pairs = || before.iter().zip(after);
            let gone = pairs().filter(|(before, after)| before.to_bits() != after.to_bits());
            assert!(gone.clone().all(|(_, after)| *after == 0.0), "{name}");
            let zeros = after.iter().filter(|after| **after == 0.0).count();
            // Numbers that were zero before may be more.
            let expected = (0.4 * length as f64) as usize;
            let already = before.iter().filter(|before| **before == 0.0).count();
            assert_eq!(zeros, expected.max(already), "{name}");
            let most = gone.fold(0.0_f64, |most, (before, _)| most.max(before.abs()));
            let kept = pairs().filter(|(_, after)| **after != 0.0);
            assert!(kept.clone().count() > 0);
            assert!(
                kept.clone().all(|(before, _)| before.abs() >= most),
                "{name}"
            );
        }
    }
}

#[test]
fn gains_and_fixed_features_stay_as_they_are_and_no_strength_changes_nothing() {
    let before = snapshot("main");
    for (degradation, nothing) in [
        (noise(0.5), false),
        (Degradation::Quantisation { bits: 2 }, false),
        (Degradation::Pruning { share: 0.9 }, false),
        (noise(0.0), true),
        (Degradation::Pruning { share: 0.0 }, true),
    ] {
        let after = degradation.of(&before).unwrap();
        for (name, stored) in before.weights.iter() {
            let same = numbers(&before.weights, name) == numbers(&after.weights, name);
            let stays = nothing || stored.shape().len() < 2 || Plan::is_fixed(name);
            assert_eq!(same, stays, "{degradation:?} {name}");
        }
    }
}

#[test]
fn a_degraded_network_in_a_file_says_what_was_done_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("degraded.safetensors");
    let (first, second) = (Degradation::Pruning { share: 0.25 }, noise(0.1));
    let before = first.of(&snapshot("guide")).unwrap();
    second.save(&before, &path).unwrap();
    let Contents::Edm2(found) = Contents::open(&path).unwrap() else {
        panic!("no network");
    };
    assert_eq!(found.provenance.degradations, [first, second]);
    assert_eq!(found.config, before.config);
    let expected = second.of(&before).unwrap();
    for (name, stored) in found.weights.iter() {
        assert_eq!(stored.dtype(), DType::F32);
        assert_eq!(
            numbers(&found.weights, name),
            numbers(&expected.weights, name),
            "{name}"
        );
    }
    assert!(snapshot("guide").provenance.degradations.is_empty());
}

fn loaded(snapshot: &Snapshot) -> Edm2 {
    let packing = Packing {
        dtype: DType::F32,
        device: candle_core::Device::Cpu,
        batch: 2,
    };
    let network = Network::load(&snapshot.config, &snapshot.weights, &packing);
    network.unwrap().preconditioned()
}

#[test]
fn more_of_a_degradation_is_further_from_the_network() {
    let original = snapshot("main");
    let x = normal([2, 3, 16, 16], 1);
    let estimate = |snapshot: &Snapshot| {
        let sigma = Sigma::new(2.0).unwrap();
        loaded(snapshot)
            .denoise_at(&x, sigma, &Labels::none())
            .unwrap()
    };
    let plain = estimate(&original);
    for series in [
        [noise(0.02), noise(0.1), noise(0.5)],
        [8, 4, 2].map(|bits| Degradation::Quantisation { bits }),
        [0.1, 0.4, 0.8].map(|share| Degradation::Pruning { share }),
    ] {
        let distances = series.map(|degradation| {
            let degraded = degradation.of(&original).unwrap();
            relative(&estimate(&degraded), &plain)
        });
        let [little, more, most] = distances;
        assert!(
            0.0 < little && little < more && more < most,
            "{series:?}: {distances:?}"
        );
    }
}

#[test]
fn degradations_that_mean_nothing_are_refused() {
    let original = snapshot("guide");
    for (degradation, expected) in [
        (noise(-1.0), "the amount of noise must be 0 or more, got -1"),
        (
            noise(f64::NAN),
            "the amount of noise must be 0 or more, got NaN",
        ),
        (
            Degradation::Quantisation { bits: 1 },
            "weights are rounded to 2 to 8 bits, not to 1",
        ),
        (
            Degradation::Quantisation { bits: 0 },
            "weights are rounded to 2 to 8 bits, not to 0",
        ),
        (
            Degradation::Pruning { share: 1.0 },
            "the share of weights set to zero must be in [0, 1), got 1",
        ),
    ] {
        let refused = degradation.of(&original).unwrap_err().to_string();
        assert_eq!(refused, format!("degradation: {expected}"));
        let path = std::path::Path::new("nowhere.safetensors");
        assert_eq!(
            degradation.save(&original, path).unwrap_err().to_string(),
            refused
        );
    }
}
