//! A small DINOv2 with weights of a formula, against transformers' and a program of the published formulas in torch.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use foil_models::{StoredTensor, Weights, features::dinov2::Dinov2};

use crate::{
    formula::{stored, uniform},
    golden::{Golden, difference},
};

type Named = BTreeMap<String, StoredTensor>;

const WIDTH: usize = 128;
const HIDDEN: usize = 384;
const DEPTH: usize = 3;

/// Name, grid of the learned positions, images, height and width.
const CASES: [(&str, usize, [usize; 3]); 4] = [
    ("published", 37, [1, 224, 224]),
    ("odd", 37, [2, 42, 70]),
    ("line", 5, [1, 14, 154]),
    ("own", 5, [1, 70, 70]),
];

/// Rounding of single precision; what the script computed in double precision differs by 2e-6 at most.
const TOLERANCE: f64 = 1e-5;

/// All tensors in the layout of torch's hub, in the script's order.
fn shapes(grid: usize) -> Vec<(String, Vec<usize>)> {
    let mut shapes = vec![
        ("cls_token".to_owned(), vec![1, 1, WIDTH]),
        ("mask_token".to_owned(), vec![1, WIDTH]),
        ("pos_embed".to_owned(), vec![1, 1 + grid * grid, WIDTH]),
    ];
    let mut layer = |name: String, shape: &[usize]| match shape {
        [] => shapes.push((name, vec![WIDTH])),
        [outputs, ..] => {
            shapes.push((format!("{name}.weight"), shape.to_vec()));
            shapes.push((format!("{name}.bias"), vec![*outputs]));
        }
    };
    layer("patch_embed.proj".to_owned(), &[WIDTH, 3, 14, 14]);
    let parts: [(&str, &[usize]); 8] = [
        ("norm1", &[WIDTH]),
        ("attn.qkv", &[3 * WIDTH, WIDTH]),
        ("attn.proj", &[WIDTH, WIDTH]),
        ("ls1.gamma", &[]),
        ("norm2", &[WIDTH]),
        ("mlp.fc1", &[HIDDEN, WIDTH]),
        ("mlp.fc2", &[WIDTH, HIDDEN]),
        ("ls2.gamma", &[]),
    ];
    for block in 0..DEPTH {
        for (part, shape) in parts {
            layer(format!("blocks.{block}.{part}"), shape);
        }
    }
    layer("norm".to_owned(), &[WIDTH]);
    shapes
}

/// With the script's numbers.
fn hub(grid: usize) -> Named {
    let shapes = shapes(grid).into_iter().enumerate();
    let named = shapes.map(|(stream, (name, shape))| {
        let row: usize = shape[1..].iter().product();
        let is_weight = name.ends_with(".weight");
        let numbers = uniform(stream as u64, shape.iter().product()).map(|number| {
            if is_weight && shape.len() > 1 {
                number * (6.0 / row as f64).sqrt() as f32
            } else if is_weight || name.split('.').next_back() == Some("gamma") {
                0.75 + 0.25 * number
            } else if name == "pos_embed" {
                number
            } else {
                0.25 * number
            }
        });
        let tensor = stored(&shape, numbers);
        (name, tensor)
    });
    named.collect()
}

/// The same tensors as transformers' files have them.
fn transformers(hub: &Named) -> Named {
    const NAMES: [(&str, &str); 6] = [
        ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
        ("pos_embed", "embeddings.position_embeddings"),
        ("blocks.", "encoder.layer."),
        ("attn.proj", "attention.output.dense"),
        ("ls1.gamma", "layer_scale1.lambda1"),
        ("ls2.gamma", "layer_scale2.lambda1"),
    ];
    let mut tensors = Named::new();
    for (name, tensor) in hub {
        let mut renamed = name.clone();
        for (ours, theirs) in NAMES {
            renamed = renamed.replace(ours, theirs);
        }
        if name.ends_with("_token") {
            renamed = format!("embeddings.{name}");
        }
        if name.starts_with("norm.") {
            renamed = format!("layer{name}");
        }
        if !name.contains("attn.qkv") {
            tensors.insert(renamed, tensor.clone());
            continue;
        }
        let mut shape = tensor.shape().to_vec();
        shape[0] /= 3;
        let third = tensor.count() / 3;
        for (place, part) in ["query", "key", "value"].into_iter().enumerate() {
            let numbers = tensor.part(place * third..(place + 1) * third);
            let numbers = numbers.and_then(|part| part.reshaped(&shape));
            let name = renamed.replace("attn.qkv", &format!("attention.attention.{part}"));
            tensors.insert(name, numbers.expect("a third"));
        }
    }
    tensors
}

fn network(weights: Named) -> Dinov2 {
    Dinov2::new(&Weights::new("formula", weights), DType::F32).expect("a network")
}

fn images(index: usize) -> Tensor {
    let (_, _, [count, height, width]) = CASES[index];
    let numbers = uniform(1000 + index as u64, count * height * width * 3);
    let numbers = Tensor::from_iter(numbers.map(|number| 2.0 * number), &Device::Cpu);
    let images = numbers.and_then(|numbers| numbers.reshape((count, height, width, 3)));
    images.expect("images")
}

