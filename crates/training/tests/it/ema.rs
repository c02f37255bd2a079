//! Averages of weights against the reference program's coefficients and against training runs that were averaged
//! directly.

use foil_training::ema::{Error, PowerFunction, Snapshot, misfit, post_hoc};
use safetensors::SafeTensors;
use serde_json::Value;

fn length(deviation: f64) -> PowerFunction {
    PowerFunction::from_relative_deviation(deviation).unwrap()
}

pub fn doubles(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let bytes = file.tensor(name).unwrap().data().to_vec();
    bytes
        .chunks_exact(8)
        .map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap()))
        .collect()
}

fn reference() -> SafeTensors<'static> {
    SafeTensors::deserialize(include_bytes!("../../../../fixtures/phema.safetensors")).unwrap()
}

#[test]
fn exponents_are_those_of_the_reference() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../../fixtures/specification.json")).unwrap();
    let table = golden["std_to_exp"].as_object().unwrap();
    assert_eq!(table.len(), 6);
    for (deviation, expected) in table {
        let found = length(deviation.parse().unwrap());
        assert!((found.exponent() / expected.as_f64().unwrap() - 1.0).abs() < 1e-12);
        assert!((found.relative_deviation() - deviation.parse::<f64>().unwrap()).abs() < 1e-14);
    }
    for deviation in [0.0, -0.1, 0.2887, f64::NAN] {
        assert!(matches!(
            PowerFunction::from_relative_deviation(deviation),
            Err(Error::Length(_))
        ));
    }
}

#[test]
fn betas_are_those_of_the_reference() {
    let file = reference();
    let [deviations, times, elapsed, betas] =
        ["beta.std", "beta.t_next", "beta.t_delta", "beta.beta"].map(|name| doubles(&file, name));
    assert_eq!(betas.len(), 12);
    for index in 0..betas.len() {
        let found = length(deviations[index]).beta(times[index], elapsed[index]);
        assert!(
            (found - betas[index]).abs() < 1e-11,
            "{found} and {}",
            betas[index]
        );
    }
}

