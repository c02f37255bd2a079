//! TensorFlow's graphs: every form of a constant, and what is no graph.

use candle_core::DType;
use foil_models::{
    SourceFile, Weights,
    checkpoint::{Contents, Format},
};

use super::{fixture, open, refusal, tensors};

fn graph() -> Vec<u8> {
    std::fs::read(fixture("checkpoints/graph.pb")).unwrap()
}

/// A field of bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, content.len() as u8], content].concat()
}

/// A graph of one constant.
fn constant(tensor: &[u8]) -> Vec<u8> {
    let value = [field(1, b"value"), field(2, &field(8, tensor))].concat();
    let node = [field(1, b"weight"), field(2, b"Const"), field(5, &value)].concat();
    field(1, &node)
}

/// A tensor of type 1, floats, of one dimension.
fn floats(size: &[u8], numbers: &[u8]) -> Vec<u8> {
    let dimension = [&[0x08], size].concat();
    [
        &[0x08, 0x01][..],
        &field(2, &field(2, &dimension)),
        &field(5, numbers),
    ]
    .concat()
}

#[test]
fn every_form_of_a_constant_is_read() {
    let path = fixture("checkpoints/graph.pb");
    let format = Format::of_file(&SourceFile::open(&path).unwrap()).unwrap();
    assert_eq!(format, Format::TensorflowGraph);
    let weights = tensors(&path);
    let expected: [(&str, DType, &[usize], &[f64]); 9] = [
        (
            "bytes",
            DType::F32,
            &[2, 3],
            &[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5],
        ),
        ("double", DType::F64, &[2], &[0.1, -0.2]),
        ("doubles", DType::F64, &[2], &[0.1, -0.2]),
        ("empty", DType::F32, &[0, 3], &[]),
        ("filled", DType::F32, &[2, 2], &[0.25; 4]),
        ("half", DType::F16, &[2], &[1.5, -2.0]),
        ("scalar/y", DType::F32, &[], &[128.0]),
        ("scattered", DType::F32, &[4], &[1.0, 2.0, 3.0, 4.0]),
        (
            "tower/list",
            DType::F32,
            &[3],
            &[0.5, -1.0, f64::from(1e-30_f32)],
        ),
    ];
    let names: Vec<&str> = weights.iter().map(|(name, _)| name).collect();
    assert_eq!(names, expected.map(|(name, ..)| name));
    for (name, dtype, shape, numbers) in expected {
        let found = weights.get(name).unwrap();
        assert_eq!((found.dtype(), found.shape()), (dtype, shape), "{name}");
        assert_eq!(found.double_numbers().unwrap(), numbers, "{name}");
    }
}

