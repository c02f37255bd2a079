//! Channels scaled by the embedding, the gradient of a mix with a limit, and gradients that are added.

use foil_kernels::Instructions;
use foil_kernels::passes::{
    LimitedMix, Modulate, accumulate, limited_mix_backward, modulate, modulate_backward,
};
use proptest::prelude::*;

use super::{CHANNELS, MANY, PIXELS, for_both};
use crate::check::{self, Stored, Truth, normal, store};
use crate::twin;

/// `x` of samples of so many pixels; `shift` says how many samples and channels there are.
fn modulated(x: &[f64], shift: &[f64], [pixels, channels]: [usize; 2]) -> Vec<f64> {
    let each = x.iter().enumerate();
    each.map(|(index, x)| {
        let sample = index / (pixels * channels);
        twin::silu(x * (1.0 + shift[sample * channels + index % channels])) / 0.596
    })
    .collect()
}

/// The gradients with respect to `x` and to the shift; of a sum, with what the magnitudes of its terms add to.
fn slowly([x, gradient]: [&[f64]; 2], shift: &[f64], [pixels, channels]: [usize; 2]) -> [Truth; 2] {
    let (mut out, mut sums) = (Vec::new(), vec![0.0; shift.len()]);
    let mut magnitudes = sums.clone();
    for (index, (x, gradient)) in x.iter().zip(gradient).enumerate() {
        let at = index / (pixels * channels) * channels + index % channels;
        let scale = 1.0 + shift[at];
        let inner = gradient * twin::silu_slope(x * scale) / 0.596;
        out.push(inner * scale);
        sums[at] += inner * x;
        magnitudes[at] += (inner * x).abs();
    }
    let most = magnitudes.iter().copied().fold(0.0, f64::max);
    [Truth::new(out), Truth::at_least(sums, most)]
}

fn modulates<T: Stored>(batch: usize, [pixels, channels]: [usize; 2]) {
    let with = Modulate {
        sample: pixels * channels,
        channels,
    };
    let length = batch * with.sample;
    let (x, exact_x) = store::<T>(&normal(length, 1));
    let (gradient, exact_gradient) = store::<T>(&normal(length, 2));
    let (shift, exact_shift) = store::<f32>(&normal(batch * channels, 3));
    let name = format!("modulate {batch} x {pixels} x {channels}");
    let truth = Truth::new(modulated(&exact_x, &exact_shift, [pixels, channels]));
    check::forward(&name, &truth, |i, out: &mut [T]| {
        modulate(i, with, &x, &shift, out);
    });
    let exact = [&exact_x[..], &exact_gradient];
    let [out, sums] = slowly(exact, &exact_shift, [pixels, channels]);
    check::backward(
        &name,
        [&out, &sums],
        |i, out: &mut [T], sums: &mut [f32]| {
            modulate_backward(i, with, [&x, &gradient], &shift, (out, sums));
        },
    );
}

const MIX: LimitedMix = LimitedMix {
    weights: [0.9, -0.4],
    clip: f32::INFINITY,
};

fn parts<T: Stored>(length: usize, clip: f32) {
    let limit = |x: f64| x.clamp(-f64::from(clip), f64::from(clip));
    let mixed = normal(length, 1);
    let (result, _) = store::<T>(&mixed.iter().map(|&x| limit(x)).collect::<Vec<_>>());
    let (gradient, exact) = store::<T>(&normal(length, 2));
    // A number so near the limit that storage makes the limit of it counts as limited.
    let at_limit = T::from_f32(clip).to_f32();
    let part = |weight: f32| {
        let both = result.iter().zip(&exact);
        let part = both.map(|(result, gradient)| {
            let passes = result.to_f32().abs().to_bits() != at_limit.to_bits();
            f64::from(u8::from(passes)) * gradient * f64::from(weight)
        });
        Truth::new(part.collect())
    };
    let [a, b] = MIX.weights.map(part);
    let mix = LimitedMix { clip, ..MIX };
    let name = format!("limited_mix_backward {length}, {clip}");
    check::backward(&name, [&a, &b], |i, a: &mut [T], b: &mut [T]| {
        limited_mix_backward(i, mix, [&result, &gradient], [a, b]);
    });
}

