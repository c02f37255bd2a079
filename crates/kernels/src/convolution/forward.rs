//! Convolutions with packed weights, and the input's gradient, which is one.

use super::{
    shape::{Convolution, Image, Phase},
    windows::Windows,
};
use crate::{
    Element, Instructions,
    product::{Aligned, Epilogue, Microkernel, Output, PackedMatrix, Shared, Weights, run},
};

/// Weights of a convolution or a transposed one, packed once.
#[derive(Debug)]
pub struct PackedConv2d<T: Element> {
    instructions: Instructions,
    kernel: Microkernel<T>,
    shape: Convolution,
    phases: Vec<(Phase, PackedMatrix<T>)>,
    zeros: Aligned<T>,
}

impl<T: Element> PackedConv2d<T> {
    /// Packs `weight` `[outputs, inputs, height, width]`, or `[inputs, outputs, height, width]` of a transposed convolution.
    ///
    /// # Panics
    /// If the length of `weight` is another, or the stride 0.
    pub fn new(instructions: Instructions, shape: Convolution, weight: &[T]) -> Self {
        assert_eq!(weight.len(), shape.weights(), "weights of {shape:?}");
        assert!(shape.stride > 0, "stride of {shape:?}");
        let kernel = T::microkernel(instructions);
        let (depth_stride, column_stride) = if shape.transposed {
            (shape.outputs * shape.taps(), shape.taps())
        } else {
            (shape.taps(), shape.inputs * shape.taps())
        };
        let pack = |phase: Phase| {
            let taps: Vec<usize> = phase.taps.iter().map(|tap| tap.tap).collect();
            let weights = Weights {
                data: weight,
                depth_stride,
                column_stride,
                taps: &taps,
            };
            let matrix = PackedMatrix::pack(&kernel, [shape.inputs, shape.outputs], &weights);
            (phase, matrix)
        };
        let phases = shape.phases().into_iter().map(pack).collect();
        Self {
            instructions,
            kernel,
            shape,
            phases,
            zeros: Aligned::zeros(shape.inputs),
        }
    }

    /// The shape it was packed for.
    pub fn shape(&self) -> &Convolution {
        &self.shape
    }

    /// `[batch, height, width, inputs]` to `[batch, output height, output width, outputs]`.
    ///
    /// # Panics
    /// If the image is too small for the kernel or the lengths do not belong together.
    pub fn forward(&self, image: Image, x: &[T], epilogue: &Epilogue<'_, T>, out: &mut [T]) {
        let shape = &self.shape;
        let output = shape.output_size(image);
        assert!(output.is_some(), "{image:?} has no output by {shape:?}");
        self.forward_to(image, x, epilogue, (output.unwrap_or(image), out));
    }

    /// To an output of a size of its own: what lies beyond the convolution's reach becomes zero before the epilogue.
    fn forward_to(
        &self,
        image: Image,
        x: &[T],
        epilogue: &Epilogue<'_, T>,
        (size, out): (Image, &mut [T]),
    ) {
        let Convolution {
            outputs, inputs, ..
        } = self.shape;
        assert_eq!(
            out.len(),
            size.pixels() * outputs,
            "output {size:?} of {:?}",
            self.shape
        );
        epilogue.check(size.batch, outputs, out.len());
        let out = Shared::new(out);
        for (phase, matrix) in &self.phases {
            let windows = Windows::new(x, (image, inputs), phase, size, &self.zeros);
            let output = Output {
                instructions: self.instructions,
                epilogue,
                out,
                columns: outputs,
                rows_in_sample: (size.height * size.width).max(1),
                place: |row| windows.place(row),
            };
            run(&self.kernel, matrix, &windows, &output);
        }
    }
}

/// The gradient with respect to the input: `grad` `[batch, output height, output width, outputs]` to `out`
/// `[batch, height, width, inputs]`, where `image` is the input's size.
///
/// # Panics
/// If the lengths do not belong together.
pub fn input_gradient<T: Element>(
    instructions: Instructions,
    shape: Convolution,
    image: Image,
    weight: &[T],
    grad: &[T],
    out: &mut [T],
) {
    let size = shape.output_size(image);
    assert!(size.is_some(), "{image:?} has no output by {shape:?}");
    let packed = PackedConv2d::new(instructions, shape.adjoint(), weight);
    packed.forward_to(
        size.unwrap_or(image),
        grad,
        &Epilogue::default(),
        (image, out),
    );
}
