//! The 3×3 convolution in fewer multiplications, which is the same convolution.

use foil_kernels::{
    Instructions,
    convolution::{Convolution, PackedConv2d},
    product::Epilogue,
};

use crate::{
    case::Case,
    definition::{Lengths, Products},
    epilogue::every_part_agrees,
    operation::{Convolved, Operation},
    threads::same_with_any_number,
    world::Number,
};

/// Packed for the size of the image that it is given.
#[derive(Debug)]
struct Expecting(Convolved);

impl Expecting {
    fn new(outputs: usize, inputs: usize, size: [usize; 3]) -> Self {
        Self(Convolved::new(Convolution::same(outputs, inputs, 3), size))
    }
}

impl Products for Expecting {
    fn lengths(&self) -> Lengths {
        self.0.lengths()
    }

    fn each(&self, product: impl FnMut(usize, usize, usize)) {
        self.0.each(product);
    }
}

impl Operation for Expecting {
    fn batch_and_columns(&self) -> [usize; 2] {
        self.0.batch_and_columns()
    }

    fn forward<T: Number>(
        &self,
        instructions: Instructions,
        [x, weight]: [&[T]; 2],
        epilogue: &Epilogue<'_, T>,
        out: &mut [T],
    ) {
        let Convolved { shape, image, .. } = self.0;
        let packed = PackedConv2d::expecting(instructions, shape, weight, image);
        packed.forward(image, x, epilogue, out);
    }

    fn input_gradient<T: Number>(
        &self,
        instructions: Instructions,
        factors: [&[T]; 2],
        out: &mut [T],
    ) {
        self.0.input_gradient(instructions, factors, out);
    }

    fn weight_gradient<T: Number>(
        &self,
        instructions: Instructions,
        factors: [&[T]; 2],
        out: &mut [f32],
    ) {
        self.0.weight_gradient(instructions, factors, out);
    }
}

/// Tiles of 4×4 pixels are cut off at the right and below, and there are few and many of them.
const SIZES: [[usize; 3]; 5] = [
    [1, 16, 16],
    [3, 9, 11],
    [16, 1, 1],
    [2, 33, 17],
    [1, 13, 30],
];

#[test]
fn winograds_method_agrees_with_the_definition() {
    for (outputs, inputs) in [(16, 16), (32, 48), (80, 16), (64, 96)] {
        for size in SIZES {
            let operation = Expecting::new(outputs, inputs, size);
            Case::<f32, _>::new(&operation).agrees(&Instructions::available());
        }
    }
}

/// Otherwise the tests here would compare the direct sum with itself.
#[test]
fn winograds_method_is_another_than_the_direct_sum() {
    for size in SIZES {
        let winograd = Expecting::new(32, 16, size);
        let case = Case::<f32, _>::new(&winograd);
        let direct = Case::<f32, _>::new(&winograd.0);
        for instructions in Instructions::available() {
            let [one, other] = [
                case.forward(instructions, &Epilogue::default()),
                direct.forward(instructions, &Epilogue::default()),
            ];
            assert_ne!(one, other, "{instructions:?} {winograd:?}");
        }
    }
}

#[test]
fn winograds_method_ends_with_the_same_epilogue() {
    every_part_agrees::<f32>(&Expecting::new(32, 16, [3, 9, 11]));
}

#[test]
fn winograds_method_has_the_same_bits_with_any_number_of_threads() {
    let operation = Expecting::new(48, 32, [2, 33, 17]);
    same_with_any_number::<f32>(&operation, &Instructions::available());
}

/// It goes no further than the tiles that read it: less than a window and a tile away.
#[test]
fn poison_reaches_every_window_that_sees_it_and_only_neighbouring_tiles() {
    let (size, channels) = (24, 16);
    let operation = Expecting::new(channels, channels, [1, size, size]);
    let mut case = Case::<f32, _>::new(&operation);
    let [y, x] = [10, 12];
    case.poison((y * size + x) * channels, f32::NAN);
    for instructions in Instructions::available() {
        let out = case.forward(instructions, &Epilogue::default());
        for (pixel, out) in out.chunks_exact(channels).enumerate() {
            let far = (pixel / size).abs_diff(y).max((pixel % size).abs_diff(x));
            assert!(far > 1 || out.iter().all(|value| value.is_nan()));
            assert!(far <= 4 || out.iter().all(|value| value.is_finite()));
        }
    }
}
