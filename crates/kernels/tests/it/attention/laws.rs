//! What the definition says of itself, threads, and NaN.

use foil_kernels::{Instructions, attention::Attention, bf16};
use rayon::ThreadPoolBuilder;

use super::{
    case::{Case, attention, cosine, lengths},
    definition::largest,
};
use crate::{
    twin::differences,
    world::{Number, bits, values, widened},
};

/// The twin's own gradients are those of the twin's output.
#[test]
fn the_definition_of_the_gradients_agrees_with_differences_of_the_definition() {
    let heads = Attention {
        batch: 2,
        heads: 2,
        ..attention(4, 5, 3)
    };
    for of in [heads, cosine(heads)] {
        let case = Case::<f32>::new(of);
        let [q, k, v] = lengths(&of);
        let grad = widened(&values::<f32>(q, 4));
        let numbers: [Vec<f64>; 3] =
            [(q, 1), (k, 2), (v, 3)].map(|(n, seed)| widened(&values::<f32>(n, seed)));
        for (index, gradient) in case.twin_gradients().iter().enumerate() {
            let slopes = differences(&numbers[index], &grad, |moved| {
                let mut numbers = numbers.each_ref().map(|x| &x[..]);
                numbers[index] = moved;
                super::definition::forward(&of, numbers)
            });
            let allowed = 1e-7 * largest(slopes.iter().copied());
            for (slope, value) in slopes.iter().zip(&gradient.values) {
                assert!((slope - value).abs() <= allowed, "{slope} and {value}");
            }
        }
    }
}

fn results<T: Number>(case: &Case<T>, instructions: Instructions, threads: usize) -> [Vec<u32>; 4] {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads").install(|| {
        let [q, k, v] = case.gradients(instructions);
        [case.forward(instructions), q, k, v].map(|values| bits(&values))
    })
}

pub fn same_with_any_number_of_threads<T: Number>(of: Attention, with: &[Instructions]) {
    let case = Case::<T>::new(of);
    for &instructions in with {
        let alone = results(&case, instructions, 1);
        for threads in [2, 5] {
            let together = results(&case, instructions, threads);
            assert!(
                alone == together,
                "{instructions:?} {} {of:?} by {threads}",
                T::NAME
            );
        }
    }
}

/// With few threads a task has a whole head, with more of them 112 queries of it.
#[test]
fn attention_has_the_same_bits_with_any_number_of_threads() {
    let with = Instructions::available();
    for heads in [1, 3, 7] {
        let plain = Attention {
            heads,
            ..attention(339, 300, 17)
        };
        for of in [plain, cosine(plain)] {
            same_with_any_number_of_threads::<f32>(of, &with);
            same_with_any_number_of_threads::<bf16>(of, &with);
        }
    }
}

/// One element of q, k, v or the output's gradient.
fn poisoned<T: Number>(of: Attention, which: usize, at: impl Fn(usize) -> usize) -> Case<T> {
    let [q, k, v] = lengths(&of);
    let mut numbers = [values::<T>(q, 1), values(k, 2), values(v, 3), values(q, 4)];
    let index = at(numbers[which].len());
    numbers[which][index] = T::from_f32(f32::NAN);
    let [q, k, v, grad] = numbers;
    Case::of(of, [q, k, v]).with_grad(&grad)
}

/// What a tile of queries leaves behind must not reach the next.
pub fn poison_stays_where_it_belongs<T: Number>(with: &[Instructions]) {
    for keys in [19, 300] {
        let plain = Attention {
            batch: 2,
            heads: 2,
            ..attention(45, keys, 7)
        };
        for of in [plain, cosine(plain)] {
            for which in 0..4 {
                for at in [|_| 3, |length| length / 3, |length| length - 1] {
                    let case = poisoned::<T>(of, which, at);
                    assert_eq!(
                        which < 3,
                        case.twin_forward().iter().any(|value| value.is_nan())
                    );
                    assert!(case.twin_forward().iter().any(|value| value.is_finite()));
                    case.output_agrees(with);
                    case.gradients_agree(with);
                }
            }
        }
    }
}

#[test]
fn poison_in_one_token_reaches_only_what_it_should() {
    poison_stays_where_it_belongs::<f32>(&Instructions::available());
    poison_stays_where_it_belongs::<bf16>(&Instructions::available());
}
