//! Convolutions with packed weights, and the input's gradient, which is one.

use std::{convert::Infallible, ops::Range};

use rayon::prelude::*;

use super::{
    shape::{Convolution, Image, Phase},
    windows::Windows,
    winograd::Winograd,
};
use crate::{
    Element, Instructions,
    product::{
        Aligned, Contiguous, Epilogue, Microkernel, Output, PackedMatrix, Shared, Weights, run,
    },
};

/// Weights of a convolution or a transposed one, packed once.
#[derive(Debug)]
pub struct PackedConv2d<T: Element> {
    instructions: Instructions,
    kernel: Microkernel<T>,
    shape: Convolution,
    method: Method<T>,
}

/// How it is computed.
#[derive(Debug)]
enum Method<T: Element> {
    /// The sum over taps as it is defined, one product for each phase.
    Direct {
        phases: Vec<(Phase, PackedMatrix<T>)>,
        zeros: Aligned<T>,
    },
    /// In fewer multiplications and more memory.
    Winograd(Box<Winograd<T>>),
}

impl<T: Element> PackedConv2d<T> {
    /// Packs `weight` `[outputs, inputs, height, width]`, or `[inputs, outputs, height, width]` of a transposed convolution.
    ///
    /// # Panics
    /// If the length of `weight` is another, or the stride 0.
    pub fn new(instructions: Instructions, shape: Convolution, weight: &[T]) -> Self {
        Self::packed(instructions, shape, weight, PackedMatrix::pack)
    }

    fn packed(
        instructions: Instructions,
        shape: Convolution,
        weight: &[T],
        pack: impl Fn(&Microkernel<T>, [usize; 2], &Weights<'_, T>) -> PackedMatrix<T>,
    ) -> Self {
        assert_eq!(weight.len(), shape.weights(), "weights of {shape:?}");
        assert!(shape.stride > 0, "stride of {shape:?}");
        let kernel = T::microkernel(instructions);
        let (depth_stride, column_stride) = if shape.transposed {
            (shape.outputs * shape.taps(), shape.taps())
        } else {
            (shape.taps(), shape.inputs * shape.taps())
        };
        let of = |phase: Phase| {
            let taps: Vec<usize> = phase.taps.iter().map(|tap| tap.index).collect();
            let weights = Weights {
                data: weight,
                depth_stride,
                column_stride,
                taps: &taps,
            };
            let matrix = pack(&kernel, [shape.inputs, shape.outputs], &weights);
            (phase, matrix)
        };
        let phases = shape.phases().into_iter().map(of).collect();
        let zeros = Aligned::zeros(shape.inputs);
        let method = Method::Direct { phases, zeros };
        Self {
            instructions,
            kernel,
            shape,
            method,
        }
    }

    /// As [`Self::new`], by the method that is fastest for images of this size. It is right for images of any size. A 3×3 convolution over
    /// enough pixels (`winograd`) takes
    ///
    /// - in f32 a quarter of the multiplications and four times the memory, has an error of some 3e-6 of its largest output instead of
    ///   5e-7, and a NaN spreads up to four pixels;
    /// - in bf16 from 64 channels on 1/2.25 of the multiplications and 16/9 of the memory, has an error of 0.42 % of its outputs' root mean
    ///   square, 2 % at most, instead of the 0.17 % and 1 % of rounding them, and a NaN spreads up to two pixels.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn expecting(
        instructions: Instructions,
        shape: Convolution,
        weight: &[T],
        image: Image,
    ) -> Self {
        if Winograd::<T>::pays(instructions, &shape, image) {
            Self::winograd(instructions, shape, weight)
        } else {
            Self::new(instructions, shape, weight)
        }
    }

