//! The 3×3 convolution in fewer multiplications, which is the same convolution.

use foil_kernels::{
    Instructions, bf16,
    convolution::{Convolution, Image, PackedConv2d},
    product::Epilogue,
};

use crate::{
    case::Case,
    definition::{Lengths, Products},
    epilogue::every_part_agrees,
    operation::{Convolved, Operation},
    threads::same_with_any_number,
    world::{Number, bits, values, widened},
};

/// By Winograd's method, whether it pays or not.
#[derive(Debug)]
pub struct Winograd(Convolved);

impl Winograd {
    pub fn new(outputs: usize, inputs: usize, size: [usize; 3]) -> Self {
        Self::padded([1, 1], outputs, inputs, size)
    }

    fn padded(padding: [usize; 2], outputs: usize, inputs: usize, size: [usize; 3]) -> Self {
        let shape = Convolution {
            padding,
            ..Convolution::same(outputs, inputs, 3)
        };
        Self(Convolved::new(shape, size))
    }
}

impl Products for Winograd {
    fn lengths(&self) -> Lengths {
        self.0.lengths()
    }

    fn each(&self, product: impl FnMut(usize, usize, usize)) {
        self.0.each(product);
    }
}

impl Operation for Winograd {
    fn batch_and_columns(&self) -> [usize; 2] {
        self.0.batch_and_columns()
    }

    /// In bf16 transformed inputs and weights are rounded too. One value is that far off only if no other is; their mean is tested below.
    fn tolerance<T: Number>(&self) -> f64 {
        self.0.tolerance::<T>().max(5.0 * T::ROUNDING)
    }

