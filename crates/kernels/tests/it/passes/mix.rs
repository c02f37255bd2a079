//! Sums and concatenations.

use foil_kernels::passes::{MpCat, mp_cat, mp_cat_backward, mp_sum, mp_sum_backward};
use proptest::prelude::*;

use super::{CHANNELS, MANY, PIXELS, for_both};
use crate::check::{self, Stored, Truth, normal, store};
use crate::twin;

fn sums_agree<T: Stored>(length: usize, t: f64) {
    let (a, exact_a) = store::<T>(&normal(length, 1));
    let (b, exact_b) = store::<T>(&normal(length, 2));
    let truth = Truth::at_least(twin::mp_sum(&exact_a, &exact_b, t), 1.0);
    check::forward(&format!("mp_sum {length}"), &truth, |i, out: &mut [T]| {
        mp_sum(i, t, &a, &b, out);
    });
    // Linear: the parts of the gradient are the sums with nothing.
    let zeros = vec![0.0; length];
    let truth = [
        twin::mp_sum(&exact_a, &zeros, t),
        twin::mp_sum(&zeros, &exact_a, t),
    ]
    .map(Truth::new);
    check::backward(
        "mp_sum_backward",
        [&truth[0], &truth[1]],
        |i, out_a: &mut [T], out_b: &mut [T]| {
            mp_sum_backward(i, t, &a, out_a, out_b);
        },
    );
}

fn cats_agree<T: Stored>(pixels: usize, [a_channels, b_channels]: [usize; 2], t: f64) {
    let cat = MpCat {
        a_channels,
        b_channels,
        t,
    };
    let (a, exact_a) = store::<T>(&normal(pixels * a_channels, 1));
    let (b, exact_b) = store::<T>(&normal(pixels * b_channels, 2));
    let truth = Truth::new(twin::mp_cat(
        &exact_a,
        &exact_b,
        [a_channels, b_channels],
        t,
    ));
    let name = format!("mp_cat {pixels} x {a_channels} + {b_channels}");
    check::forward(&name, &truth, |i, out: &mut [T]| {
        mp_cat(i, cat, &a, &b, out);
    });
    let (gradient, exact) = store::<T>(&normal(pixels * (a_channels + b_channels), 3));
    let truth = parted(&exact, [a_channels, b_channels], t).map(Truth::new);
    check::backward(
        &name,
        [&truth[0], &truth[1]],
        |i, out_a: &mut [T], out_b: &mut [T]| {
            mp_cat_backward(i, cat, &gradient, out_a, out_b);
        },
    );
}

fn parted(gradient: &[f64], [n_a, n_b]: [usize; 2], t: f64) -> [Vec<f64>; 2] {
    let weights = twin::mp_cat(&vec![1.0; n_a], &vec![1.0; n_b], [n_a, n_b], t);
    let mut parts = [Vec::new(), Vec::new()];
    for row in gradient.chunks(n_a + n_b) {
        for (c, g) in row.iter().enumerate() {
            parts[usize::from(c >= n_a)].push(g * weights[c]);
        }
    }
    parts
}

#[test]
fn sums_agree_with_the_twin_over_all_lengths() {
    for length in (0..70).chain([100, 192, MANY]) {
        for_both!(sums_agree(length, 0.3));
    }
    for_both!(sums_agree(50, 0.0));
    for_both!(sums_agree(50, 1.0));
}

#[test]
fn concatenations_agree_with_the_twin_over_all_widths() {
    for (a_channels, b_channels) in CHANNELS.into_iter().zip(CHANNELS.into_iter().rev()) {
        for pixels in PIXELS {
            for_both!(cats_agree(pixels, [a_channels, b_channels], 0.4));
        }
    }
    for_both!(cats_agree(MANY, [2, 1], 0.5));
}

#[test]
fn backwards_are_the_slopes_of_the_twins() {
    let (a, b) = (normal(12, 1), normal(20, 2));
    let (gradient, exact) = store::<f32>(&normal(32, 3));
    let by_a = twin::differences(&a, &exact, |a| twin::mp_cat(a, &b, [3, 5], 0.4));
    let by_b = twin::differences(&b, &exact, |b| twin::mp_cat(&a, b, [3, 5], 0.4));
    let truth = [by_a, by_b].map(Truth::new);
    let cat = MpCat {
        a_channels: 3,
        b_channels: 5,
        t: 0.4,
    };
    check::backward(
        "mp_cat_backward",
        [&truth[0], &truth[1]],
        |i, out_a: &mut [f32], out_b: &mut [f32]| {
            mp_cat_backward(i, cat, &gradient, out_a, out_b);
        },
    );
    let b = normal(12, 4);
    let by_a = twin::differences(&a, &exact[..12], |a| twin::mp_sum(a, &b, 0.3));
    let by_b = twin::differences(&b, &exact[..12], |b| twin::mp_sum(&a, b, 0.3));
    let truth = [by_a, by_b].map(Truth::new);
    check::backward(
        "mp_sum_backward",
        [&truth[0], &truth[1]],
        |i, out_a: &mut [f32], out_b: &mut [f32]| {
            mp_sum_backward(i, 0.3, &gradient[..12], out_a, out_b);
        },
    );
}

#[test]
fn an_even_concatenation_keeps_the_magnitude_of_both_parts_alike() {
    let cat = MpCat {
        a_channels: 2,
        b_channels: 8,
        t: 0.5,
    };
    let mut out = [0.0_f32; 10];
    mp_cat(
        foil_kernels::Instructions::best(),
        cat,
        &[1.0; 2],
        &[1.0; 8],
        &mut out,
    );
    let square = |part: &[f32]| part.iter().map(|x| x * x).sum::<f32>();
    assert!((square(&out[..2]) - 5.0).abs() < 1e-5 && (square(&out[2..]) - 5.0).abs() < 1e-5);
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agree_with_the_twin_anywhere(pixels in 0_usize..40, a in 1_usize..100, b in 1_usize..100, t in 0.0..1.0) {
        cats_agree::<f32>(pixels, [a, b], t);
        sums_agree::<f32>(pixels * a, t);
    }
}