#[test]
fn features_are_those_of_torch_in_both_layouts() {
    let golden = Golden::open("dinov2.safetensors");
    for (index, (case, grid, _)) in CASES.iter().enumerate() {
        let hub = hub(*grid);
        let transformers = transformers(&hub);
        let expected = golden.tensor(&format!("{case}.features"));
        let [one, other] = [hub, transformers].map(|weights| {
            let network = network(weights);
            assert_eq!(network.features(), WIDTH);
            let found = network.describe(&images(index)).expect("features");
            let error = difference(&found, &expected);
            assert!(error < TOLERANCE, "{case}: {error}");
            found
        });
        assert_eq!(
            one.to_vec2::<f32>().unwrap(),
            other.to_vec2::<f32>().unwrap()
        );
    }
}

#[test]
fn features_in_bf16_are_near_those_of_single_precision() {
    let (_, grid, _) = CASES[1];
    let weights = Weights::new("formula", hub(grid));
    let network = Dinov2::new(&weights, DType::BF16).expect("a network");
    let found = network.describe(&images(1)).expect("features");
    assert_eq!(found.dtype(), DType::F32);
    let expected = Golden::open("dinov2.safetensors").tensor("odd.features");
    let error = difference(&found, &expected);
    assert!((1e-5..2e-2).contains(&error), "{error}");
}

/// The ratio by which positions are resized tells the authors' code from transformers'; a grid of the learned size has none.
#[test]
fn the_authors_ratio_of_positions_matters() {
    let golden = Golden::open("dinov2.safetensors");
    for (index, (case, grid, _)) in CASES.iter().enumerate() {
        let other = golden.tensor(&format!("{case}.other_ratio"));
        let found = network(hub(*grid))
            .describe(&images(index))
            .expect("features");
        let error = difference(&found, &other);
        assert_eq!(error < TOLERANCE, *case == "own", "{case}: {error}");
        assert!(!(TOLERANCE..=1e-2).contains(&error), "{case}: {error}");
    }
}

#[test]
fn an_image_is_described_alike_alone_beside_others_and_after_other_sizes() {
    let network = network(hub(37));
    let both = images(1);
    let together = network.describe(&both).expect("features");
    network
        .describe(&images(3))
        .expect("features of another size");
    let second = both.narrow(0, 1, 1).expect("an image");
    let alone = network.describe(&second).expect("features");
    assert_eq!(
        together.to_vec2::<f32>().unwrap()[1],
        alone.to_vec2::<f32>().unwrap()[0]
    );
}

#[test]
fn what_is_another_network_is_refused() {
    let refused = |change: &dyn Fn(&mut Named), expected: &str| {
        let mut weights = hub(5);
        change(&mut weights);
        let error =
            Dinov2::new(&Weights::new("formula", weights), DType::F32).expect_err("a refusal");
        assert!(error.to_string().contains(expected), "{error}");
    };
    let zeros = |shape: &[usize]| stored(shape, std::iter::repeat_n(0.0, shape.iter().product()));
    let with = |name: &'static str, shape: &'static [usize]| {
        move |weights: &mut Named| drop(weights.insert(name.to_owned(), zeros(shape)))
    };
    let without = |name: &'static str| move |weights: &mut Named| drop(weights.remove(name));
    refused(&without("cls_token"), "no DINOv2: neither cls_token nor");
    refused(&without("norm.bias"), "missing: norm.bias");
    refused(
        &without("blocks.0.mlp.fc1.weight"),
        "missing: blocks.0.mlp.fc1.weight",
    );
    refused(
        &without("blocks.1.ls1.gamma"),
        "missing: blocks.1.ls1.gamma",
    );
    refused(&with("head.weight", &[1]), "unknown: head.weight");
    refused(
        &with("blocks.7.norm1.weight", &[WIDTH]),
        "unknown: blocks.7.norm1.weight",
    );
    refused(
        &with("cls_token", &[1, 1, 96]),
        "cls_token is [1, 1, 96] where [1, 1, multiple of 64]",
    );
    refused(
        &with("pos_embed", &[1, 28, WIDTH]),
        "pos_embed is [1, 28, 128] where [1, 1 + square, 128]",
    );
    refused(
        &with("patch_embed.proj.weight", &[WIDTH, 3, 16, 16]),
        "patch_embed.proj.weight [128, 3, 16, 16] instead of [128, 3, 14, 14]",
    );
    refused(
        &with("mask_token", &[1, 64]),
        "mask_token [1, 64] instead of",
    );
    refused(&with("register_tokens", &[1, 4, WIDTH]), "register tokens");
    refused(&with("blocks.0.mlp.w12.weight", &[64, WIDTH]), "gated");
    let mut masked = hub(5);
    masked.remove("mask_token");
    let network = network(masked);
    let input = |shape: [usize; 4]| Tensor::zeros(&shape[..], DType::F32, &Device::Cpu).unwrap();
    for shape in [
        [1, 42, 43, 3],
        [1, 0, 42, 3],
        [0, 42, 42, 3],
        [1, 42, 42, 4],
    ] {
        let error = network.describe(&input(shape)).expect_err("a refusal");
        assert!(
            error.to_string().contains("sides that 14 divides"),
            "{error}"
        );
    }
}