    fn forward<T: Number>(
        &self,
        instructions: Instructions,
        [x, weight]: [&[T]; 2],
        epilogue: &Epilogue<'_, T>,
        out: &mut [T],
    ) {
        let Convolved { shape, image, .. } = self.0;
        PackedConv2d::winograd(instructions, shape, weight).forward(image, x, epilogue, out);
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

/// Tiles of 2×2 and of 4×4 pixels are cut off at the right and below, and there are few and many of them.
const SIZES: [[usize; 3]; 9] = [
    [1, 1, 1],
    [2, 1, 3],
    [1, 2, 2],
    [16, 1, 1],
    [1, 16, 16],
    [3, 9, 11],
    [2, 33, 17],
    [1, 13, 30],
    [0, 5, 5],
];

#[test]
fn winograds_method_agrees_with_the_definition() {
    for (outputs, inputs) in [(16, 16), (32, 48), (80, 16), (64, 96)] {
        for size in SIZES {
            let operation = Winograd::new(outputs, inputs, size);
            Case::<f32, _>::new(&operation).agrees(&Instructions::available());
            Case::<bf16, _>::new(&operation).agrees(&Instructions::available());
        }
    }
}

/// No zeros around the image, of another number above than beside it, and so many that whole windows see nothing else.
#[test]
fn winograds_method_agrees_with_the_definition_whatever_surrounds_the_image() {
    let sizes = [[1, 3, 3], [2, 4, 7], [1, 11, 9], [1, 30, 13]];
    for padding in [[0, 0], [1, 0], [0, 2], [3, 5]] {
        for size in sizes {
            let operation = Winograd::padded(padding, 48, 32, size);
            Case::<f32, _>::new(&operation).agrees(&Instructions::available());
            Case::<bf16, _>::new(&operation).agrees(&Instructions::available());
        }
    }
}

/// Sums of four integers and of nine quarters are exact in bf16, and so is what follows.
#[test]
fn winograds_method_in_bf16_is_exact_for_small_integers() {
    for size in SIZES {
        let operation = Winograd::new(48, 32, size);
        let case = Case::<bf16, _>::of_integers(&operation);
        for instructions in Instructions::available() {
            let got = case.forward(instructions, &Epilogue::default());
            assert_eq!(
                widened(&got),
                case.twin_forward(),
                "{instructions:?} {size:?}"
            );
        }
    }
}

/// The root mean square of the errors of bf16, of that of the outputs: 0.42 % was measured for inputs and weights of mean 0.
#[test]
fn winograds_method_in_bf16_is_off_by_less_than_half_a_percent() {
    let operation = Winograd::new(64, 192, [1, 12, 12]);
    let centred = |length: usize, seed: u64| -> Vec<bf16> {
        let values = values::<f32>(length, seed).into_iter();
        values.map(|value| bf16::from_f32(value - 0.25)).collect()
    };
    let mut case = Case::<bf16, _>::new(&operation);
    case.set(&centred(case.x.len(), 8), &centred(case.weight.len(), 9));
    let wanted = case.twin_forward();
    for instructions in Instructions::available() {
        let got = widened(&case.forward(instructions, &Epilogue::default()));
        let of_errors: f64 = got
            .iter()
            .zip(&wanted)
            .map(|(got, wanted)| (got - wanted).powi(2))
            .sum();
        let of_outputs: f64 = wanted.iter().map(|wanted| wanted.powi(2)).sum();
        let error = (of_errors / of_outputs).sqrt();
        assert!((0.002..0.005).contains(&error), "{instructions:?}: {error}");
    }
}

#[test]
fn winograds_method_ends_with_the_same_epilogue() {
    let operation = Winograd::new(48, 16, [3, 9, 11]);
    every_part_agrees::<f32>(&operation);
    every_part_agrees::<bf16>(&operation);
}

/// With few tiles, of which threads share the panels, and many.
#[test]
fn winograds_method_has_the_same_bits_with_any_number_of_threads() {
    for size in [[1, 4, 6], [2, 33, 17]] {
        let operation = Winograd::new(80, 32, size);
        same_with_any_number::<f32>(&operation, &Instructions::available());
        same_with_any_number::<bf16>(&operation, &Instructions::available());
    }
}

/// It goes no further than the tiles that read it: at most as far as a tile's side.
fn poison_reaches_windows_and_neighbouring_tiles<T: Number>(side: usize) {
    let (size, channels) = (24, 16);
    let operation = Winograd::new(channels, channels, [1, size, size]);
    for [y, x] in [[10, 12], [11, 13], [0, 23]] {
        for poison in [f32::NAN, f32::INFINITY] {
            let mut case = Case::<T, _>::new(&operation);
            case.poison((y * size + x) * channels, T::from_f32(poison));
            for instructions in Instructions::available() {
                let out = widened(&case.forward(instructions, &Epilogue::default()));
                for (pixel, out) in out.chunks_exact(channels).enumerate() {
                    let far = (pixel / size).abs_diff(y).max((pixel % size).abs_diff(x));
                    assert!(far > 1 || out.iter().all(|value| !value.is_finite()));
                    assert!(far <= side || out.iter().all(|value| value.is_finite()));
                }
            }
        }
    }
}

#[test]
fn poison_reaches_every_window_that_sees_it_and_only_neighbouring_tiles() {
    poison_reaches_windows_and_neighbouring_tiles::<f32>(4);
    poison_reaches_windows_and_neighbouring_tiles::<bf16>(2);
}

/// Whether [`PackedConv2d::expecting`] computes something else than [`PackedConv2d::new`], whose results are those of the direct sum.
fn is_chosen<T: Number>(shape: Convolution, image: Image) -> bool {
    let operation = Convolved::try_new(shape, image).expect("a shape with an output");
    let case = Case::<T, _>::new(&operation);
    let instructions = Instructions::available()[0];
    let expecting = PackedConv2d::expecting(instructions, shape, &case.weight, image);
    let mut out = vec![T::default(); operation.lengths().output];
    expecting.forward(image, &case.x, &Epilogue::default(), &mut out);
    bits(&out) != bits(&case.forward(instructions, &Epilogue::default()))
}

#[test]
fn winograds_method_is_chosen_where_it_pays() {
    let same = |channels| Convolution::same(channels, channels, 3);
    let image = |[batch, height, width]: [usize; 3]| Image {
        batch,
        height,
        width,
    };
    // Shape, image, and whether it is chosen in f32 and in bf16.
    let chosen = [
        (same(64), [1, 16, 16], [true, true]),
        (same(64), [4, 8, 8], [true, true]),
        (same(32), [1, 16, 16], [true, false]),
        (same(64), [1, 8, 8], [false, false]),
        (same(64), [256, 1, 1], [false, false]),
        (same(72), [1, 16, 16], [false, false]),
        (Convolution::same(64, 64, 5), [1, 16, 16], [false, false]),
        (
            Convolution {
                stride: 2,
                ..same(64)
            },
            [1, 32, 32],
            [false, false],
        ),
        (
            Convolution {
                padding: [0, 0],
                ..same(64)
            },
            [1, 18, 18],
            [true, true],
        ),
        (
            Convolution {
                transposed: true,
                ..same(64)
            },
            [1, 16, 16],
            [false, false],
        ),
    ];
    for (shape, size, wanted) in chosen {
        let image = image(size);
        let found = [
            is_chosen::<f32>(shape, image),
            is_chosen::<bf16>(shape, image),
        ];
        assert_eq!(found, wanted, "{shape:?} of {image:?}");
    }
}
