//! The operations by Foil's kernels.

use foil_kernels::{
    Element, Instructions,
    attention::{self, Attention, Tokens},
    convolution::{self, PackedConv2d, PackedDepthwise},
    product::{Epilogue, PackedLinear},
};

use super::case::{Case, Pass};

/// An operation with its inputs, ready to run again and again.
pub trait Operation {
    /// Computes it once.
    fn run(&mut self);
    /// What the last run computed.
    fn result(&self) -> Vec<f32>;
}

struct Prepared<T, F> {
    out: Vec<T>,
    work: F,
}

impl<T: Element, F: Fn(&mut [T])> Operation for Prepared<T, F> {
    fn run(&mut self) {
        (self.work)(&mut self.out);
    }

    fn result(&self) -> Vec<f32> {
        self.out.iter().map(|value| value.to_f32()).collect()
    }
}

fn prepared<T: Element>(length: usize, work: impl Fn(&mut [T]) + 'static) -> Box<dyn Operation> {
    let out = vec![T::default(); length];
    Box::new(Prepared { out, work })
}

/// Converts the inputs and packs weights that a network would keep packed, for images of the size that will come.
pub fn prepare<T: Element>(
    instructions: Instructions,
    case: &Case,
    inputs: &[Vec<f32>],
) -> Box<dyn Operation> {
    let converted =
        |index: usize| -> Vec<T> { inputs[index].iter().copied().map(T::from_f32).collect() };
    let (first, second) = (converted(0), converted(1));
    match *case {
        Case::Convolution {
            pass,
            convolution,
            image,
        } => match pass {
            Pass::Forward => {
                let packed = PackedConv2d::expecting(instructions, convolution, &second, image);
                prepared(
                    image.pixels() * convolution.outputs,
                    move |out: &mut [T]| {
                        packed.forward(image, &first, &Epilogue::default(), out);
                    },
                )
            }
            Pass::InputGradient => prepared(
                image.pixels() * convolution.inputs,
                move |out: &mut [T]| {
                    convolution::input_gradient(
                        instructions,
                        convolution,
                        image,
                        &first,
                        &second,
                        out,
                    );
                },
            ),
            Pass::WeightGradient => prepared(convolution.weights(), move |out: &mut [f32]| {
                convolution::weight_gradient(
                    instructions,
                    convolution,
                    image,
                    &first,
                    &second,
                    out,
                );
            }),
        },
        Case::Linear {
            rows,
            inputs,
            outputs,
        } => {
            let packed = PackedLinear::new(instructions, [outputs, inputs], &second);
            prepared(rows * outputs, move |out: &mut [T]| {
                packed.forward(1, &first, &Epilogue::default(), out);
            })
        }
        Case::Depthwise { channels, image } => {
            let packed = PackedDepthwise::new(instructions, channels, &second);
            prepared(image.pixels() * channels, move |out: &mut [T]| {
                packed.forward(image, &first, &Epilogue::default(), out);
            })
        }
        Case::Attention {
            batch,
            tokens,
            heads,
            width,
        } => {
            let third = converted(2);
            let attention = Attention {
                batch,
                queries: tokens,
                keys: tokens,
                heads,
                width,
                normalise: None,
            };
            prepared(first.len(), move |out: &mut [T]| {
                let [q, k, v] = [&first, &second, &third].map(|data| Tokens {
                    data,
                    stride: heads * width,
                });
                attention::forward(instructions, &attention, q, k, v, out);
            })
        }
    }
}
