//! Inception-v3 with weights of a formula, against torchvision's, changed to FID's network.

use std::{collections::BTreeMap, sync::LazyLock};

use candle_core::{DType, Tensor};
use foil_models::{
    StoredTensor, Weights,
    checkpoint::Contents,
    features::inception::{Described, Inception, Protocol},
};

use crate::{
    formula::{stored, uniform},
    golden::{Golden, difference},
};

const SIZES: [(&str, [usize; 3]); 3] = [
    ("odd", [3, 37, 53]),
    ("grey", [1, 28, 28]),
    ("large", [3, 401, 310]),
];

const PROTOCOLS: [(Protocol, &str); 2] = [
    (Protocol::Tensorflow, "tensorflow"),
    (Protocol::PytorchFid, "pytorch_fid"),
];

/// The published names and shapes, sorted by name, with the script's numbers.
static WEIGHTS: LazyLock<BTreeMap<String, StoredTensor>> = LazyLock::new(|| {
    let names = include_str!("../golden/inception.names");
    let named = names.lines().enumerate().map(|(stream, line)| {
        let (name, shape) = line.split_once(' ').expect("a name and a shape");
        let shape: Vec<usize> = shape
            .split('x')
            .map(|side| side.parse().expect("a side"))
            .collect();
        let count = shape.iter().product();
        let row: usize = shape[1..].iter().product();
        let numbers = uniform(stream as u64, count).map(|number| {
            if name.ends_with("conv.weight") || name.ends_with("fc.weight") {
                number * (6.0 / row as f64).sqrt() as f32
            } else if name.ends_with("running_var") {
                1.0 + 0.5 * number
            } else if name.ends_with("bn.weight") {
                1.0 + 0.25 * number
            } else {
                0.25 * number
            }
        });
        (name.to_owned(), stored(&shape, numbers))
    });
    named.collect()
});

static NETWORK: LazyLock<Inception> = LazyLock::new(|| {
    let weights = Weights::new("formula", WEIGHTS.clone());
    Inception::new(&weights, DType::F32).expect("a network")
});

fn image(index: usize) -> Vec<u8> {
    let (_, shape) = SIZES[index];
    let numbers = uniform(1000 + index as u64, shape.iter().product());
    numbers
        .map(|number| ((number + 1.0) * 127.99) as u8)
        .collect()
}

fn described(index: usize, protocol: Protocol) -> Described {
    let presented = protocol.present(&image(index), SIZES[index].1);
    let described = NETWORK.describe(&presented.expect("an image"));
    described.expect("features")
}

fn assert_close(what: &str, found: &Tensor, expected: &Tensor, tolerance: f64) {
    let found = found.flatten_all().expect("numbers");
    let error = difference(&found, &expected.flatten_all().expect("numbers"));
    assert!(error < tolerance, "{what}: {error}");
}

#[test]
fn features_are_those_of_torchvision() {
    let golden = Golden::open("inception.safetensors");
    for (index, (size, _)) in SIZES.iter().enumerate() {
        for (protocol, name) in PROTOCOLS {
            let name = format!("{size}.{name}");
            let expected = |part: &str| golden.tensor(&format!("{name}.{part}"));
            let found = described(index, protocol);
            assert_close(&name, &found.features, &expected("features"), 1e-4);
            if *size == "odd" {
                assert_close(&name, &found.spatial, &expected("spatial"), 1e-4);
                assert_close(&name, &found.logits, &expected("logits"), 1e-4);
            }
        }
    }
}

/// Of 94 layers in bf16.
#[test]
fn features_in_bf16_are_near_those_of_single_precision() {
    let weights = Weights::new("formula", WEIGHTS.clone());
    let network = Inception::new(&weights, DType::BF16).expect("a network");
    let (_, shape) = SIZES[0];
    let presented = Protocol::Tensorflow.present(&image(0), shape);
    let found = network.describe(&presented.expect("an image"));
    let (found, single) = (found.expect("features"), described(0, Protocol::Tensorflow));
    for (found, single) in [
        (&found.features, &single.features),
        (&found.spatial, &single.spatial),
    ] {
        let error = difference(
            &found.flatten_all().expect("numbers"),
            &single.flatten_all().expect("numbers"),
        );
        assert!((1e-5..2e-2).contains(&error), "{error}");
    }
}

#[test]
fn images_are_presented_as_torch_does() {
    let golden = Golden::open("inception.safetensors");
    for (index, (size, shape)) in SIZES.iter().enumerate() {
        for (protocol, name) in PROTOCOLS {
            let presented = protocol.present(&image(index), *shape).expect("an image");
            let every = |step: usize| {
                let places = (0..299_u32).step_by(step);
                Tensor::from_iter(places, presented.device()).expect("places")
            };
            let some = presented.index_select(&every(37), 1);
            let some = some.and_then(|some| some.index_select(&every(41), 2));
            let expected = golden.tensor(&format!("{size}.{name}.presented"));
            // torch has its places in single precision.
            assert_close(name, &some.expect("pixels"), &expected, 1e-4);
        }
    }
}

