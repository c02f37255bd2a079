//! The autoencoder against what diffusers computes (`golden/autoencoder.py`), in all layouts in which it is published.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use foil_models::{
    Result, StoredTensor, Weights,
    autoencoder::{Config, Decoder, Encoder, Moments},
};

use crate::golden::{Golden, difference};

/// Sums of a few thousand products in another order, through some forty layers; measured 3.6e-6.
const SINGLE: f64 = 1e-4;
/// Eight bits of mantissa after each of some forty layers; measured 0.032, where diffusers in bf16 has 0.036.
const HALF: f64 = 0.04;

fn config() -> Config {
    Config {
        base_channels: 8,
        groups: 4,
        ..Config::default()
    }
}

fn golden() -> Golden {
    Golden::open("autoencoder.safetensors")
}

fn decoder(weights: &Weights, dtype: DType) -> Result<Decoder> {
    Decoder::new(weights, &config(), dtype, &Device::Cpu)
}

fn encoder(weights: &Weights, dtype: DType) -> Result<Encoder> {
    Encoder::new(weights, &config(), dtype, &Device::Cpu)
}

/// With other names and shapes.
fn changed(
    weights: &Weights,
    change: impl Fn(&str, &StoredTensor) -> Option<(String, StoredTensor)>,
) -> Weights {
    weights
        .translated(|name, tensor| Ok(change(name, tensor)))
        .expect("different names")
}

fn without(weights: &Weights, prefixes: [&str; 2]) -> Weights {
    changed(weights, |name, tensor| {
        let kept = !prefixes.iter().any(|prefix| name.starts_with(prefix));
        kept.then(|| (name.to_owned(), tensor.clone()))
    })
}

#[test]
fn the_published_autoencoder_has_its_published_tensors() {
    let tensors = Config::default().tensors().expect("published");
    let count: usize = tensors
        .iter()
        .map(|(_, shape)| shape.iter().product::<usize>())
        .sum();
    assert_eq!((tensors.len(), count), (248, 83_653_863));
    let by_name: BTreeMap<_, _> = tensors.into_iter().collect();
    assert_eq!(by_name.len(), 248);
    let shape = |name: &str| by_name[name].as_slice();
    assert_eq!(
        shape("decoder.up_blocks.2.resnets.0.conv_shortcut.weight"),
        [256, 512, 1, 1]
    );
    assert_eq!(
        shape("encoder.mid_block.attentions.0.to_out.0.weight"),
        [512, 512]
    );
    assert_eq!(shape("encoder.conv_out.bias"), [8]);
}

#[test]
fn a_small_one_has_the_tensors_that_diffusers_gives_it() {
    let expected = config().tensors().expect("possible");
    golden().weights().check(&expected).expect("the same");
}

#[test]
fn images_are_those_of_diffusers() {
    let golden = golden();
    for (dtype, tolerance) in [(DType::F32, SINGLE), (DType::BF16, HALF)] {
        let decoder = decoder(&golden.weights(), dtype).expect("weights");
        let images = decoder.decode(&golden.tensor("latents")).expect("latents");
        assert_eq!(images.dtype(), DType::F32);
        let error = difference(&images, &golden.tensor("decoded"));
        assert!(error < tolerance, "{dtype:?}: {error:e}");
    }
}

#[test]
fn moments_are_those_of_diffusers() {
    let golden = golden();
    for (dtype, tolerance) in [(DType::F32, SINGLE), (DType::BF16, HALF)] {
        let encoder = encoder(&golden.weights(), dtype).expect("weights");
        let moments = encoder.encode(&golden.tensor("images")).expect("images");
        let mean = difference(&moments.mean, &golden.tensor("mean"));
        let variance = difference(&moments.log_variance, &golden.tensor("log_variance"));
        assert!(mean < tolerance, "{dtype:?}: {mean:e}");
        assert!(variance < tolerance, "{dtype:?}: {variance:e}");
    }
}

