//! What is done to sums before they are stored, part by part and together.

use foil_kernels::{
    Instructions, bf16,
    convolution::Convolution,
    passes::Activation,
    product::{Epilogue, Residual},
};

use crate::{
    case::Case,
    definition,
    operation::{Convolved, Linear, Operation},
    world::{Number, assert_close_within, values},
};

fn agrees_with<T: Number>(case: &Case<'_, T, impl Operation>, epilogue: &Epilogue<'_, T>) {
    let of = case.operation.batch_and_columns();
    let sums = case.twin_forward();
    let wanted = definition::epilogue(epilogue, of, &sums);
    for instructions in Instructions::available() {
        let parts = [
            epilogue.bias.is_some(),
            epilogue.gain.is_some(),
            epilogue.residual.is_some(),
        ];
        let what = (
            instructions,
            case.operation,
            parts,
            epilogue.activation,
            epilogue.clip,
        );
        let got = case.forward(instructions, epilogue);
        let tolerance = case.operation.tolerance::<T>();
        assert_close_within(tolerance, what, &sums, &got, &wanted);
    }
}

/// Each part alone, then all of them.
pub fn every_part_agrees<T: Number>(operation: &impl Operation) {
    let case = Case::<T, _>::new(operation);
    let [batch, columns] = operation.batch_and_columns();
    let bias: Vec<f32> = values(columns, 5);
    let gain: Vec<f32> = values(batch * columns, 6);
    let residual: Vec<T> = values(operation.lengths().output, 7);
    let none = Epilogue::default();
    let (bias, gain) = (Some(&bias[..]), Some(&gain[..]));
    agrees_with(&case, &Epilogue { bias, ..none });
    agrees_with(&case, &Epilogue { gain, ..none });
    agrees_with(
        &case,
        &Epilogue {
            clip: Some(0.5),
            ..none
        },
    );
    for activation in Activation::ALL {
        agrees_with(&case, &Epilogue { activation, ..none });
    }
    for residual in [
        Residual::sum(&residual),
        Residual::magnitude_preserving(&residual, 0.3),
        Residual {
            data: &residual,
            t: 0.0,
            scale: 1.5,
        },
    ] {
        let residual = Some(residual);
        agrees_with(&case, &Epilogue { residual, ..none });
        for activation in Activation::ALL {
            let clip = Some(1.25);
            agrees_with(
                &case,
                &Epilogue {
                    bias,
                    gain,
                    activation,
                    residual,
                    clip,
                },
            );
        }
    }
}

fn both_types_agree(operation: &impl Operation) {
    every_part_agrees::<f32>(operation);
    every_part_agrees::<bf16>(operation);
}

#[test]
fn a_linear_layer_is_finished_as_defined_with_a_gain_for_each_sample() {
    for outputs in [1, 5, 15, 16, 17, 33, 100] {
        both_types_agree(&Linear {
            batch: 3,
            rows_in_sample: 7,
            inputs: 9,
            outputs,
        });
    }
    both_types_agree(&Linear {
        batch: 0,
        ..Linear::new(5, 3, 4)
    });
}

#[test]
fn a_convolution_is_finished_as_defined_with_a_gain_for_each_image() {
    for outputs in [3, 16, 33] {
        both_types_agree(&Convolved::new(Convolution::same(outputs, 5, 3), [3, 4, 5]));
    }
}

/// Its rows are stored in another order than they are computed in, and some outputs are of no input.
#[test]
fn every_phase_of_a_transposed_convolution_is_finished_as_defined() {
    for (kernel, stride) in [([2, 2], 2), ([2, 1], 3)] {
        let shape = Convolution {
            outputs: 17,
            inputs: 5,
            kernel,
            stride,
            padding: [0, 0],
            transposed: true,
        };
        both_types_agree(&Convolved::new(shape, [3, 4, 5]));
    }
}

/// What clips must not hide that something went wrong.
#[test]
fn clipping_lets_nan_through() {
    let operation = Linear::new(2, 3, 17);
    let mut case = Case::<f32, _>::new(&operation);
    case.replace(f32::NAN, 1.0);
    let clip = Some(1.0);
    agrees_with(
        &case,
        &Epilogue {
            clip,
            ..Epilogue::default()
        },
    );
}

#[test]
#[should_panic(expected = "gain of an output of 4 columns for 2 samples")]
fn a_gain_of_another_length_is_refused_by_name() {
    let operation = Linear {
        batch: 2,
        ..Linear::new(3, 2, 4)
    };
    let case = Case::<f32, _>::new(&operation);
    let gain = Some(&[1.0; 4][..]);
    case.forward(
        Instructions::best(),
        &Epilogue {
            gain,
            ..Epilogue::default()
        },
    );
}
