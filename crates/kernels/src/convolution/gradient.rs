//! The gradient with respect to a convolution's weights.

use super::{
    shape::{Convolution, Image},
    windows::Windows,
};
use crate::{
    Element, Instructions,
    product::{Aligned, Columns, Rows, sums_over_pixels},
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
    sums.write(taps, out);
}
