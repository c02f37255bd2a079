//! Scores of any size, and tokens of zeros.

use foil_kernels::{Instructions, bf16};

use super::case::{Case, attention, cosine};
use crate::world::{Number, values, widened};

const WIDTH: usize = 64;
/// Times the width and over its root, 9984; of few digits.
const LARGE: f32 = 1248.0;

/// Keys of ±1, all different.
fn signs<T: Number>(keys: usize) -> Vec<T> {
    let sign = |value: &f32| T::from_f32(if *value > 0.0 { 1.0 } else { -1.0 });
    values::<f32>(keys * WIDTH, 5).iter().map(sign).collect()
}

fn times<T: Number>(token: &[T], factor: f32) -> Vec<T> {
    let times = |value: &T| T::from_f32(value.to_f32() * factor);
    token.iter().map(times).collect()
}

/// Every query finds its key, in whichever block it is.
fn one_key_takes_all<T: Number>(keys: usize, with: &[Instructions]) {
    let (k, v) = (signs::<T>(keys), values::<T>(keys * WIDTH, 3));
    let targets: Vec<usize> = (0..50).map(|query| query * 37 % keys).collect();
    let of = |x: &[T], key: usize| x[key * WIDTH..][..WIDTH].to_vec();
    let q = targets
        .iter()
        .flat_map(|&key| times(&of(&k, key), LARGE))
        .collect();
    let wanted: Vec<T> = targets.iter().flat_map(|&key| of(&v, key)).collect();
    let case = Case::of(attention(targets.len(), keys, WIDTH), [q, k, v]);
    assert_eq!(case.twin_forward(), widened(&wanted));
    for &instructions in with {
        assert_eq!(
            case.forward(instructions),
            wanted,
            "{instructions:?} {keys} keys"
        );
    }
    case.gradients_agree(with);
}

#[test]
fn a_score_far_above_all_others_is_a_copy_of_its_value() {
    for keys in [1, 20, 256, 600] {
        one_key_takes_all::<f32>(keys, &Instructions::available());
        one_key_takes_all::<bf16>(keys, &Instructions::available());
    }
}

/// All scores are −9672, but −9984 for every third key.
fn low_scores<T: Number>(with: &[Instructions]) {
    let keys = 600;
    let base = signs::<T>(1);
    let mut k = base.repeat(keys);
    for key in (0..keys).filter(|key| key % 3 > 0) {
        let channel = key % WIDTH;
        k[key * WIDTH + channel] = times(&base[channel..=channel], -1.0)[0];
    }
    let q = times(&base, -LARGE).repeat(20);
    let v = values::<T>(keys * WIDTH, 3);
    let case = Case::of(attention(20, keys, WIDTH), [q, k, v]);
    case.output_agrees(with);
    case.gradients_agree(with);
}

#[test]
fn scores_far_below_zero_are_weights_like_any_others() {
    low_scores::<f32>(&Instructions::available());
    low_scores::<bf16>(&Instructions::available());
}

/// Keys of −∞, and queries that are positive.
fn masked<T: Number>(hidden: impl Fn(usize) -> bool, with: &[Instructions]) {
    let (queries, keys, width) = (20, 600, 5);
    let magnitude = |value: &T| T::from_f32(value.to_f32().abs() + 0.25);
    let q = values::<T>(queries * width, 1)
        .iter()
        .map(magnitude)
        .collect();
    let mut k = values::<T>(keys * width, 2);
    for key in (0..keys).filter(|&key| hidden(key)) {
        k[key * width] = T::from_f32(f32::NEG_INFINITY);
    }
    let v = values::<T>(keys * width, 3);
    Case::of(attention(queries, keys, width), [q, k, v]).output_agrees(with);
}

/// A whole block of them before any other, between others, and after them; where there are only such keys the weights are 0/0.
#[test]
fn keys_with_a_score_of_minus_infinity_have_no_weight() {
    let hidden: [fn(usize) -> bool; 5] = [
        |key| key < 256,
        |key| (256..512).contains(&key),
        |key| key >= 512,
        |key| key % 3 != 1,
        |_| true,
    ];
    for hidden in hidden {
        masked::<f32>(hidden, &Instructions::available());
        masked::<bf16>(hidden, &Instructions::available());
    }
}

fn tokens_of_zeros<T: Number>(width: usize, with: &[Instructions]) {
    let (queries, keys) = (20, 300);
    let numbers = [(queries, 1), (keys, 2), (keys, 3)].map(|(tokens, seed)| {
        let mut numbers = values::<T>(tokens * width, seed);
        for token in numbers.chunks_exact_mut(width).step_by(3) {
            token.fill(T::from_f32(0.0));
        }
        numbers
    });
    let case = Case::of(cosine(attention(queries, keys, width)), numbers);
    case.output_agrees(with);
    case.gradients_agree(with);
}

#[test]
fn tokens_of_zeros_stay_zeros_in_cosine_attention() {
    for width in [1, 5, 64] {
        tokens_of_zeros::<f32>(width, &Instructions::available());
        tokens_of_zeros::<bf16>(width, &Instructions::available());
    }
}
