//! Means and deviations against closed forms.

use std::{fs, ops::ControlFlow};

use foil_data::{Error, Spread, Statistics, statistics};
use png::ColorType::{Grayscale, Rgb};

use crate::files::{folder, golden, open, png};

/// Sums of a few hundred numbers of double precision.
const ROUNDING: f64 = 1e-12;

fn of(dataset: &foil_data::Dataset) -> Statistics {
    statistics(dataset, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn close(found: Spread, mean: f64, deviation: f64) {
    let near = |found: f64, expected: f64| (found - expected).abs() < ROUNDING;
    assert!(
        near(found.mean, mean) && near(found.deviation, deviation),
        "{found:?}, not {mean} {deviation}"
    );
}

#[test]
fn pixels_are_measured_between_minus_one_and_one() {
    // All levels once: the mean is that of ±1, the deviation √((256² − 1)/12) levels of 2/255.
    let files = folder(&[("0.png", png(16, 16, Grayscale, 0))]);
    let all = of(&open(files.path()));
    close(all.all, 0.0, (65_535.0_f64 / 12.0).sqrt() / 127.5);
    assert_eq!(all.channels.len(), 1);
    // Levels 0, 3, 6, …, 45 of red, one more of green, two more of blue; and the same 60 levels higher.
    let files = folder(&[("0.png", png(4, 4, Rgb, 0)), ("1.png", png(4, 4, Rgb, 60))]);
    let colours = of(&open(files.path()));
    let deviation = (9.0 * 255.0 / 12.0 + 900.0_f64).sqrt() / 127.5;
    for (channel, spread) in colours.channels.iter().enumerate() {
        close(
            *spread,
            (22.5 + channel as f64 + 30.0) / 127.5 - 1.0,
            deviation,
        );
    }
    // Colours lie one level apart.
    let between: f64 = 2.0 / 3.0;
    let deviation = (9.0 * 255.0 / 12.0 + 900.0 + between).sqrt() / 127.5;
    close(colours.all, 53.5 / 127.5 - 1.0, deviation);
}

#[test]
fn latents_are_measured_as_they_would_be_drawn() {
    let numbers =
        safetensors::SafeTensors::deserialize(&fs::read(golden("archives.safetensors")).unwrap())
            .unwrap()
            .iter()
            .filter(|(name, _)| name.starts_with("latents."))
            .flat_map(|(_, tensor)| tensor.data().to_vec())
            .collect::<Vec<u8>>();
    let numbers: Vec<f64> = numbers
        .chunks_exact(4)
        .map(|number| f32::from_le_bytes(number.try_into().unwrap()).into())
        .collect();
    let found = of(&open(&golden("latents.zip")));
    assert_eq!((numbers.len(), found.channels.len()), (3 * 36, 3));
    // Of each image 6 planes of 6 numbers: three of means, three of deviations. Mean and variance in two passes.
    for channel in 0..3 {
        let plane = |plane: usize| {
            (0..3).flat_map(move |image| (0..6).map(move |place| 36 * image + 6 * plane + place))
        };
        let means: Vec<f64> = plane(channel).map(|index| numbers[index]).collect();
        let noise: f64 = plane(channel + 3)
            .map(|index| numbers[index].powi(2))
            .sum::<f64>()
            / 18.0;
        let mean = means.iter().sum::<f64>() / 18.0;
        let variance = means
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / 18.0;
        close(found.channels[channel], mean, (variance + noise).sqrt());
    }
}

#[test]
fn damaged_images_do_not_count_and_are_named() {
    let mut cut = png(16, 16, Grayscale, 0);
    cut.truncate(50);
    let files = folder(&[("a.png", png(16, 16, Grayscale, 0)), ("b.png", cut)]);
    let found = of(&open(files.path()));
    close(found.all, 0.0, (65_535.0_f64 / 12.0).sqrt() / 127.5);
    assert_eq!(found.damaged.len(), 1);
    assert_eq!(found.damaged[0].path.to_str(), Some("b.png"));
    let stopped = statistics(&open(files.path()), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(Error::Interrupted)));
}