#[test]
fn post_hoc_coefficients_are_those_of_the_reference() {
    let file = reference();
    let [times, deviations, wanted, expected] =
        ["in_ofs", "in_std", "out_std", "coefficients"].map(|name| doubles(&file, name));
    let stored: Vec<Snapshot> = times
        .iter()
        .zip(&deviations)
        .map(|(&time, &deviation)| Snapshot {
            time,
            average: length(deviation),
        })
        .collect();
    let wanted: Vec<PowerFunction> = wanted.iter().map(|&deviation| length(deviation)).collect();
    let target = times.iter().copied().fold(0.0, f64::max);
    let found = post_hoc(&stored, &wanted, target).unwrap();
    assert_eq!((found.len(), found[0].len(), expected.len()), (4, 8, 32));
    for (column, coefficients) in found.iter().enumerate() {
        for (row, coefficient) in coefficients.iter().enumerate() {
            // The system's condition number takes the last digits.
            assert!(
                (coefficient - expected[row * 4 + column]).abs() < 1e-8,
                "row {row}, column {column}"
            );
        }
        assert!((coefficients.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

/// Weights of a made-up training run: a smooth approach and an oscillation.
fn weight(time: f64) -> f64 {
    (-time / 300.0).exp() + 0.1 * (time / 170.0).sin()
}

#[test]
fn an_average_rebuilt_after_training_is_the_one_that_would_have_been_kept() {
    let kept = [0.05, 0.10].map(length);
    let wanted = [0.07, 0.12].map(length);
    let mut averages = [0.0_f32; 4];
    let (mut stored, mut values) = (Vec::new(), Vec::new());
    for step in 1..=2048 {
        let time = f64::from(step);
        for (average, profile) in averages.iter_mut().zip(kept.iter().chain(&wanted)) {
            profile.update(
                std::slice::from_mut(average),
                &[weight(time) as f32],
                time,
                1.0,
            );
        }
        if step % 128 == 0 {
            stored.extend(kept.map(|average| Snapshot { time, average }));
            values.extend_from_slice(&averages[..2]);
        }
    }
    for (coefficients, direct) in post_hoc(&stored, &wanted, 2048.0)
        .unwrap()
        .iter()
        .zip(&averages[2..])
    {
        let rebuilt: f64 = coefficients
            .iter()
            .zip(&values)
            .map(|(share, value)| share * f64::from(*value))
            .sum();
        assert!(
            (rebuilt - f64::from(*direct)).abs() < 1e-4,
            "{rebuilt} and {direct}"
        );
    }
    assert!(
        (averages[2] - averages[3]).abs() > 1e-3,
        "the lengths must differ to show anything"
    );
}

#[test]
fn the_first_update_takes_the_weights_and_a_snapshot_rebuilds_itself() {
    let mut average = [f32::NAN.max(5.0)];
    length(0.1).update(&mut average, &[2.0], 1.0, 1.0);
    assert!((average[0] - 2.0).abs() < 1e-7);
    let stored = [
        Snapshot {
            time: 8.0,
            average: length(0.05),
        },
        Snapshot {
            time: 16.0,
            average: length(0.1),
        },
    ];
    let found = post_hoc(&stored, &[length(0.1)], 16.0).unwrap();
    assert!(found[0][0].abs() < 1e-12 && (found[0][1] - 1.0).abs() < 1e-12);
}

#[test]
fn the_misfit_is_that_of_the_profiles() {
    let at = |time, deviation| Snapshot {
        time,
        average: length(deviation),
    };
    let stored = [at(3.0, 0.05), at(3.0, 0.1), at(7.0, 0.05), at(7.0, 0.1)];
    for deviation in [0.03, 0.07, 0.1, 0.22] {
        let wanted = at(7.0, deviation);
        let coefficients = post_hoc(&stored, &[wanted.average], 7.0).unwrap().remove(0);
        // The integrals as sums over a fine grid.
        let profile = |snapshot: Snapshot, time: f64| {
            let exponent = snapshot.average.exponent();
            if time > snapshot.time {
                return 0.0;
            }
            (exponent + 1.0) * (time / snapshot.time).powf(exponent) / snapshot.time
        };
        let (mut difference, mut whole) = (0.0, 0.0);
        for step in 0..70_000 {
            let time = (f64::from(step) + 0.5) * 1e-4;
            let parts = stored.iter().zip(&coefficients);
            let sum: f64 = parts
                .map(|(&part, share)| share * profile(part, time))
                .sum();
            difference += (profile(wanted, time) - sum).powi(2);
            whole += profile(wanted, time).powi(2);
        }
        let (found, expected) = (
            misfit(&stored, &coefficients, wanted),
            (difference / whole).sqrt(),
        );
        assert!(
            (found - expected).abs() < 1e-5,
            "{deviation}: {found}, {expected}"
        );
        // A kept length fits but for rounding, others do not.
        assert_eq!(found < 1e-6, (deviation - 0.1).abs() < 1e-9);
    }
}

#[test]
fn impossible_reconstructions_are_refused() {
    let at = |time| Snapshot {
        time,
        average: length(0.05),
    };
    assert!(matches!(
        post_hoc(&[], &[length(0.1)], 8.0),
        Err(Error::Snapshots { .. })
    ));
    assert!(matches!(
        post_hoc(&[at(0.0)], &[length(0.1)], 8.0),
        Err(Error::Snapshots { .. })
    ));
    assert!(matches!(
        post_hoc(&[at(4.0)], &[length(0.1)], 8.0),
        Err(Error::Target { .. })
    ));
    assert!(matches!(
        post_hoc(&[at(8.0), at(8.0)], &[length(0.1)], 8.0),
        Err(Error::Singular)
    ));
}