#[test]
fn samples_have_the_mean_and_deviation_of_the_moments() {
    let number = |value: f32| Tensor::full(value, (1, 4, 1, 1), &Device::Cpu).expect("tensor");
    let moments = Moments {
        mean: number(1.0),
        log_variance: number(4.0_f32.ln()),
    };
    let sample = moments.sample(&number(3.0)).expect("shapes");
    assert!(difference(&sample, &number(7.0)) < 1e-6);
}

#[test]
fn a_batch_of_n_is_n_batches_of_1() {
    let golden = golden();
    let (latents, images) = (golden.tensor("latents"), golden.tensor("images"));
    let decoder = decoder(&golden.weights(), DType::F32).expect("weights");
    let encoder = encoder(&golden.weights(), DType::F32).expect("weights");
    let one = |tensor: &Tensor| tensor.narrow(0, 1, 1).expect("two");
    let decoded = decoder.decode(&latents).expect("latents");
    let alone = decoder.decode(&one(&latents)).expect("latents");
    assert!(difference(&one(&decoded), &alone) == 0.0);
    let encoded = encoder.encode(&images).expect("images").mean;
    let alone = encoder.encode(&one(&images)).expect("images").mean;
    assert!(difference(&one(&encoded), &alone) == 0.0);
}

#[test]
fn either_half_may_be_absent() {
    let weights = golden().weights();
    decoder(&without(&weights, ["encoder.", "quant_conv."]), DType::F32).expect("a decoder");
    encoder(
        &without(&weights, ["decoder.", "post_quant_conv."]),
        DType::F32,
    )
    .expect("an encoder");
    let error = decoder(
        &without(&weights, ["decoder.", "post_quant_conv."]),
        DType::F32,
    );
    let error = error.expect_err("no decoder").to_string();
    assert!(
        error.starts_with("golden: missing: post_quant_conv.weight"),
        "{error}"
    );
}

