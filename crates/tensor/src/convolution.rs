//! The sizes of a convolution, read off its tensors and checked once.

use candle_core::Tensor;
use foil_kernels::convolution::{Convolution, Image};

use crate::error::{Named, Result};

/// The convolution that a weight describes.
pub(crate) fn described(
    weight: Named<'_>,
    stride: usize,
    padding: usize,
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
        padding,
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
        let problem = format!("with padding {} nothing comes out", shape.padding);
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
