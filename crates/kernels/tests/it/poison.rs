//! A NaN or an infinity goes where the definition takes it and nowhere else: padding that is multiplied by zero would let it out.

use foil_kernels::{Instructions, bf16, convolution::Convolution, product::Epilogue};

use crate::{
    case::Case,
    operation::{Convolved, Linear, Operation},
    world::{Guarded, Number, assert_close},
};

const POISONS: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

/// With one element of the middle replaced: in images of odd sizes, of a pixel that no window meets in the padding, because zeros
/// around an image do multiply the weight's gradient of what lies at its border.
fn poisoned<T: Number>(values: &[T], poison: f32) -> Guarded<T> {
    let mut values = values.to_vec();
    let middle = values.len() / 2;
    values[middle] = T::from_f32(poison);
    Guarded::new(&values)
}

/// Of the input, in the output and in the weight's gradient; of the output's gradient, in the input's.
pub fn stays_where_it_belongs<T: Number>(operation: &impl Operation, with: &[Instructions]) {
    for poison in POISONS {
        let mut case = Case::<T, _>::new(operation);
        case.x = poisoned(&case.x, poison);
        let (output, weight_gradient) = (case.twin_forward(), case.twin_weight_gradient());
        assert!(output.iter().any(|value| !value.is_finite()));
        assert!(output.iter().any(|value| value.is_finite()));
        for &instructions in with {
            let of = |what| (what, T::NAME, instructions, operation);
            let got = case.forward(instructions, &Epilogue::default());
            assert_close(of("output"), &got, &output);
            let got = case.weight_gradient(instructions);
            assert_close(of("weight's gradient"), &got, &weight_gradient);
        }
        case.grad = poisoned(&case.grad, poison);
        let input_gradient = case.twin_input_gradient();
        for &instructions in with {
            let of = ("input's gradient", T::NAME, instructions, operation);
            assert_close(of, &case.input_gradient(instructions), &input_gradient);
        }
    }
}

/// The weight's gradient takes 512 rows at a time and packs the rest where earlier ones lay, with another length: what is left
/// behind them belongs to other columns.
pub fn does_not_return_from_earlier_rows<T: Number>(with: &[Instructions]) {
    let operation = Linear::new(517, 100, 3);
    let mut case = Case::<T, _>::new(&operation);
    let mut x = case.x.to_vec();
    x.iter_mut()
        .step_by(operation.inputs)
        .for_each(|value| *value = T::from_f32(f32::NAN));
    case.x = Guarded::new(&x);
    let wanted = case.twin_weight_gradient();
    for &instructions in with {
        assert_close(
            (T::NAME, instructions),
            &case.weight_gradient(instructions),
            &wanted,
        );
    }
}

fn everywhere(operation: &impl Operation) {
    stays_where_it_belongs::<f32>(operation, &Instructions::available());
    stays_where_it_belongs::<bf16>(operation, &Instructions::available());
}

#[test]
fn poison_in_one_row_of_a_product_stays_in_that_row() {
    for (rows, inputs, outputs) in [
        (3, 1, 1),
        (15, 7, 5),
        (29, 33, 31),
        (100, 65, 33),
        (517, 3, 9),
    ] {
        everywhere(&Linear::new(rows, inputs, outputs));
    }
}

#[test]
fn poison_in_one_column_does_not_return_from_earlier_rows_in_another() {
    does_not_return_from_earlier_rows::<f32>(&Instructions::available());
    does_not_return_from_earlier_rows::<bf16>(&Instructions::available());
}

#[test]
fn poison_in_one_pixel_reaches_only_the_windows_that_see_it() {
    for (outputs, inputs) in [(1, 1), (5, 3), (7, 33), (33, 15), (17, 65)] {
        for kernel in [1, 3] {
            let shape = Convolution::same(outputs, inputs, kernel);
            everywhere(&Convolved::new(shape, [3, 9, 7]));
        }
    }
}

#[test]
fn poison_in_one_pixel_of_a_strided_or_transposed_convolution_reaches_only_what_it_should() {
    let halving = Convolution {
        kernel: [4, 4],
        stride: 2,
        ..Convolution::same(7, 5, 3)
    };
    let phases_without_taps = Convolution {
        kernel: [2, 1],
        stride: 3,
        padding: [0, 0],
        ..halving
    };
    for shape in [halving, phases_without_taps] {
        everywhere(&Convolved::new(shape, [3, 9, 13]));
        let transposed = true;
        everywhere(&Convolved::new(
            Convolution {
                transposed,
                ..shape
            },
            [3, 5, 7],
        ));
    }
}
