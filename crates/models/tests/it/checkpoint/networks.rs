//! NVIDIA's network pickles against what PyTorch reads in them.

use foil_models::{
    Encoder, SourceFile,
    checkpoint::{Contents, Format, Provenance, Snapshot},
    edm2::Config,
};
use serde_json::Value;

use super::fixture;

pub(super) fn network(name: &str) -> Snapshot {
    match Contents::open(fixture(name)).unwrap() {
        Contents::Edm2(snapshot) => *snapshot,
        other => panic!("{name} holds {other:?}"),
    }
}

#[test]
fn configurations_are_those_the_networks_were_made_with() {
    let tiny = Config {
        resolution: 16,
        channels: 3,
        labels: 10,
        model_channels: 64,
        channel_multipliers: vec![1, 2],
        blocks: 2,
        attention_resolutions: vec![8],
        ..Config::default()
    };
    let guide = Config {
        channel_multipliers: vec![1, 1],
        blocks: 1,
        ..tiny.clone()
    };
    let unconditional = Config {
        labels: 0,
        ..guide.clone()
    };
    for (name, config) in [("main", tiny), ("guide", guide), ("uncond", unconditional)] {
        let network = network(&format!("edm2-tiny-{name}.pkl"));
        assert_eq!(network.config, config, "{name}");
        assert_eq!(network.encoder, Encoder::Rgb);
        let Provenance {
            dataset_class,
            dataset_path,
            ema_std,
            ..
        } = network.provenance;
        assert_eq!(
            dataset_class.unwrap(),
            "training.dataset.ImageFolderDataset"
        );
        assert_eq!(dataset_path.unwrap(), "datasets/tiny.zip");
        assert_eq!(ema_std, None);
    }
}

#[test]
fn every_tensor_has_the_values_that_torch_reads() {
    let values = std::fs::read(fixture("checkpoints/edm2-tiny-values.json")).unwrap();
    let values: Value = serde_json::from_slice(&values).unwrap();
    for name in ["main", "guide", "uncond"] {
        let weights = network(&format!("edm2-tiny-{name}.pkl")).weights;
        let expected = values[name].as_object().unwrap();
        assert_eq!(weights.iter().count(), expected.len(), "{name}");
        for (name, expected) in expected {
            let tensor = weights.get(name).unwrap();
            assert_eq!(Value::from(tensor.shape()), expected["shape"], "{name}");
            assert_eq!(expected["dtype"], "float16");
            assert_eq!(tensor.dtype(), candle_core::DType::F16);
            let numbers = tensor.double_numbers().unwrap();
            // Sums of halves are exact in double precision, in whatever order.
            let sum: f64 = numbers.iter().sum();
            assert_eq!(Some(sum), expected["sum"].as_f64(), "{name}");
            assert_eq!(Some(numbers[0]), expected["first"].as_f64(), "{name}");
        }
    }
}

#[test]
fn all_that_a_network_can_be_made_with_is_understood() {
    let path = fixture("checkpoints/latents-2147483-0.135.pkl");
    assert_eq!(
        Format::of_file(&SourceFile::open(&path).unwrap()).unwrap(),
        Format::Pickle
    );
    let network = network("checkpoints/latents-2147483-0.135.pkl");
    let expected = Config {
        resolution: 2,
        channels: 4,
        labels: 0,
        model_channels: 4,
        channel_multipliers: vec![1],
        noise_multiplier: None,
        embedding_multiplier: Some(1),
        blocks: 1,
        attention_resolutions: vec![],
        head_channels: 2,
        residual_balance: 0.25,
        attention_balance: 0.25,
        clip: None,
        uncertainty_channels: 3,
        dropout: 0.125,
        ..Config::default()
    };
    assert_eq!(network.config, expected);
    let Encoder::Latent(whitening) = network.encoder else {
        panic!("latents without an encoder");
    };
    assert_eq!(whitening.autoencoder, "stabilityai/sd-vae-ft-mse");
    assert_eq!(whitening.scale, [0.5, 0.25, 0.125, 1.0]);
    assert_eq!(whitening.bias, [-1.0, 2.0, 0.5, 0.0]);
    let provenance = network.provenance;
    assert_eq!(provenance.ema_std, Some(0.135));
    // 2 147 483 thousand, rounded up to a multiple of 1024: 2^31.
    assert_eq!(provenance.images_seen, Some(1 << 31));
    assert_eq!(provenance.origin.unwrap(), "latents-2147483-0.135.pkl");
}

#[test]
fn names_that_are_not_of_the_published_form_say_nothing() {
    let seen = |name: &str| Provenance::from_name(name.as_ref()).images_seen;
    assert_eq!(seen("edm2-img512-xs-0134217-0.100.pkl"), Some(134_217_728));
    for name in [
        "network.pkl",
        "a-b.pkl",
        "xs-134217-0.100.pkl",
        "xs-0134217-0.1.pkl",
        "xs-0134217-nan.pkl",
        "xs-+134217-0.100.pkl",
        "",
    ] {
        assert_eq!(seen(name), None, "{name}");
    }
}

#[test]
fn the_laboratorys_network_is_known() {
    let toy = Contents::open(fixture("checkpoints/toy.pkl")).unwrap();
    let Contents::Toy(weights) = toy else {
        panic!("it holds {toy:?}");
    };
    let shapes: Vec<_> = weights
        .iter()
        .map(|(name, tensor)| (name, tensor.shape().to_vec()))
        .collect();
    let expected = [
        ("gain", vec![]),
        ("layers.0.weight", vec![4, 4]),
        ("layers.2.weight", vec![4, 4]),
    ];
    assert_eq!(shapes, expected);
    assert_eq!(weights.get("gain").unwrap().numbers().unwrap(), [0.5]);
}
