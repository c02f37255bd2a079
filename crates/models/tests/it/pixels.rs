//! Pixels and latents by EDM2's formulas.

use candle_core::{Device, Tensor};
use foil_models::{Encoder, Pixels, Whitening};

fn bytes(encoder: &Encoder, values: &[f32]) -> Vec<u8> {
    let image = Tensor::from_slice(values, (1, 1, 1, values.len()), &Device::Cpu).expect("image");
    encoder.pixels(&image).expect("pixels").remove(0).bytes
}

#[test]
fn every_level_of_a_pixel_survives_the_way_through_a_network_s_range() {
    let levels: Vec<u8> = (0..=255).collect();
    let values: Vec<f32> = levels
        .iter()
        .map(|&level| f32::from(level) / 127.5 - 1.0)
        .collect();
    assert_eq!(bytes(&Encoder::Rgb, &values), levels);
    let numbers: Vec<f32> = levels.iter().map(|&level| Pixels::number(level)).collect();
    assert_eq!(numbers, values);
}

#[test]
fn pixels_are_limited_and_truncated() {
    let outside = [-7.0, -1.0, 1.0, 1.1, f32::INFINITY, f32::NEG_INFINITY];
    assert_eq!(bytes(&Encoder::Rgb, &outside), [0, 0, 255, 255, 255, 0]);
    // 0.999 of the way between two levels is still the lower one.
    let latent = Encoder::Latent(Whitening::published());
    let values = [-0.5, 0.0, 6.999 / 255.0, 7.001 / 255.0, 0.999, 1.0, 2.0];
    assert_eq!(bytes(&latent, &values), [0, 0, 6, 7, 254, 255, 255]);
}

#[test]
fn pixels_are_rows_of_colours_and_not_numbers_are_counted() {
    let values: Vec<f32> = (0..12).map(|index| index as f32 / 255.0 + 1e-4).collect();
    let images = Tensor::from_vec(values, (2, 3, 1, 2), &Device::Cpu).expect("images");
    let latent = Encoder::Latent(Whitening::published());
    let pixels = latent.pixels(&images).expect("pixels");
    assert_eq!(pixels[1].bytes, [6, 8, 10, 7, 9, 11]);
    assert_eq!(
        (pixels[1].height, pixels[1].width, pixels[1].channels),
        (1, 2, 3)
    );
    assert_eq!(pixels[1].not_numbers, 0);

    let values = [f32::NAN, 1.0, f32::NAN];
    let image = Tensor::from_slice(&values, (1, 3, 1, 1), &Device::Cpu).expect("image");
    for encoder in [Encoder::Rgb, latent] {
        let pixels = encoder.pixels(&image).expect("pixels").remove(0);
        assert_eq!((pixels.bytes, pixels.not_numbers), (vec![0, 255, 0], 2));
    }
    let flat = image.flatten_all().expect("numbers");
    let error = Encoder::Rgb
        .pixels(&flat)
        .expect_err("no images")
        .to_string();
    assert!(error.contains("[3]"), "{error}");
}

#[test]
fn whitening_gives_the_published_latents_mean_0_and_deviation_one_half() {
    let whitening = Whitening::published();
    // The autoencoder's mean, then a deviation more, in each of the four channels.
    let latents: Vec<f32> = [
        5.81,
        5.81 + 4.17,
        3.25,
        3.25 + 4.62,
        0.12,
        0.12 + 3.71,
        -2.15,
        -2.15 + 3.28,
    ]
    .into();
    let latents = Tensor::from_vec(latents, (1, 4, 1, 2), &Device::Cpu).expect("latents");
    let network = whitening
        .network_from_latents(&latents)
        .expect("four channels");
    for pair in network
        .flatten_all()
        .and_then(|x| x.to_vec1::<f32>())
        .expect("numbers")
        .chunks(2)
    {
        assert!(
            pair[0].abs() < 1e-6 && (pair[1] - 0.5).abs() < 1e-6,
            "{pair:?}"
        );
    }
    let back = whitening
        .latents_from_network(&network)
        .expect("four channels");
    assert!(crate::golden::difference(&back, &latents) < 1e-6);

    let three = network.narrow(1, 0, 3).expect("three channels");
    let error = whitening
        .latents_from_network(&three)
        .expect_err("three channels")
        .to_string();
    assert_eq!(
        error,
        "latents [1, 3, 1, 2] for a whitening of 4 scales and 4 biases"
    );
}