    /// As [`Self::expecting`], of rows `[inputs, height, width]`, one for each output, which `rows` writes for a range of outputs when they
    /// are packed: the weight is never in memory as a whole. Ends with what went wrong, if anything did.
    ///
    /// # Panics
    /// If the stride is 0, or the convolution a transposed one.
    pub fn from_rows<E: Send>(
        instructions: Instructions,
        shape: Convolution,
        image: Image,
        rows: impl Fn(Range<usize>, &mut [T]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        assert!(shape.stride > 0 && !shape.transposed, "rows of {shape:?}");
        let kernel = T::microkernel(instructions);
        let method = if Winograd::<T>::pays(instructions, &shape, image) {
            Method::Winograd(Box::new(Winograd::new(instructions, shape, rows)?))
        } else {
            let size = [shape.taps(), shape.inputs, shape.outputs];
            let matrix = PackedMatrix::pack_rows(&kernel, size, rows)?;
            let phases = shape.phases().into_iter().take(1);
            Method::Direct {
                phases: phases.zip([matrix]).collect(),
                zeros: Aligned::zeros(shape.inputs),
            }
        };
        Ok(Self {
            instructions,
            kernel,
            shape,
            method,
        })
    }

    /// By Winograd's method whether it pays or not.
    ///
    /// # Panics
    /// If it is not for this shape, or the length of `weight` is another.
    #[doc(hidden)]
    pub fn winograd(instructions: Instructions, shape: Convolution, weight: &[T]) -> Self {
        assert!(Winograd::<T>::is_possible(&shape), "{shape:?}");
        assert_eq!(weight.len(), shape.weights(), "weights of {shape:?}");
        let row = 9 * shape.inputs;
        let rows = |outputs: Range<usize>, to: &mut [T]| -> Result<(), Infallible> {
            to.copy_from_slice(&weight[outputs.start * row..outputs.end * row]);
            Ok(())
        };
        let Ok(winograd) = Winograd::new(instructions, shape, rows);
        Self {
            instructions,
            kernel: T::microkernel(instructions),
            shape,
            method: Method::Winograd(Box::new(winograd)),
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
        let rows_in_sample = (size.height * size.width).max(1);
        let instructions = self.instructions;
        let in_order = Output {
            instructions,
            epilogue,
            out,
            columns: outputs,
            rows_in_sample,
            place: |row| row,
            in_order: true,
        };
        match &self.method {
            Method::Winograd(winograd) => winograd.forward([image, size], x, &in_order),
            Method::Direct { phases, .. } if self.shape.is_pointwise() => {
                let rows = Contiguous {
                    x,
                    depth: inputs,
                    count: size.pixels(),
                };
                assert_eq!(
                    x.len(),
                    rows.count * inputs,
                    "input {image:?} of {:?}",
                    self.shape
                );
                run(&self.kernel, &phases[0].1, &rows, &in_order);
            }
            Method::Direct { phases, zeros } => {
                for (phase, matrix) in phases {
                    let windows = Windows::new(x, (image, inputs), phase, size, zeros);
                    let place = |row| windows.place(row);
                    let output = Output {
                        instructions,
                        epilogue,
                        out,
                        columns: outputs,
                        rows_in_sample,
                        place,
                        in_order: phase.output_stride == 1,
                    };
                    run(&self.kernel, matrix, &windows, &output);
                }
            }
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
    let size = size.unwrap_or(image);
    if let Some(packed) = winograd_adjoint(instructions, &shape, weight, image) {
        return packed.forward_to(size, grad, &Epilogue::default(), (image, out));
    }
    let pack = PackedMatrix::pack_once;
    let packed = PackedConv2d::packed(instructions, shape.adjoint(), weight, pack);
    packed.forward_to(size, grad, &Epilogue::default(), (image, out));
}

/// The adjoint by Winograd's method, where that is worth transforming the weights for one use.
fn winograd_adjoint<T: Element>(
    instructions: Instructions,
    shape: &Convolution,
    weight: &[T],
    image: Image,
) -> Option<PackedConv2d<T>> {
    let adjoint = Convolution::same(shape.inputs, shape.outputs, 3);
    let same = *shape == Convolution::same(shape.outputs, shape.inputs, 3);
    // Not in bf16: the error that it adds there is for those who ask for it.
    let exact = T::as_f32(weight).is_some();
    if !exact || !same || !Winograd::<T>::pays_once(instructions, &adjoint, image) {
        return None;
    }
    assert_eq!(weight.len(), shape.weights(), "weights of {shape:?}");
    // Outputs and inputs change places, and the kernel is turned by 180°.
    let mut turned = vec![T::default(); weight.len()];
    turned
        .par_chunks_exact_mut(9 * shape.outputs)
        .enumerate()
        .for_each(|(input, turned)| {
            for (output, turned) in turned.as_chunks_mut::<9>().0.iter_mut().enumerate() {
                let from = &weight[(output * shape.inputs + input) * 9..][..9];
                for (to, from) in turned.iter_mut().zip(from.iter().rev()) {
                    *to = *from;
                }
            }
        });
    Some(PackedConv2d::winograd(instructions, adjoint, &turned))
}
