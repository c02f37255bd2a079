//! Linear layers and their gradients.

use foil_kernels::{InstructionSet, Instructions, bf16, product::Epilogue};

use crate::{
    case::{Case, agrees},
    definition::Products,
    operation::Linear,
};

#[test]
fn linear_layers_of_every_size_around_a_tile_agree_with_the_definition() {
    for rows in [0, 1, 13, 14, 15, 100] {
        for inputs in [0, 1, 2, 3, 33, 200] {
            for outputs in [1, 5, 31, 32, 33, 100] {
                agrees(&Linear::new(rows, inputs, outputs));
            }
        }
    }
}

#[test]
fn a_layer_without_outputs_writes_nothing() {
    agrees(&Linear::new(5, 7, 0));
}

#[test]
fn many_tasks_and_several_chunks_of_rows_with_an_odd_rest_agree_with_the_definition() {
    agrees(&Linear::new(1337, 200, 100));
}

/// Here a task has more panels than stay in the cache, and takes its rows several times.
#[test]
fn panels_too_large_for_the_cache_agree_with_the_definition() {
    let operation = Linear::new(40, 3001, 333);
    let (float, half) = (
        Case::<f32, _>::new(&operation),
        Case::<bf16, _>::new(&operation),
    );
    float.agrees(&Instructions::available());
    half.agrees(&Instructions::available());
}

/// Σ y·g = Σ x·(input's gradient) = Σ w·(weight's gradient), without any error where all sums are integers.
#[test]
fn gradients_are_the_adjoints_of_the_product() {
    for (rows, inputs, outputs) in [(1, 1, 1), (13, 33, 31), (29, 200, 65), (600, 3, 5)] {
        let operation = Linear::new(rows, inputs, outputs);
        assert!(operation.lengths().output > 0);
        Case::<f32, _>::of_integers(&operation).gradients_are_adjoints(&Instructions::available());
        Case::<bf16, _>::of_integers(&operation).gradients_are_adjoints(&Instructions::available());
    }
}

/// The processor's products of bf16 pairs take numbers below the least normal one for zero, in what they read and in what they
/// write (Intel SDM, VDPBF16PS: "DAZ", "FTZ"), as AMX does; sets that widen to f32 first keep them.
#[test]
fn denormals_count_as_zero_only_in_the_processors_own_products_of_bf16() {
    let operation = Linear::new(3, 5, 7);
    let mut case = Case::<bf16, _>::new(&operation);
    let denormal = bf16::from_bits(0x0010);
    let large = bf16::from_f32(1e30);
    case.replace(denormal, large);
    let kept = denormal.to_f32() * large.to_f32() * 5.0;
    for instructions in Instructions::available() {
        let out = case.forward(instructions, &Epilogue::default());
        let flushes = instructions.set() >= InstructionSet::Avx512Bf16;
        let wanted = if flushes {
            bf16::ZERO
        } else {
            bf16::from_f32(kept)
        };
        assert!(
            out.iter().all(|value| *value == wanted),
            "{instructions:?}: {out:?}, not {wanted}"
        );
    }
}
