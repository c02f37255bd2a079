//! The gradient with respect to a convolution's weights.

use rayon::prelude::*;

use super::{
    shape::{Convolution, Image},
    windows::Windows,
};
use crate::{
    Element, Instructions,
    product::{Aligned, Columns, Rows, Sums, sums_over_pixels},
};

/// `x` `[batch, height, width, inputs]` and the output's gradient `grad` `[batch, output height, output width, outputs]` to the
/// weight's gradient `out`, laid out as the weight.
///
/// # Panics
/// If the lengths do not belong together.
pub fn weight_gradient<T: Element>(
    instructions: Instructions,
    shape: Convolution,
    image: Image,
    x: &[T],
    grad: &[T],
    out: &mut [f32],
) {
    let size = shape.output_size(image);
    assert!(size.is_some(), "{image:?} has no output by {shape:?}");
    let size = size.unwrap_or(image);
    assert_eq!(out.len(), shape.weights(), "weight's gradient of {shape:?}");
    assert_eq!(
        grad.len(),
        size.pixels() * shape.outputs,
        "output's gradient of {shape:?}"
    );
    // A transposed convolution is the adjoint of a plain one, whose input is our output: the roles of x and grad change.
    if shape.transposed {
        return gradient(instructions, shape.adjoint(), (size, grad), (image, x), out);
    }
    gradient(instructions, shape, (image, x), (size, grad), out);
}

fn gradient<T: Element>(
    instructions: Instructions,
    shape: Convolution,
    (image, x): (Image, &[T]),
    (size, grad): (Image, &[T]),
    out: &mut [f32],
) {
    let Convolution {
        outputs, inputs, ..
    } = shape;
    let taps = shape.taps();
    if out.is_empty() || size.pixels() == 0 {
        return out.fill(0.0);
    }
    let phases = shape.phases();
    let zeros = Aligned::zeros(inputs);
    let windows = Windows::new(x, (image, inputs), &phases[0], size, &zeros);
    debug_assert_eq!(windows.count(), size.pixels());
    let columns = Columns {
        rows: &windows,
        taps,
        channels: inputs,
    };
    let sums = sums_over_pixels(instructions, &columns, grad, outputs);
    out.par_chunks_exact_mut(inputs * taps)
        .enumerate()
        .for_each(|(output, out)| match taps {
            1 => turn::<1>(&sums, output, inputs, out),
            4 => turn::<4>(&sums, output, inputs, out),
            9 => turn::<9>(&sums, output, inputs, out),
            16 => turn::<16>(&sums, output, inputs, out),
            _ => turn_any(&sums, output, taps, out),
        });
}

/// From `[taps, inputs]` to `[inputs, taps]`, of one output.
fn turn_any(sums: &Sums, output: usize, taps: usize, out: &mut [f32]) {
    let inputs = out.len() / taps;
    for (input, out) in out.chunks_exact_mut(taps).enumerate() {
        for (tap, out) in out.iter_mut().enumerate() {
            *out = sums.line(output, tap * inputs + input)[0];
        }
    }
}

/// The same for a number of taps that the compiler knows, for as many inputs at a time as all taps have together in memory.
fn turn<const TAPS: usize>(sums: &Sums, output: usize, inputs: usize, out: &mut [f32]) {
    let mut out = out.as_chunks_mut::<TAPS>().0;
    let mut at = 0;
    while at < inputs {
        let mut lines: [&[f32]; TAPS] = [&[]; TAPS];
        let mut count = inputs - at;
        for (tap, line) in lines.iter_mut().enumerate() {
            *line = sums.line(output, tap * inputs + at);
            count = count.min(line.len());
        }
        for line in &mut lines {
            *line = &line[..count];
        }
        let (now, rest) = out.split_at_mut(count);
        for (input, now) in now.iter_mut().enumerate() {
            for tap in 0..TAPS {
                now[tap] = lines[tap][input];
            }
        }
        (out, at) = (rest, at + count);
    }
}
