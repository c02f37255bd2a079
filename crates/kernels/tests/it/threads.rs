//! Results depend neither on how many threads there are nor on which of them does what.

use foil_kernels::{Instructions, bf16, convolution::Convolution, product::Epilogue};
use rayon::ThreadPoolBuilder;

use crate::{
    case::Case,
    operation::{Convolved, Linear, Operation},
    world::{Number, bits},
};

/// The output and both gradients.
fn results<T: Number>(
    case: &Case<'_, T, impl Operation + Sync>,
    instructions: Instructions,
    threads: usize,
) -> [Vec<u32>; 3] {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads").install(|| {
        [
            bits(&case.forward(instructions, &Epilogue::default())),
            bits(&case.input_gradient(instructions)),
            bits(&case.weight_gradient(instructions)),
        ]
    })
}

pub fn same_with_any_number<T: Number>(operation: &(impl Operation + Sync), with: &[Instructions]) {
    let case = Case::<T, _>::new(operation);
    for &instructions in with {
        let alone = results(&case, instructions, 1);
        for threads in [2, 5] {
            let together = results(&case, instructions, threads);
            assert!(
                alone == together,
                "{instructions:?} {} {operation:?} by {threads}",
                T::NAME
            );
        }
    }
}

fn same_for_both_types(operation: &(impl Operation + Sync)) {
    same_with_any_number::<f32>(operation, &Instructions::available());
    same_with_any_number::<bf16>(operation, &Instructions::available());
}

#[test]
fn products_have_the_same_bits_with_any_number_of_threads() {
    same_for_both_types(&Linear::new(100, 1000, 333));
    same_for_both_types(&Linear::new(1337, 65, 33));
}

#[test]
fn convolutions_have_the_same_bits_with_any_number_of_threads() {
    let same = Convolution::same(65, 33, 3);
    same_for_both_types(&Convolved::new(same, [2, 33, 17]));
    let transposed = Convolution {
        kernel: [4, 4],
        stride: 2,
        transposed: true,
        ..same
    };
    same_for_both_types(&Convolved::new(transposed, [1, 17, 15]));
}