fn accumulates<T: Stored>(length: usize) {
    let (start, exact) = store::<T>(&normal(length, 1));
    let (part, exact_part) = store::<T>(&normal(length, 2));
    let sums = exact.iter().zip(&exact_part).map(|(a, b)| a + b);
    let name = format!("accumulate {length}");
    check::forward(&name, &Truth::new(sums.collect()), |i, sum: &mut [T]| {
        sum.copy_from_slice(&start);
        accumulate(i, sum, &part);
    });
}

#[test]
fn modulation_agrees_with_the_twin_over_all_widths() {
    for channels in CHANNELS {
        for pixels in PIXELS.into_iter().filter(|&pixels| pixels > 0) {
            for_both!(modulates(1, [pixels, channels]));
        }
        for_both!(modulates(0, [7, channels]));
        for_both!(modulates(3, [5, channels]));
    }
    for_both!(modulates(2, [MANY, 3]));
    for_both!(modulates(2, [3, MANY]));
}

#[test]
fn the_gradients_of_a_modulation_are_the_slopes_of_the_twin() {
    let (x, exact_x) = store::<f32>(&normal(2 * 5 * 3, 4));
    let (gradient, exact_gradient) = store::<f32>(&normal(2 * 5 * 3, 5));
    let (shift, exact_shift) = store::<f32>(&normal(2 * 3, 6));
    let sizes = [5, 3];
    let by_x = twin::differences(&exact_x, &exact_gradient, |x| {
        modulated(x, &exact_shift, sizes)
    });
    let by_shift = twin::differences(&exact_shift, &exact_gradient, |shift| {
        modulated(&exact_x, shift, sizes)
    });
    let with = Modulate {
        sample: 15,
        channels: 3,
    };
    check::backward(
        "modulate_backward",
        [&Truth::new(by_x), &Truth::at_least(by_shift, 5.0)],
        |i, out: &mut [f32], sums: &mut [f32]| {
            modulate_backward(i, with, [&x, &gradient], &shift, (out, sums));
        },
    );
}

#[test]
fn parts_of_a_limited_mix_agree_with_the_twin_over_all_lengths() {
    for length in (0..70).chain([100, 192, MANY]) {
        for_both!(parts(length, f32::INFINITY));
        for_both!(parts(length, 0.75));
        for_both!(parts(length, 0.0));
    }
}

#[test]
fn a_limit_that_storage_rounds_limits_all_the_same() {
    // In bf16, 0.7 is stored as less and 1.3 as more.
    for clip in [0.7, 1.3] {
        for_both!(parts(101, clip));
    }
}

#[test]
fn sums_agree_with_the_twin_over_all_lengths() {
    for length in (0..70).chain([100, 192, MANY]) {
        for_both!(accumulates(length));
    }
}

#[test]
#[should_panic(expected = "modulate: shift has 5 elements instead of 6")]
fn a_shift_of_another_length_is_named() {
    let with = Modulate {
        sample: 6,
        channels: 3,
    };
    let (x, mut out) = ([0.0_f32; 12], [0.0; 12]);
    modulate(Instructions::best(), with, &x, &[0.0; 5], &mut out);
}

#[test]
#[should_panic(expected = "limited_mix_backward: b has 4 elements instead of 5")]
fn a_part_of_another_length_is_named() {
    let inputs = [&[0.0_f32; 5][..]; 2];
    let (mut a, mut b) = ([0.0; 5], [0.0; 4]);
    limited_mix_backward(Instructions::best(), MIX, inputs, [&mut a, &mut b]);
}

#[test]
#[should_panic(expected = "accumulate: part has 4 elements instead of 5")]
fn a_sum_of_another_length_is_named() {
    accumulate(Instructions::best(), &mut [0.0_f32; 5], &[0.0; 4]);
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agree_with_the_twin_anywhere(
        batch in 0_usize..4,
        pixels in 1_usize..40,
        channels in 1_usize..100,
        clip in 0.1_f32..2.0,
    ) {
        modulates::<f32>(batch, [pixels, channels]);
        parts::<f32>(pixels * channels, clip);
        accumulates::<f32>(pixels * channels);
    }
}
