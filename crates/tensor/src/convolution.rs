//! The sizes of a convolution, read off its tensors and checked once.

use candle_core::Tensor;
use foil_kernels::convolution::{Convolution, Image};

use crate::error::{Named, Result};

/// Zeros around an image: above and below it, and to its left and right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Padding(pub [usize; 2]);

impl From<usize> for Padding {
    fn from(everywhere: usize) -> Self {
        Self([everywhere; 2])
    }
}

impl From<[usize; 2]> for Padding {
    fn from(padding: [usize; 2]) -> Self {
        Self(padding)
    }
}

/// The convolution that a weight describes.
pub(crate) fn described(
    weight: Named<'_>,
    stride: usize,
    padding: impl Into<Padding>,
    transposed: bool,
) -> Result<Convolution> {
    let meaning = if transposed {
        "[in, out, kernel height, kernel width]"
    } else {
        "[out, in, kernel height, kernel width]"
    };
    let [first, second, height, width] = weight.dimensions(meaning)?;
    if height == 0 || width == 0 {
        return Err(weight.problem("a kernel has at least one element"));
    }
    if stride == 0 {
        return Err(weight.problem("the stride is at least 1"));
    }
    let (outputs, inputs) = if transposed {
        (second, first)
    } else {
        (first, second)
    };
    Ok(Convolution {
        outputs,
        inputs,
        kernel: [height, width],
        stride,
        padding: padding.into().0,
        transposed,
    })
}

/// The image that a convolution with this weight reads, and the one it makes.
pub(crate) fn images(x: &Tensor, weight: Named<'_>, shape: &Convolution) -> Result<[Image; 2]> {
    let named = Named::new(weight.operation, "input", x);
    let [batch, height, width, channels] = named.dimensions("[batch, height, width, channels]")?;
    if channels != shape.inputs {
        let problem = format!("{channels} channels for {} inputs", shape.inputs);
        return Err(named.against(weight, problem));
    }
    named.same_type(weight)?;
    let input = Image {
        batch,
        height,
        width,
    };
    let output = shape.output_size(input).ok_or_else(|| {
        let padding = match shape.padding {
            [above, left] if above == left => above.to_string(),
            [above, left] => format!("{above}×{left}"),
        };
        let problem = format!("with padding {padding} nothing comes out");
        named.against(weight, problem)
    })?;
    Ok([input, output])
}

/// The image that a 3×3 filter of each channel reads.
pub(crate) fn depthwise_image(x: &Tensor, weight: Named<'_>) -> Result<Image> {
    let named = Named::new(weight.operation, "input", x);
    let [batch, height, width, channels] = named.dimensions("[batch, height, width, channels]")?;
    named.with(weight, &[channels, 1, 3, 3])?;
    Ok(Image {
        batch,
        height,
        width,
    })
}
