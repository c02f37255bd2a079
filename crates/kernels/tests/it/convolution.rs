//! Convolutions, their transposes, and the gradients of both.

use foil_kernels::{
    Instructions, bf16,
    convolution::{Convolution, Image},
};

use crate::{
    case::{Case, agrees},
    operation::Convolved,
};

/// Around one, and around the columns of a tile, the pairs of bf16, and the depth of a tile of AMX.
const CHANNELS: [usize; 14] = [1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 32, 33, 64, 65];
const SIZES: [[usize; 2]; 8] = [
    [1, 1],
    [1, 7],
    [7, 1],
    [2, 3],
    [5, 5],
    [16, 16],
    [17, 15],
    [33, 9],
];

fn plain(
    outputs: usize,
    inputs: usize,
    kernel: [usize; 2],
    stride: usize,
    padding: [usize; 2],
) -> Convolution {
    Convolution {
        outputs,
        inputs,
        kernel,
        stride,
        padding,
        transposed: false,
    }
}

fn with_its_transpose(shape: Convolution) -> [Convolution; 2] {
    [
        shape,
        Convolution {
            transposed: true,
            ..shape
        },
    ]
}

/// Every number of channels twice as input and twice as output, each time beside another; sizes of images in turn.
fn same_of_all_channels(kernel: usize) {
    for (index, outputs) in CHANNELS.into_iter().enumerate() {
        // Both factors have no divisor in common with 14.
        for inputs in [
            CHANNELS[(5 * index + 3) % 14],
            CHANNELS[(3 * index + 8) % 14],
        ] {
            for size in 0..4 {
                let [height, width] = SIZES[(2 * size + index) % 8];
                let batch = if (index + size) % 3 == 0 { 3 } else { 1 };
                agrees(&Convolved::new(
                    Convolution::same(outputs, inputs, kernel),
                    [batch, height, width],
                ));
            }
        }
    }
}

#[test]
fn windows_of_three_by_three_agree_with_the_definition() {
    same_of_all_channels(3);
}

#[test]
fn windows_of_one_pixel_agree_with_the_definition() {
    same_of_all_channels(1);
}

#[test]
fn all_sizes_of_images_agree_with_the_definition() {
    for [height, width] in SIZES {
        for batch in [1, 3] {
            agrees(&Convolved::new(
                Convolution::same(5, 7, 3),
                [batch, height, width],
            ));
            agrees(&Convolved::new(
                Convolution::same(33, 3, 5),
                [batch, height, width],
            ));
        }
    }
}

#[test]
fn halving_and_doubling_agree_with_the_definition_for_odd_sizes_too() {
    for (outputs, inputs) in [(1, 1), (3, 5), (17, 33), (64, 31), (7, 65)] {
        for [height, width] in [[2, 2], [4, 6], [5, 5], [7, 2], [16, 9]] {
            for shape in with_its_transpose(plain(outputs, inputs, [2, 2], 2, [0, 0])) {
                agrees(&Convolved::new(shape, [3, height, width]));
            }
            for shape in with_its_transpose(plain(outputs, inputs, [4, 4], 2, [1, 1])) {
                agrees(&Convolved::new(shape, [1, height, width]));
            }
        }
    }
}

/// Among them kernels smaller than their stride, whose transposes have output pixels that no input reaches, and padding beyond
/// the kernel, whose windows see nothing of the image.
#[test]
fn unusual_windows_agree_with_the_definition() {
    let windows = [
        ([5, 3], 1, [2, 2]),
        ([5, 3], 2, [1, 1]),
        ([3, 3], 3, [1, 1]),
        ([3, 3], 3, [0, 0]),
        ([2, 1], 3, [0, 0]),
        ([1, 1], 2, [0, 0]),
        ([1, 1], 4, [0, 0]),
        ([2, 2], 5, [1, 1]),
        ([1, 4], 1, [3, 3]),
        ([2, 2], 1, [5, 5]),
        ([1, 7], 1, [0, 3]),
        ([7, 1], 1, [3, 0]),
        ([3, 3], 1, [0, 1]),
        ([3, 2], 2, [1, 4]),
    ];
    for (kernel, stride, padding) in windows {
        for shape in with_its_transpose(plain(6, 9, kernel, stride, padding)) {
            for [height, width] in [[1, 1], [1, 7], [5, 4], [9, 11], [20, 8]] {
                let image = Image {
                    batch: 2,
                    height,
                    width,
                };
                if let Some(operation) = Convolved::try_new(shape, image) {
                    agrees(&operation);
                }
            }
        }
    }
}

#[test]
fn many_tasks_and_several_chunks_of_pixels_with_an_odd_rest_agree_with_the_definition() {
    agrees(&Convolved::new(Convolution::same(65, 33, 3), [3, 33, 17]));
    agrees(&Convolved::new(
        plain(33, 65, [4, 4], 2, [1, 1]),
        [1, 65, 35],
    ));
    agrees(&Convolved::new(
        Convolution {
            transposed: true,
            ..plain(33, 65, [2, 2], 2, [0, 0])
        },
        [1, 31, 33],
    ));
}

#[test]
fn no_images_are_no_outputs_and_gradients_of_zero() {
    for shape in with_its_transpose(plain(5, 3, [3, 3], 2, [1, 1])) {
        agrees(&Convolved::new(shape, [0, 5, 4]));
    }
}

#[test]
fn no_channels_are_sums_of_nothing() {
    for shape in with_its_transpose(plain(5, 0, [3, 3], 2, [1, 1])) {
        agrees(&Convolved::new(shape, [2, 5, 4]));
    }
    for shape in with_its_transpose(plain(0, 5, [3, 3], 2, [1, 1])) {
        agrees(&Convolved::new(shape, [2, 5, 4]));
    }
}

#[test]
fn outputs_are_as_large_as_windows_find_places() {
    for shape in with_its_transpose(plain(1, 1, [5, 3], 2, [1, 1])) {
        for height in 0..12 {
            let found = shape.output_size(Image {
                batch: 2,
                height,
                width: 9,
            });
            // Windows that fit, or the pixels that they cover, less the padding.
            let wanted = if shape.transposed {
                (height > 0)
                    .then(|| 2 * height + 3 - 2)
                    .filter(|&height| height > 0)
            } else {
                let places = (0..12)
                    .step_by(2)
                    .filter(|top| top + 5 <= height + 2)
                    .count();
                (height > 0 && places > 0).then_some(places)
            };
            assert_eq!(
                found.map(|image| image.height),
                wanted,
                "{height} lines of {shape:?}"
            );
        }
    }
}

/// Σ y·g = Σ x·(input's gradient) = Σ w·(weight's gradient), without any error where all sums are integers.
#[test]
fn gradients_are_the_adjoints_of_the_convolution() {
    let shapes = [
        Convolution::same(17, 13, 3),
        Convolution::same(33, 65, 1),
        plain(7, 9, [4, 4], 2, [1, 1]),
        plain(5, 8, [2, 3], 3, [0, 0]),
    ];
    for shape in shapes.into_iter().flat_map(with_its_transpose) {
        for size in [[2, 6, 5], [1, 17, 11]] {
            let operation = Convolved::new(shape, size);
            Case::<f32, _>::of_integers(&operation)
                .gradients_are_adjoints(&Instructions::available());
            Case::<bf16, _>::of_integers(&operation)
                .gradients_are_adjoints(&Instructions::available());
        }
    }
}
