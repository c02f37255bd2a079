//! Windows, each looked at by itself.

use foil_kernels::{
    Instructions,
    convolution::Image,
    passes::{Pool, Pooling, pool},
};

use super::{CHANNELS, for_both};
use crate::check::{self, Stored, Truth, normal, store};

/// Of each window the numbers that are inside the image.
fn windows(pool: Pool, image: Image, channels: usize, x: &[f64]) -> Vec<Vec<f64>> {
    let size = pool.output_size(image).expect("windows that fit");
    let mut windows = Vec::new();
    for index in 0..size.pixels() * channels {
        let (pixel, channel) = (index / channels, index % channels);
        let (line, column) = (pixel / size.width, pixel % size.width);
        let (sample, line) = (line / size.height, line % size.height);
        let mut window = Vec::new();
        for tap in 0..pool.window * pool.window {
            let row = (line * pool.stride + tap / pool.window).wrapping_sub(pool.padding);
            let column = (column * pool.stride + tap % pool.window).wrapping_sub(pool.padding);
            if row < image.height && column < image.width {
                let pixel = (sample * image.height + row) * image.width + column;
                window.push(x[pixel * channels + channel]);
            }
        }
        windows.push(window);
    }
    windows
}

fn agrees<T: Stored>(shape: Pool, [batch, height, width]: [usize; 3], channels: usize) {
    let image = Image {
        batch,
        height,
        width,
    };
    let (x, exact) = store::<T>(&normal(image.pixels() * channels, 1));
    let windows = windows(shape, image, channels, &exact);
    let of_window = |window: &Vec<f64>| match shape.pooling {
        Pooling::Max => window.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Pooling::Mean => window.iter().sum::<f64>() / window.len() as f64,
    };
    let truth = Truth::at_least(windows.iter().map(of_window).collect(), 1.0);
    check::forward(
        &format!("{shape:?} of {image:?}, {channels} channels"),
        &truth,
        |i, out: &mut [T]| pool(i, shape, image, channels, &x, out),
    );
}

#[test]
fn agree_with_every_window_by_itself() {
    for pooling in [Pooling::Max, Pooling::Mean] {
        for (window, stride, padding) in [(3, 2, 0), (3, 1, 1), (2, 2, 0), (1, 1, 0), (4, 3, 2)] {
            let shape = Pool {
                pooling,
                window,
                stride,
                padding,
            };
            for channels in CHANNELS {
                for_both!(agrees(shape, [2, 5, 8], channels));
            }
            for_both!(agrees(shape, [3, 4, 4], 70));
            for_both!(agrees(shape, [0, 4, 4], 3));
            for_both!(agrees(shape, [1, 60, 33], 192));
        }
    }
}

#[test]
fn what_is_no_number_is_seen() {
    let shape = |pooling| Pool {
        pooling,
        window: 3,
        stride: 1,
        padding: 1,
    };
    let image = Image {
        batch: 1,
        height: 5,
        width: 5,
    };
    for place in 0..25 {
        let mut x = vec![1.0_f32; 25];
        x[place] = f32::NAN;
        for pooling in [Pooling::Max, Pooling::Mean] {
            let mut out = vec![0.0; 25];
            pool(Instructions::best(), shape(pooling), image, 1, &x, &mut out);
            let near =
                |at: usize| (at / 5).abs_diff(place / 5) <= 1 && (at % 5).abs_diff(place % 5) <= 1;
            let seen = out.iter().enumerate();
            assert!(
                seen.into_iter()
                    .all(|(at, found)| found.is_nan() == near(at))
            );
        }
    }
}

#[test]
fn windows_that_could_see_nothing_have_no_size() {
    let image = Image {
        batch: 1,
        height: 4,
        width: 2,
    };
    let size = |window, stride, padding| {
        let pooling = Pooling::Max;
        let shape = Pool {
            pooling,
            window,
            stride,
            padding,
        };
        let size = shape.output_size(image)?;
        Some([size.height, size.width])
    };
    assert_eq!(size(3, 1, 1), Some([4, 2]));
    assert_eq!(size(3, 2, 1), Some([2, 1]));
    for (window, stride, padding) in [(3, 1, 0), (3, 1, 2), (0, 1, 0), (2, 0, 0)] {
        assert_eq!(size(window, stride, padding), None);
    }
}
