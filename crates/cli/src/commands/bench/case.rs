//! What is measured: operations with their shapes. `benchmarks/torch_ops.py` has the same list with the same names.

use foil_kernels::convolution::{Convolution, Image};

/// An operation with its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// A convolution that keeps the image's size, or one of its gradients.
    Convolution {
        /// Which of the three products.
        pass: Pass,
        /// Its channels and kernel.
        convolution: Convolution,
        /// Batch and size.
        image: Image,
    },
    /// softmax(q kᵀ / √width) v.
    Attention {
        /// Sequences.
        batch: usize,
        /// Their length, of queries as of keys.
        tokens: usize,
        /// Heads.
        heads: usize,
        /// Of a head.
        width: usize,
    },
    /// A convolution of each channel with its own 3 × 3 kernel.
    Depthwise {
        /// Of input and output.
        channels: usize,
        /// Batch and size.
        image: Image,
    },
    /// x Wᵀ.
    Linear {
        /// Of x.
        rows: usize,
        /// Columns of x.
        inputs: usize,
        /// Columns of the result.
        outputs: usize,
    },
}

/// The products of a convolution's training step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The convolution; its weights are packed before.
    Forward,
    /// The gradient with respect to the input, from weights as they are stored.
    InputGradient,
    /// The gradient with respect to the weights.
    WeightGradient,
}

/// Batch, input channels, output channels and size of EDM2's levels, of two small ones and of two that change the channels.
const CONVOLUTIONS: [[usize; 4]; 12] = [
    [1, 192, 192, 64],
    [4, 192, 192, 64],
    [1, 384, 384, 32],
    [4, 384, 384, 32],
    [1, 576, 576, 16],
    [4, 576, 576, 16],
    [1, 768, 768, 8],
    [4, 768, 768, 8],
    [16, 32, 32, 32],
    [16, 64, 64, 16],
    [1, 384, 192, 32],
    [1, 1344, 768, 16],
];
/// Tokens and heads.
const ATTENTION: [[usize; 2]; 4] = [[64, 9], [64, 12], [256, 9], [256, 12]];

impl Case {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let convolutions = [
            (3, Pass::Forward),
            (1, Pass::Forward),
            (3, Pass::InputGradient),
            (3, Pass::WeightGradient),
        ];
        let convolutions = convolutions.into_iter().flat_map(|(kernel, pass)| {
            CONVOLUTIONS.map(|[batch, inputs, outputs, size]| Self::Convolution {
                pass,
                convolution: Convolution::same(outputs, inputs, kernel),
                image: square(batch, size),
            })
        });
        let attention = ATTENTION.map(|[tokens, heads]| Self::Attention {
            batch: 4,
            tokens,
            heads,
            width: 64,
        });
        let depthwise = Self::Depthwise {
            channels: 1280,
            image: square(1, 32),
        };
        let linear = Self::Linear {
            rows: 4096,
            inputs: 1536,
            outputs: 6144,
        };
        convolutions
            .chain(attention)
            .chain([depthwise, linear])
            .collect()
    }

    /// Its name in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Convolution {
                pass, convolution, ..
            } => {
                let [height, width] = convolution.kernel;
                let suffix = match pass {
                    Pass::Forward => "",
                    Pass::InputGradient => "-input-gradient",
                    Pass::WeightGradient => "-weight-gradient",
                };
                format!("conv{height}x{width}{suffix}")
            }
            Self::Attention { .. } => "attention".into(),
            Self::Depthwise { .. } => "depthwise3x3".into(),
            Self::Linear { .. } => "linear".into(),
        }
    }

    /// Batch, input channels, output channels, size; batch, tokens, heads, width; or rows, inputs, outputs.
    pub fn shape(&self) -> Vec<usize> {
        match *self {
            Self::Convolution {
                convolution, image, ..
            } => vec![
                image.batch,
                convolution.inputs,
                convolution.outputs,
                image.height,
            ],
            Self::Attention {
                batch,
                tokens,
                heads,
                width,
            } => vec![batch, tokens, heads, width],
            Self::Depthwise { channels, image } => {
                vec![image.batch, channels, channels, image.height]
            }
            Self::Linear {
                rows,
                inputs,
                outputs,
            } => vec![rows, inputs, outputs],
        }
    }

    /// Name, type and shape in a line.
    pub fn label(&self, dtype: &str) -> String {
        format!("{} {dtype} {}", self.name(), joined(&self.shape()))
    }

    /// Multiplications and additions.
    pub fn operations(&self) -> f64 {
        let multiplications = match *self {
            Self::Convolution {
                convolution, image, ..
            } => image.pixels() * convolution.weights(),
            Self::Attention {
                batch,
                tokens,
                heads,
                width,
            } => 2 * batch * heads * tokens * tokens * width,
            Self::Depthwise { channels, image } => image.pixels() * channels * 9,
            Self::Linear {
                rows,
                inputs,
                outputs,
            } => rows * inputs * outputs,
        };
        2.0 * multiplications as f64
    }

    /// What it is computed from, in Foil's layouts: activations and their gradients `[batch, height, width, channels]`, weights
    /// `[outputs, inputs, height, width]`, attention's `[batch, tokens, heads, width]`. A convolution takes input and weight, its input's
    /// gradient the weight and the output's gradient, its weight's gradient the input and the output's gradient; attention
    /// takes queries, keys and values.
    ///
    /// Numbers are multiples of 1/128 between −1 and 1, which `bf16` has too: all types compute the same.
    pub fn inputs(&self) -> Vec<Vec<f32>> {
        let lengths = match *self {
            Self::Convolution {
                pass,
                convolution,
                image,
            } => {
                let input = image.pixels() * convolution.inputs;
                let output = image.pixels() * convolution.outputs;
                match pass {
                    Pass::Forward => vec![input, convolution.weights()],
                    Pass::InputGradient => vec![convolution.weights(), output],
                    Pass::WeightGradient => vec![input, output],
                }
            }
            Self::Attention {
                batch,
                tokens,
                heads,
                width,
            } => vec![batch * tokens * heads * width; 3],
            Self::Depthwise { channels, image } => vec![image.pixels() * channels, channels * 9],
            Self::Linear {
                rows,
                inputs,
                outputs,
            } => vec![rows * inputs, outputs * inputs],
        };
        let numbered = lengths.into_iter().enumerate();
        numbered
            .map(|(index, length)| numbers(index as u64, length))
            .collect()
    }
}

/// A shape as text, 4x192x192x64.
pub fn joined(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    sizes.join("x")
}

fn square(batch: usize, size: usize) -> Image {
    Image {
        batch,
        height: size,
        width: size,
    }
}

fn numbers(seed: u64, length: usize) -> Vec<f32> {
    let number = |index: u64| {
        let bits = mixed(index ^ (seed << 40));
        ((bits % 255) as f32 - 127.0) / 128.0
    };
    (0..length as u64).map(number).collect()
}

/// A number that looks random (the finaliser of SplitMix64).
pub fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