/// A graph has no end: one that was cut between two nodes is a smaller one.
#[test]
fn a_graph_that_ends_early_is_refused_or_has_fewer_nodes() {
    let whole = graph();
    let (mut smaller, mut refused) = (0, 0);
    for length in 0..whole.len() {
        match open(&whole[..length]) {
            Ok(Contents::Tensors(weights)) => {
                smaller += 1;
                assert!(weights.iter().all(|(_, tensor)| tensor.numbers().is_ok()));
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => {
                refused += 1;
                refusal(&whole[..length]);
            }
        }
    }
    // After each of the nodes from the first with numbers on, and after the versions; but for the end.
    assert_eq!((smaller, refused + smaller), (12, whole.len()));
    let said = refusal(&whole[..whole.len() - 1]);
    assert!(said.contains("damaged TensorFlow graph"), "{said}");
}

#[test]
fn claims_of_a_graph_are_compared_with_its_bytes() {
    let one = 1.0_f32.to_le_bytes();
    let said = |tensor: &[u8]| refusal(&constant(tensor));
    assert!(open(&constant(&floats(&[3], &one))).is_ok());
    // One number in 2^32 places, and two in three.
    let huge = floats(&[0x80, 0x80, 0x80, 0x80, 0x10], &one);
    assert!(said(&huge).contains("weight: a storage of 1 numbers cannot be seen as [4294967296]"));
    let few = floats(&[3], &one.repeat(2));
    assert!(said(&few).contains("weight: 8 bytes cannot be [3] of F32"));
    let minus_one = [&[0xFF; 9][..], &[1]].concat();
    assert!(said(&floats(&minus_one, &one)).contains("unknown shape"));
    let unknown_rank = [&[0x08, 0x01][..], &field(2, &[0x18, 0x01])].concat();
    assert!(said(&unknown_rank).contains("unknown shape"));
    let deep = [&[0x08, 0x01][..], &field(2, &field(2, &[]).repeat(17))].concat();
    assert!(said(&deep).contains("more dimensions"));
    let halves = [0x08, 19, 13 << 3, 7];
    assert!(said(&halves).contains("read as bytes only"));
    let integers = [0x08, 0x03];
    assert!(said(&integers).contains("without constants"));
    let node = |fields: &[Vec<u8>]| refusal(&field(1, &fields.concat()));
    let named = [field(1, b"w"), field(2, b"Const")];
    assert!(node(&named).contains("a constant without a value"));
    assert!(node(&named[..1]).contains("not a checkpoint"));
    let twice = constant(&floats(&[1], &one)).repeat(2);
    assert!(refusal(&twice).contains("two tensors are named 'weight'"));
    let text = [field(1, b"\xff\n"), field(2, b"Const")];
    let late = [
        constant(&floats(&[1], &one)).as_slice(),
        &field(1, &text.concat()),
    ]
    .concat();
    assert!(refusal(&late).contains("is no text"));
}

#[test]
fn dimensions_are_put_in_another_order() {
    let weights = tensors(&fixture("checkpoints/graph.pb"));
    let torch = tensors(&fixture("checkpoints/torch.pt"));
    let turned = weights.get("bytes").unwrap().permuted(&[1, 0]).unwrap();
    assert_eq!(turned.shape(), [3, 2]);
    let expected = [-2.5, 0.5, -1.5, 1.5, -0.5, 2.5];
    assert_eq!(turned.numbers().unwrap(), expected);
    assert_eq!(
        turned.reshaped(&[6]).unwrap().numbers().unwrap(),
        expected,
        "a view in another shape"
    );
    let back = turned.permuted(&[1, 0]).unwrap();
    let numbers = |weights: &Weights, name: &str| weights.get(name).unwrap().numbers().unwrap();
    assert_eq!(back.numbers().unwrap(), numbers(&weights, "bytes"));
    // Of a view, and of memory.
    let view = torch.get("permuted").unwrap();
    let copied = foil_models::StoredTensor::in_memory(
        view.dtype(),
        view.shape(),
        view.with_bytes(<[u8]>::to_vec).unwrap(),
    );
    let copied = copied.unwrap();
    let orders = [[0, 1, 2], [2, 0, 1], [1, 0, 2]];
    for order in orders {
        let turned = [view, &copied].map(|tensor| tensor.permuted(&order).unwrap());
        assert_eq!(turned[0].shape(), turned[1].shape());
        assert_eq!(turned[0].numbers().unwrap(), turned[1].numbers().unwrap());
        let shape: Vec<usize> = order.iter().map(|&place| view.shape()[place]).collect();
        assert_eq!(turned[0].shape(), shape);
        // By the definition.
        let source = view.numbers().unwrap();
        let [first, second] = [view.shape()[1] * view.shape()[2], view.shape()[2]];
        for (place, &number) in turned[0].numbers().unwrap().iter().enumerate() {
            let inner = [
                place / (shape[1] * shape[2]),
                place / shape[2] % shape[1],
                place % shape[2],
            ];
            let mut own = [0; 3];
            for (&to, at) in order.iter().zip(inner) {
                own[to] = at;
            }
            assert_eq!(
                number.to_bits(),
                source[own[0] * first + own[1] * second + own[2]].to_bits()
            );
        }
    }
    let empty = weights.get("empty").unwrap().permuted(&[1, 0]).unwrap();
    assert_eq!((empty.shape(), empty.count()), (&[3, 0][..], 0));
    assert_eq!(empty.numbers().unwrap(), [0.0; 0]);
    for order in [&[0][..], &[0, 0], &[0, 2], &[0, 1, 2]] {
        let error = weights.get("bytes").unwrap().permuted(order);
        assert!(error.unwrap_err().to_string().contains("no order of 2"));
    }
}