#[test]
fn an_image_is_described_alike_alone_and_beside_others() {
    let [one, other] = [0, 2].map(|index| {
        let presented = Protocol::Tensorflow.present(&image(index), SIZES[index].1);
        presented.expect("an image")
    });
    let both = Tensor::cat(&[&other, &one], 0).expect("two images");
    let together = NETWORK.describe(&both).expect("features").features;
    let alone = NETWORK.describe(&one).expect("features").features;
    let second = together.get(1).and_then(|row| row.to_vec1::<f32>());
    let alone = alone.get(0).and_then(|row| row.to_vec1::<f32>());
    assert_eq!(second.expect("numbers"), alone.expect("numbers"));
}

/// The same numbers in the other layout, which has no scales.
#[test]
fn both_layouts_make_the_same_network() {
    let names = include_str!("../golden/inception.nvidia");
    let mut theirs = BTreeMap::new();
    let mut ours = WEIGHTS.clone();
    for line in names.lines() {
        let (own, their) = line.split_once(' ').expect("two names");
        theirs.insert(their.to_owned(), ours[own].clone());
    }
    for (name, tensor) in &mut ours {
        if name.ends_with("bn.weight") {
            *tensor = stored(tensor.shape(), std::iter::repeat_n(1.0, tensor.count()));
        }
    }
    let features = |weights: BTreeMap<String, StoredTensor>| {
        let network =
            Inception::new(&Weights::new("formula", weights), DType::F32).expect("a network");
        let presented = Protocol::PytorchFid.present(&image(1), SIZES[1].1);
        let described = network.describe(&presented.expect("an image"));
        let features = described.expect("features").features;
        features
            .flatten_all()
            .and_then(|all| all.to_vec1::<f32>())
            .expect("numbers")
    };
    assert_eq!(features(theirs), features(ours));
}

/// A graph of constants, as TensorFlow stores it: `number << 3 | 2`, the length, the content.
fn graph(constants: &[(String, Vec<usize>, Vec<u8>)]) -> Vec<u8> {
    fn number(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }
    let field = |place: u8, content: &[u8]| {
        [&[place << 3 | 2][..], &number(content.len()), content].concat()
    };
    let nodes = constants.iter().map(|(name, shape, content)| {
        let sizes = shape.iter().map(|&size| {
            let size = [vec![0x08], number(size)].concat();
            field(2, &size)
        });
        let shape = sizes.collect::<Vec<_>>().concat();
        let tensor = [vec![0x08, 1], field(2, &shape), field(4, content)].concat();
        let value = [field(1, b"value"), field(2, &field(8, &tensor))].concat();
        let node = [
            field(1, name.as_bytes()),
            field(2, b"Const"),
            field(5, &value),
        ];
        field(1, &node.concat())
    });
    nodes.collect::<Vec<_>>().concat()
}

/// What the published graph calls a tensor of torchvision's, in the names of `inception.nvidia`.
fn of_graph(ours: &str, nvidia: &str) -> String {
    let layer = nvidia.strip_prefix("layers.").unwrap_or(nvidia);
    let (layer, _) = layer.rsplit_once('.').expect("a layer and a part");
    let part = match ours.rsplit_once('.').expect("a layer and a part").1 {
        "weight" => "conv2d_params",
        "bias" => "batchnorm/beta",
        "running_mean" => "batchnorm/moving_mean",
        _ => "batchnorm/moving_variance",
    };
    match ours {
        "fc.weight" => return "softmax/weights".to_owned(),
        "fc.bias" => return "softmax/biases".to_owned(),
        _ => {}
    }
    // Only the last two blocks join a tower's name with its layer's.
    let layer = layer.replace("mixed_conv", "mixed/conv").replace('.', "/");
    let layer = ["tower_2", "tower_1", "tower"]
        .iter()
        .find(|tower| {
            layer.contains(&format!("{tower}_conv")) || layer.contains(&format!("{tower}_mixed"))
        })
        .map_or(layer.clone(), |tower| {
            layer.replace(&format!("{tower}_"), &format!("{tower}/"))
        });
    format!("{layer}/{part}")
}

/// In TensorFlow's order of dimensions: the last of torchvision's first two comes last but one, the first last.
fn turned(tensor: &StoredTensor) -> (Vec<usize>, Vec<u8>) {
    let numbers = tensor.numbers().expect("floats");
    let (shape, numbers): (Vec<usize>, Vec<f32>) = match *tensor.shape() {
        [outputs, inputs, height, width] => {
            let mut turned = Vec::with_capacity(numbers.len());
            for place in 0..height * width {
                for input in 0..inputs {
                    let place = |output: usize| (output * inputs + input) * height * width + place;
                    turned.extend((0..outputs).map(|output| numbers[place(output)]));
                }
            }
            (vec![height, width, inputs, outputs], turned)
        }
        [outputs, inputs] => {
            let input = |input: usize| {
                let numbers = &numbers;
                (0..outputs).map(move |output| numbers[output * inputs + input])
            };
            (vec![inputs, outputs], (0..inputs).flat_map(input).collect())
        }
        _ => (tensor.shape().to_vec(), numbers),
    };
    (
        shape,
        numbers.into_iter().flat_map(f32::to_le_bytes).collect(),
    )
}

