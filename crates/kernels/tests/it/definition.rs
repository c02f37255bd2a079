//! The definitions in f64, as obvious loops that share nothing with the crate's own.
//!
//! A layer is bilinear: output = Σ input · weight over a list of products. The list says all there is to say: the output and both
//! gradients are sums over the same list, and differ only in which of the three is unknown.

use foil_kernels::{
    convolution::{Convolution, Image},
    passes::Activation,
    product::Epilogue,
};

use crate::world::{Number, widened};

/// How many elements there are of each.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    pub input: usize,
    pub weight: usize,
    pub output: usize,
}

/// A bilinear map as the list of its products.
pub trait Products {
    fn lengths(&self) -> Lengths;
    /// Calls with the index of the input, of the weight, and of the output to which their product is added.
    fn each(&self, product: impl FnMut(usize, usize, usize));
}

pub fn forward(of: &impl Products, input: &[f64], weight: &[f64]) -> Vec<f64> {
    let mut output = vec![0.0; of.lengths().output];
    of.each(|i, w, o| output[o] += input[i] * weight[w]);
    output
}

pub fn input_gradient(of: &impl Products, weight: &[f64], output: &[f64]) -> Vec<f64> {
    let mut input = vec![0.0; of.lengths().input];
    of.each(|i, w, o| input[i] += weight[w] * output[o]);
    input
}

pub fn weight_gradient(of: &impl Products, input: &[f64], output: &[f64]) -> Vec<f64> {
    let mut weight = vec![0.0; of.lengths().weight];
    of.each(|i, w, o| weight[w] += input[i] * output[o]);
    weight
}

/// y = x Wᵀ.
pub fn each_of_linear(
    rows: usize,
    [outputs, inputs]: [usize; 2],
    mut product: impl FnMut(usize, usize, usize),
) {
    for row in 0..rows {
        for output in 0..outputs {
            for input in 0..inputs {
                product(
                    row * inputs + input,
                    output * inputs + input,
                    row * outputs + output,
                );
            }
        }
    }
}

/// Pixels that meet in one product of a convolution, and at which element of the kernel.
#[derive(Debug, Clone, Copy)]
pub struct Meeting {
    input: usize,
    tap: usize,
    output: usize,
}

/// A window slides over the input, or, transposed, each input pixel is scattered over a window of the output.
pub fn meetings(shape: &Convolution, input: Image, output: Image) -> Vec<Meeting> {
    let mut meetings = Vec::new();
    let [height, width] = shape.kernel;
    // What the windows are counted by, and what they lie on.
    let (windows, plane) = if shape.transposed {
        (input, output)
    } else {
        (output, input)
    };
    for window in 0..windows.pixels() {
        let (column, line) = (window % windows.width, window / windows.width);
        let (row, sample) = (line % windows.height, line / windows.height);
        for tap in 0..height * width {
            let y = (row * shape.stride + tap / width).wrapping_sub(shape.padding[0]);
            let x = (column * shape.stride + tap % width).wrapping_sub(shape.padding[1]);
            if y < plane.height && x < plane.width {
                let pixel = (sample * plane.height + y) * plane.width + x;
                let (input, output) = if shape.transposed {
                    (window, pixel)
                } else {
                    (pixel, window)
                };
                meetings.push(Meeting { input, tap, output });
            }
        }
    }
    meetings
}

/// Weights are `[outputs, inputs, taps]`, of a transposed convolution `[inputs, outputs, taps]`.
pub fn each_of_convolution(
    shape: &Convolution,
    meetings: &[Meeting],
    mut product: impl FnMut(usize, usize, usize),
) {
    let (outputs, inputs) = (shape.outputs, shape.inputs);
    let taps = shape.kernel[0] * shape.kernel[1];
    let (from_output, from_input) = if shape.transposed {
        (taps, outputs * taps)
    } else {
        (inputs * taps, taps)
    };
    for meeting in meetings {
        for output in 0..outputs {
            for input in 0..inputs {
                product(
                    meeting.input * inputs + input,
                    output * from_output + input * from_input + meeting.tap,
                    meeting.output * outputs + output,
                );
            }
        }
    }
}

/// Every channel has a kernel of its own: weights are `[channels, taps]` of three by three.
pub fn each_of_depthwise(
    channels: usize,
    meetings: &[Meeting],
    mut product: impl FnMut(usize, usize, usize),
) {
    for meeting in meetings {
        for channel in 0..channels {
            product(
                meeting.input * channels + channel,
                channel * 9 + meeting.tap,
                meeting.output * channels + channel,
            );
        }
    }
}

/// `clip(mix(activation(gain · (sum + bias))))` of `[batch, rows, columns]` sums.
pub fn epilogue<T: Number>(
    of: &Epilogue<'_, T>,
    [batch, columns]: [usize; 2],
    sums: &[f64],
) -> Vec<f64> {
    let residual = of.residual.map(|residual| widened(residual.data));
    let in_sample = sums.len() / batch.max(1);
    let finish = |(index, sum): (usize, &f64)| {
        let (sample, column) = (index / in_sample, index % columns);
        let bias = of.bias.map_or(0.0, |bias| f64::from(bias[column]));
        let gain = of
            .gain
            .map_or(1.0, |gain| f64::from(gain[sample * columns + column]));
        let mut value = activation(of.activation, gain * (sum + bias));
        if let (Some(mix), Some(other)) = (&of.residual, &residual) {
            let t = f64::from(mix.t);
            value = f64::from(mix.scale) * ((1.0 - t) * other[index] + t * value);
        }
        of.clip
            .map_or(value, |clip| value.clamp(-f64::from(clip), f64::from(clip)))
    };
    sums.iter().enumerate().map(finish).collect()
}

fn activation(of: Activation, x: f64) -> f64 {
    let silu = x / (1.0 + (-x).exp());
    match of {
        Activation::None => x,
        Activation::Silu => silu,
        Activation::MpSilu => silu / 0.596,
        Activation::Relu => x.max(0.0),
        Activation::Gelu => 0.5 * x * libm::erfc(-x / std::f64::consts::SQRT_2),
    }
}
