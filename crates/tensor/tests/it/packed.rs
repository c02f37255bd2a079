//! Packed weights with every epilogue, against the composed definitions in `f64`.

use std::ops::Range;

use candle_core::{DType, Tensor};
use foil_tensor::{
    Activation, Epilogue, PackedConv2d, PackedDepthwise, PackedLinear, Residual, Result, Rows,
    composed,
};

use crate::case::{Tolerance, assert_close, largest, numbers, random};

/// Sums of a few hundred terms of unlike sign, in `f32`.
const SINGLE: Tolerance = Tolerance {
    of_number: 0.0,
    of_largest: 1e-5,
};
/// One rounding to 8 bits of what was computed in `f32`.
const ROUNDED: Tolerance = Tolerance {
    of_number: 1.0 / 256.0,
    of_largest: 1e-5,
};

/// Winograd's method in bf16 rounds what it multiplies too.
const TRANSFORMED: Tolerance = Tolerance {
    of_number: 1.0 / 256.0,
    of_largest: 2e-2,
};

/// What epilogues are made of, for an output of this shape.
struct Parts {
    bias: Tensor,
    gain: Tensor,
    residual: Tensor,
}

impl Parts {
    fn new(output: &[usize], dtype: DType) -> Self {
        let channels = output[output.len() - 1];
        Self {
            bias: random(11, &[channels], dtype),
            gain: random(12, &[output[0], channels], dtype),
            residual: random(13, output, dtype),
        }
    }

    /// Each part alone, then all together in both kinds of sum.
    fn epilogues(&self) -> Vec<Epilogue<'_>> {
        let none = Epilogue::default();
        let (bias, gain) = (Some(&self.bias), Some(&self.gain));
        let mut all = vec![
            none,
            Epilogue { bias, ..none },
            Epilogue { gain, ..none },
            Epilogue {
                residual: Some(Residual::sum(&self.residual)),
                ..none
            },
            Epilogue {
                residual: Some(Residual::mp_sum(&self.residual, 0.3)),
                ..none
            },
            Epilogue {
                clip: Some(0.5),
                ..none
            },
        ];
        for activation in Activation::ALL.into_iter().skip(1) {
            let residual = Some(Residual::mp_sum(&self.residual, 0.4));
            all.push(Epilogue { activation, ..none });
            all.push(Epilogue {
                bias,
                gain,
                activation,
                residual,
                clip: Some(1.0),
            });
        }
        all
    }
}

/// Compares both ways for both types and all epilogues.
fn compare(
    name: &str,
    shapes: [&[usize]; 2],
    packed: impl Fn(&Tensor, &Tensor, &Epilogue<'_>) -> Result<Tensor>,
    product: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) {
    compare_within(ROUNDED, name, shapes, packed, product);
}

/// The same with a tolerance for bf16.
fn compare_within(
    half: Tolerance,
    name: &str,
    shapes: [&[usize]; 2],
    packed: impl Fn(&Tensor, &Tensor, &Epilogue<'_>) -> Result<Tensor>,
    product: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
) {
    let inputs = |dtype| [random(0, shapes[0], dtype), random(1, shapes[1], dtype)];
    let [x, weight] = inputs(DType::F64);
    let truth = product(&x, &weight).unwrap();
    let size = largest(&numbers(&truth));
    let parts = Parts::new(truth.dims(), DType::F64);
    for (dtype, tolerance) in [(DType::F32, SINGLE), (DType::BF16, half)] {
        let [x, weight] = inputs(dtype);
        let own = Parts::new(truth.dims(), dtype);
        for (index, (epilogue, exact)) in own.epilogues().iter().zip(parts.epilogues()).enumerate()
        {
            let truth = composed::epilogue(&truth, &exact).unwrap();
            let found = packed(&x, &weight, epilogue).unwrap();
            let what = format!("{name}, {dtype:?}, epilogue {index}");
            assert_eq!(found.dtype(), dtype, "{what}");
            // A clip leaves small numbers with the errors of the sums they come from.
            let clipped = size / largest(&numbers(&truth)).min(size);
            let of_largest = tolerance.of_largest * clipped;
            let tolerance = Tolerance {
                of_largest,
                ..tolerance
            };
            assert_close(&found, &truth, tolerance, &what);
        }
    }
    // The comparison is worth something only if the parts differ from none.
    let plain = numbers(&truth);
    for exact in parts.epilogues().iter().skip(1) {
        assert_ne!(
            numbers(&composed::epilogue(&truth, exact).unwrap()),
            plain,
            "{name}"
        );
    }
}

#[test]
fn packed_convolutions_with_epilogues_are_their_definitions() {
    type Sizes<'a> = ([&'a [usize]; 2], usize, [usize; 2]);
    let sizes: [Sizes<'_>; 7] = [
        ([&[2, 24, 21, 64], &[80, 64, 3, 3]], 1, [1, 1]),
        ([&[2, 5, 4, 3], &[7, 3, 3, 3]], 1, [1, 1]),
        ([&[3, 3, 2, 36], &[33, 36, 1, 1]], 1, [0, 0]),
        ([&[2, 7, 6, 5], &[6, 5, 2, 2]], 2, [0, 0]),
        ([&[2, 5, 9, 20], &[24, 20, 1, 7]], 1, [0, 3]),
        ([&[2, 9, 5, 20], &[24, 20, 7, 1]], 1, [3, 0]),
        ([&[1, 1, 1, 1], &[9, 1, 3, 3]], 1, [1, 1]),
    ];
    for (shapes, stride, padding) in sizes {
        compare(
            "conv2d",
            shapes,
            |x, weight, epilogue| PackedConv2d::new(weight, stride, padding)?.forward(x, epilogue),
            |x, weight| composed::conv2d(x, weight, None, stride, padding),
        );
    }
}

