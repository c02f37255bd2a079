//! Half and double resolution.

use foil_kernels::passes::{
    ImageShape, downsample, downsample_backward, upsample, upsample_backward,
};
use proptest::prelude::*;

use super::{CHANNELS, for_both};
use crate::check::{self, Stored, Truth, normal, store};
use crate::twin;

/// `height` and `width` are those of the smaller image.
fn agrees<T: Stored>(batch: usize, [height, width, channels]: [usize; 3]) {
    let small = ImageShape {
        height,
        width,
        channels,
    };
    let large = ImageShape {
        height: 2 * height,
        width: 2 * width,
        channels,
    };
    let sides = [2 * height, 2 * width, channels];
    let name = format!("{batch} x {sides:?}");
    let length = batch * height * width * channels;
    let (x, exact) = store::<T>(&normal(4 * length, 1));
    let (y, exact_y) = store::<T>(&normal(length, 2));
    let means = twin::downsample(&exact, sides);
    let blocks = twin::upsample(&exact_y, [height, width, channels]);
    let sums = Truth::at_least(means.iter().map(|x| 4.0 * x).collect(), 1.0);
    let shares = Truth::new(blocks.iter().map(|x| x / 4.0).collect());
    let means = Truth::at_least(means, 1.0);
    check::forward(&name, &means, |i, out: &mut [T]| {
        downsample(i, large, &x, out);
    });
    check::forward(&name, &Truth::new(blocks), |i, out: &mut [T]| {
        upsample(i, small, &y, out);
    });
    check::forward(&name, &shares, |i, out: &mut [T]| {
        downsample_backward(i, large, &y, out);
    });
    check::forward(&name, &sums, |i, out: &mut [T]| {
        upsample_backward(i, small, &x, out);
    });
}

#[test]
fn agree_with_the_twin_over_all_shapes() {
    for channels in CHANNELS {
        for_both!(agrees(0, [2, 3, channels]));
        for_both!(agrees(1, [1, 1, channels]));
        for_both!(agrees(3, [2, 5, channels]));
        for_both!(agrees(2, [17, 9, channels]));
    }
    for_both!(agrees(2, [0, 3, 4]));
    for_both!(agrees(2, [3, 0, 4]));
    for_both!(agrees(1, [2, 900, 64]));
}

#[test]
fn backwards_are_the_slopes_of_the_twins() {
    let shape = ImageShape {
        height: 4,
        width: 2,
        channels: 3,
    };
    let zeros = vec![0.0; 24];
    let (gradient, exact) = store::<f32>(&normal(6, 1));
    let slopes = twin::differences(&zeros, &exact, |x| twin::downsample(x, [4, 2, 3]));
    check::forward(
        "downsample_backward",
        &Truth::new(slopes),
        |i, out: &mut [f32]| {
            downsample_backward(i, shape, &gradient, out);
        },
    );
    let (gradient, exact) = store::<f32>(&normal(96, 2));
    let slopes = twin::differences(&zeros, &exact, |x| twin::upsample(x, [4, 2, 3]));
    check::forward(
        "upsample_backward",
        &Truth::new(slopes),
        |i, out: &mut [f32]| {
            upsample_backward(i, shape, &gradient, out);
        },
    );
}

#[test]
#[should_panic(expected = "downsample: 3 x 2 pixels are no whole number of 2 x 2 blocks")]
fn odd_sides_are_refused() {
    let shape = ImageShape {
        height: 3,
        width: 2,
        channels: 1,
    };
    downsample(
        foil_kernels::Instructions::best(),
        shape,
        &[0.0; 6],
        &mut [0.0; 1],
    );
}

proptest! {
    #![proptest_config(crate::check::random_cases(64))]
    #[test]
    fn agree_with_the_twin_anywhere(batch in 0_usize..4, height in 1_usize..9, width in 1_usize..9, channels in 1_usize..70) {
        agrees::<f32>(batch, [height, width, channels]);
    }
}