/// Of a tensor in diffusers' layout, written down block by block: the small one has four levels.
fn original(name: &str) -> String {
    let mut name = name.to_owned();
    for level in 0..4 {
        let reversed = 3 - level;
        name = name.replace(&format!("down_blocks.{level}."), &format!("down.{level}."));
        name = name.replace(&format!("up_blocks.{level}."), &format!("up.{reversed}."));
    }
    for (diffusers, original) in [
        ("mid_block.resnets.0", "mid.block_1"),
        ("mid_block.resnets.1", "mid.block_2"),
        ("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
        ("mid_block.attentions.0.to_q", "mid.attn_1.q"),
        ("mid_block.attentions.0.to_k", "mid.attn_1.k"),
        ("mid_block.attentions.0.to_v", "mid.attn_1.v"),
        ("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"),
        ("conv_norm_out", "norm_out"),
        ("resnets", "block"),
        ("downsamplers.0", "downsample"),
        ("upsamplers.0", "upsample"),
        ("conv_shortcut", "nin_shortcut"),
    ] {
        name = name.replace(diffusers, original);
    }
    name
}

fn as_convolution(name: &str, tensor: &StoredTensor) -> StoredTensor {
    match *tensor.shape() {
        [outputs, inputs] if name.contains("attentions") => {
            let shape = [outputs, inputs, 1, 1];
            tensor.reshaped(&shape).expect("as many numbers")
        }
        _ => tensor.clone(),
    }
}

/// The same decoder and encoder come out of these tensors.
fn assert_same(weights: &Weights) {
    let golden = golden();
    let decoder = decoder(weights, DType::F32).expect("a decoder");
    let images = decoder.decode(&golden.tensor("latents")).expect("latents");
    assert!(difference(&images, &golden.tensor("decoded")) < SINGLE);
    let encoder = encoder(weights, DType::F32).expect("an encoder");
    let moments = encoder.encode(&golden.tensor("images")).expect("images");
    assert!(difference(&moments.mean, &golden.tensor("mean")) < SINGLE);
}

#[test]
fn files_of_the_original_program_are_read() {
    let diffusers = golden().weights();
    let moved = changed(&diffusers, |name, tensor| {
        Some((original(name), as_convolution(name, tensor)))
    });
    for name in [
        "decoder.up.3.block.0.conv1.weight",
        "encoder.mid.attn_1.q.weight",
        "decoder.norm_out.bias",
    ] {
        moved.get(name).expect("in the original layout");
    }
    assert_same(&moved);
}

#[test]
fn a_whole_model_s_file_has_the_autoencoder_under_its_prefix() {
    let diffusers = golden().weights();
    let mut tensors: BTreeMap<_, _> = diffusers
        .iter()
        .map(|(name, tensor)| {
            let name = format!("first_stage_model.{}", original(name));
            (name, tensor.clone())
        })
        .collect();
    let other = diffusers.get("quant_conv.bias").expect("there").clone();
    tensors.insert("model.diffusion_model.out.2.bias".into(), other.clone());
    tensors.insert("decoder.conv_in.weight".into(), other);
    assert_same(&Weights::new("whole", tensors));
}

#[test]
fn older_names_of_attention_are_read() {
    let older = |name: &str| {
        name.replace("to_q", "query")
            .replace("to_k", "key")
            .replace("to_v", "value")
            .replace("to_out.0", "proj_attn")
    };
    let weights = golden().weights();
    assert_same(&changed(&weights, |name, tensor| {
        Some((older(name), tensor.clone()))
    }));
    assert_same(&changed(&weights, |name, tensor| {
        Some((older(name), as_convolution(name, tensor)))
    }));
}

#[test]
fn what_training_left_in_a_file_is_ignored() {
    let weights = golden().weights();
    let mut tensors: BTreeMap<_, _> = weights
        .iter()
        .map(|(name, tensor)| (original(name), tensor.clone()))
        .collect();
    let other = weights.get("quant_conv.bias").expect("there").clone();
    tensors.insert("loss.logvar".into(), other.clone());
    tensors.insert("model_ema.decay".into(), other);
    assert_same(&Weights::new("trained", tensors));
}

#[test]
fn what_does_not_fit_is_named() {
    let weights = golden().weights();
    let renamed = changed(&weights, |name, tensor| {
        Some((
            name.replace("post_quant_conv.bias", "post_quant_conv.shift"),
            tensor.clone(),
        ))
    });
    let error = decoder(&renamed, DType::F32)
        .expect_err("no bias")
        .to_string();
    assert_eq!(
        error,
        "golden: missing: post_quant_conv.bias; unknown: post_quant_conv.shift"
    );

    let other = Config {
        latent_channels: 5,
        ..config()
    };
    let error = Encoder::new(&weights, &other, DType::F32, &Device::Cpu)
        .expect_err("misshapen")
        .to_string();
    assert!(
        error
            .contains("misshapen: encoder.conv_out.weight [8, 32, 3, 3] instead of [10, 32, 3, 3]"),
        "{error}"
    );

    let decoder = decoder(&weights, DType::F32).expect("a decoder");
    let error = decoder
        .decode(&golden().tensor("images"))
        .expect_err("images")
        .to_string();
    assert_eq!(
        error,
        "latents [2, 3, 43, 59] where [batch, 4, height, width] was expected"
    );
    let encoder = encoder(&weights, DType::F32).expect("an encoder");
    let small = golden()
        .tensor("images")
        .narrow(2, 0, 7)
        .expect("seven lines");
    let error = encoder.encode(&small).expect_err("too small").to_string();
    assert!(error.starts_with("images [2, 3, 7, 59] where"), "{error}");
}

#[test]
fn impossible_configurations_are_refused() {
    let refused = |change: fn(&mut Config)| {
        let mut config = config();
        change(&mut config);
        config.tensors().expect_err("impossible").to_string()
    };
    assert!(refused(|config| config.groups = 3).contains("8 channels do not divide into 3 groups"));
    assert!(refused(|config| config.channel_multipliers.clear()).contains("levels"));
    assert!(refused(|config| config.latent_channels = 0).contains("latent-channels"));
    assert!(refused(|config| config.epsilon = f64::NAN).contains("epsilon"));
    let error = decoder(&golden().weights(), DType::U8)
        .expect_err("no floats")
        .to_string();
    assert!(error.contains("U8"), "{error}");
}