#[test]
fn weights_packed_for_a_size_are_right_for_every_size() {
    let sizes: [([&[usize]; 2], [usize; 3]); 4] = [
        ([&[2, 17, 18, 32], &[48, 32, 3, 3]], [2, 17, 18]),
        ([&[2, 17, 18, 64], &[80, 64, 3, 3]], [2, 17, 18]),
        ([&[1, 3, 2, 16], &[16, 16, 3, 3]], [1, 64, 64]),
        ([&[1, 16, 16, 5], &[7, 5, 3, 3]], [1, 16, 16]),
    ];
    for (shapes, expected) in sizes {
        compare_within(
            TRANSFORMED,
            "conv2d",
            shapes,
            |x, weight, epilogue| {
                PackedConv2d::expecting(weight, 1, 1, expected)?.forward(x, epilogue)
            },
            |x, weight| composed::conv2d(x, weight, None, 1, 1),
        );
    }
}

/// A weight's rows, one for each output, as they are asked for.
fn rows(weight: &Tensor) -> impl Fn(Range<usize>, Rows<'_>) -> Result<()> + Sync {
    move |outputs, to| {
        let rows = weight
            .narrow(0, outputs.start, outputs.len())?
            .flatten_all()?;
        match to {
            Rows::Single(to) => to.copy_from_slice(&rows.to_vec1()?),
            Rows::Half(to) => to.copy_from_slice(&rows.to_vec1()?),
        }
        Ok(())
    }
}

#[test]
fn weights_packed_row_by_row_are_the_same_weights() {
    for (outputs, inputs) in [(7, 3), (80, 64), (33, 17)] {
        compare_within(
            TRANSFORMED,
            "conv2d",
            [&[1, 16, 16, inputs], &[outputs, inputs, 3, 3]],
            |x, weight, epilogue| {
                let shape = [outputs, inputs, 3, 3];
                PackedConv2d::from_rows(shape, weight.dtype(), 1, [1, 16, 16], rows(weight))?
                    .forward(x, epilogue)
            },
            |x, weight| composed::conv2d(x, weight, None, 1, 1),
        );
        compare(
            "linear",
            [&[2, 5, inputs], &[outputs, inputs]],
            |x, weight, epilogue| {
                PackedLinear::from_rows([outputs, inputs], weight.dtype(), rows(weight))?
                    .forward(x, epilogue)
            },
            |x, weight| composed::linear(x, weight, None),
        );
    }
}

#[test]
fn packed_transposed_convolutions_with_epilogues_are_their_definitions() {
    for (kernel, stride, padding) in [(2, 2, 0), (4, 2, 1), (3, 1, 1)] {
        compare(
            "conv_transpose2d",
            [&[2, 3, 4, 5], &[5, 6, kernel, kernel]],
            |x, weight, epilogue| {
                PackedConv2d::transposed(weight, stride, padding)?.forward(x, epilogue)
            },
            |x, weight| composed::conv_transpose2d(x, weight, None, stride, padding),
        );
    }
}

#[test]
fn packed_depthwise_convolutions_with_epilogues_are_their_definitions() {
    for shape in [[2, 33, 40, 90], [2, 5, 4, 3], [1, 3, 7, 37], [2, 1, 1, 2]] {
        compare(
            "depthwise_conv2d",
            [&shape, &[shape[3], 1, 3, 3]],
            |x, weight, epilogue| PackedDepthwise::new(weight)?.forward(x, epilogue),
            |x, weight| composed::depthwise_conv2d(x, weight, None),
        );
    }
}

#[test]
fn packed_linear_layers_with_epilogues_are_their_definitions() {
    let sizes: [[&[usize]; 2]; 4] = [
        [&[3, 700, 96], &[200, 96]],
        [&[5, 7], &[9, 7]],
        [&[2, 3, 33], &[18, 33]],
        [&[2, 3, 2, 1], &[1, 1]],
    ];
    for shapes in sizes {
        compare(
            "linear",
            shapes,
            |x, weight, epilogue| PackedLinear::new(weight)?.forward(x, epilogue),
            |x, weight| composed::linear(x, weight, None),
        );
    }
}

#[test]
fn types_without_a_kernel_fall_back_on_the_definition() {
    let (x, weight) = (
        random(0, &[2, 4, 3, 5], DType::F64),
        random(1, &[6, 5, 3, 3], DType::F64),
    );
    let truth = composed::conv2d(&x, &weight, None, 1, 1).unwrap();
    let packed = PackedConv2d::new(&weight, 1, 1).unwrap();
    let found = packed.forward(&x, &Epilogue::default()).unwrap();
    assert_eq!(found.dtype(), DType::F64);
    assert_eq!(numbers(&found), numbers(&truth));
}

#[test]
fn an_empty_batch_gives_an_empty_batch() {
    let weight = random(1, &[6, 5, 3, 3], DType::F32);
    let x = random(0, &[0, 4, 3, 5], DType::F32);
    let packed = PackedConv2d::new(&weight, 1, 1).unwrap();
    let gain = random(2, &[0, 6], DType::F32);
    let epilogue = Epilogue {
        gain: Some(&gain),
        ..Epilogue::default()
    };
    assert_eq!(packed.forward(&x, &epilogue).unwrap().dims(), [0, 4, 3, 6]);
}