/// The same numbers as a graph that has more constants than the network needs, in a file.
#[test]
fn tensorflows_graph_makes_the_same_network() {
    let names = include_str!("../golden/inception.nvidia");
    let mut ours = WEIGHTS.clone();
    let mut constants = Vec::new();
    for line in names.lines() {
        let (own, their) = line.split_once(' ').expect("two names");
        let (shape, bytes) = turned(&ours[own]);
        constants.push((of_graph(own, their), shape, bytes));
    }
    for (name, tensor) in &mut ours {
        if name.ends_with("bn.weight") {
            *tensor = stored(tensor.shape(), std::iter::repeat_n(1.0, tensor.count()));
        }
    }
    // Names of the published graph.
    for known in [
        "conv/conv2d_params",
        "mixed_10/tower_2/conv/batchnorm/moving_variance",
        "mixed_10/tower_1/mixed/conv_1/batchnorm/moving_mean",
        "mixed_3/tower/conv_1/batchnorm/beta",
        "softmax/weights",
    ] {
        assert!(constants.iter().any(|(name, ..)| name == known), "{known}");
    }
    for other in ["Sub/y", "Mul/y", "conv/batchnorm/gamma"] {
        let levels = 2.0_f32.to_le_bytes();
        constants.push((other.to_owned(), Vec::new(), levels.to_vec()));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("classify_image_graph_def.pb");
    let read = |constants: &[_]| {
        std::fs::write(&path, graph(constants)).unwrap();
        match Contents::open(&path).unwrap() {
            Contents::Tensors(weights) => Inception::new(&weights, DType::F32),
            other => panic!("{other:?}"),
        }
    };
    let ours = Inception::new(&Weights::new("formula", ours), DType::F32).expect("a network");
    let presented = Protocol::Tensorflow
        .present(&image(0), SIZES[0].1)
        .expect("an image");
    let numbers = |network: &Inception| {
        let Described {
            features,
            spatial,
            logits,
            bias,
        } = network.describe(&presented).expect("features");
        [features, spatial, logits, bias].map(|tensor| {
            let numbers = tensor.flatten_all().and_then(|all| all.to_vec1::<f32>());
            numbers.expect("numbers")
        })
    };
    let theirs = read(&constants).expect("a network");
    assert_eq!(numbers(&theirs), numbers(&ours));
    let missing = "mixed_9/tower/mixed/conv/conv2d_params";
    constants.retain(|(name, ..)| name != missing);
    let error = read(&constants).expect_err("a refusal").to_string();
    assert!(error.contains(&format!("missing: {missing}")), "{error}");
}

#[test]
fn what_is_another_network_is_refused() {
    let refused = |change: &dyn Fn(&mut BTreeMap<String, StoredTensor>), expected: &str| {
        let mut weights = WEIGHTS.clone();
        change(&mut weights);
        let error =
            Inception::new(&Weights::new("formula", weights), DType::F32).expect_err("a refusal");
        assert!(error.to_string().contains(expected), "{error}");
    };
    let name = "Mixed_6c.branch7x7_2.conv.weight";
    refused(
        &|weights| drop(weights.remove(name)),
        "missing: Mixed_6c.branch7x7_2.conv.weight",
    );
    let narrow = |weights: &mut BTreeMap<String, StoredTensor>| {
        let zeros = std::iter::repeat_n(0.0, 160 * 7 * 3);
        weights.insert(name.to_owned(), stored(&[160, 3, 1, 7], zeros));
    };
    refused(&narrow, "[160, 3, 1, 7] where 160 input channels");
    let more = |weights: &mut BTreeMap<String, StoredTensor>| {
        weights.insert(
            "AuxLogits.fc.bias".to_owned(),
            stored(&[1], [0.0].into_iter()),
        );
    };
    refused(
        &more,
        "1 tensors that Inception-v3 has not, such as AuxLogits.fc.bias",
    );
    let fewer = |weights: &mut BTreeMap<String, StoredTensor>| {
        weights.insert(
            "fc.bias".to_owned(),
            stored(&[1000], std::iter::repeat_n(0.0, 1000)),
        );
    };
    refused(&fewer, "fc.bias is [1000] where [1008] was expected");
    let levels = [0_u8; 12];
    assert!(Protocol::Tensorflow.present(&levels, [2, 2, 3]).is_err());
    assert!(Protocol::Tensorflow.present(&levels, [3, 3, 3]).is_err());
    let other = Tensor::zeros((1, 64, 64, 3), DType::F32, &candle_core::Device::Cpu);
    assert!(NETWORK.describe(&other.expect("zeros")).is_err());
}
