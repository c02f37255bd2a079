//! Weights that are written row by row while they are packed, which are the same weights.

use std::ops::Range;

use foil_kernels::{
    Instructions, bf16,
    convolution::{Convolution, Image, PackedConv2d},
    product::{Epilogue, PackedLinear},
};

use crate::world::{Number, bits, values};

/// Copies rows of a weight.
fn of<T: Number>(
    weight: &[T],
    length: usize,
) -> impl Fn(Range<usize>, &mut [T]) -> Result<(), String> {
    move |outputs, to| {
        to.copy_from_slice(&weight[outputs.start * length..outputs.end * length]);
        Ok(())
    }
}

fn convolutions_have_the_same_bits<T: Number>(shape: Convolution, image: Image) {
    let weight = values::<T>(shape.weights(), 1);
    let x = values::<T>(image.pixels() * shape.inputs, 2);
    let size = shape.output_size(image).expect("a shape with an output");
    for instructions in Instructions::available() {
        let forward = |packed: &PackedConv2d<T>| {
            let mut out = vec![T::default(); size.pixels() * shape.outputs];
            packed.forward(image, &x, &Epilogue::default(), &mut out);
            bits(&out)
        };
        let rows = of(&weight, shape.inputs * shape.kernel[0] * shape.kernel[1]);
        let packed = PackedConv2d::from_rows(instructions, shape, image, rows).expect("rows");
        let whole = PackedConv2d::expecting(instructions, shape, &weight, image);
        assert!(
            forward(&packed) == forward(&whole),
            "{shape:?} of {image:?} by {instructions:?}"
        );
    }
}

/// Around a panel's columns, what is turned together, and odd depths of bf16; some by Winograd's method.
#[test]
fn convolutions_of_rows_have_the_same_bits() {
    let sizes = [
        [1, 1],
        [7, 3],
        [16, 32],
        [17, 33],
        [33, 31],
        [100, 5],
        [80, 64],
        [64, 96],
    ];
    for [outputs, inputs] in sizes {
        for kernel in [1, 2, 3, 5] {
            for side in [5, 16] {
                let shape = Convolution::same(outputs, inputs, kernel);
                let image = Image {
                    batch: 1,
                    height: side,
                    width: side,
                };
                convolutions_have_the_same_bits::<f32>(shape, image);
                convolutions_have_the_same_bits::<bf16>(shape, image);
            }
        }
    }
}

fn linear_layers_have_the_same_bits<T: Number>([outputs, inputs]: [usize; 2]) {
    let (weight, x) = (values::<T>(outputs * inputs, 1), values::<T>(3 * inputs, 2));
    for instructions in Instructions::available() {
        let forward = |packed: &PackedLinear<T>| {
            let mut out = vec![T::default(); 3 * outputs];
            packed.forward(3, &x, &Epilogue::default(), &mut out);
            bits(&out)
        };
        let rows = of(&weight, inputs);
        let packed = PackedLinear::from_rows(instructions, [outputs, inputs], rows).expect("rows");
        let whole = PackedLinear::new(instructions, [outputs, inputs], &weight);
        assert!(
            forward(&packed) == forward(&whole),
            "[{outputs}, {inputs}] by {instructions:?}"
        );
    }
}

#[test]
fn linear_layers_of_rows_have_the_same_bits() {
    for size in [
        [1, 1],
        [5, 2],
        [16, 289],
        [33, 31],
        [100, 300],
        [31, 145],
        [3, 0],
    ] {
        linear_layers_have_the_same_bits::<f32>(size);
        linear_layers_have_the_same_bits::<bf16>(size);
    }
}

#[test]
fn what_goes_wrong_with_a_row_is_what_packing_ends_with() {
    let image = Image {
        batch: 1,
        height: 16,
        width: 16,
    };
    let refuse = |outputs: Range<usize>, _: &mut [f32]| {
        if outputs.contains(&70) {
            return Err("row 70");
        }
        Ok(())
    };
    for instructions in Instructions::available() {
        for kernel in [1, 3] {
            let shape = Convolution::same(96, 64, kernel);
            let packed = PackedConv2d::from_rows(instructions, shape, image, refuse);
            assert_eq!(packed.err(), Some("row 70"));
        }
        let packed = PackedLinear::from_rows(instructions, [96, 64], refuse);
        assert_eq!(packed.err(), Some("row 70"));
    }
}
