//! The shapes of a convolution, and the taps of which its output is made.

/// A batch of images without their channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// Images.
    pub batch: usize,
    /// Lines.
    pub height: usize,
    /// Pixels of a line.
    pub width: usize,
}

impl Image {
    /// Pixels of the whole batch.
    pub fn pixels(self) -> usize {
        self.batch * self.height * self.width
    }
}

/// A convolution with a square stride and as much zero padding before as after, or the transpose of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// Output channels.
    pub outputs: usize,
    /// Input channels.
    pub inputs: usize,
    /// Height and width.
    pub kernel: [usize; 2],
    /// Step from one window to the next; of a transposed one, from one input pixel's window in the output to the next.
    pub stride: usize,
    /// Zeros above and below the input, and to its left and right; of a transposed one, lines cut from the output.
    pub padding: [usize; 2],
    /// Whether it is the transpose: each input pixel is spread over a window of the output.
    pub transposed: bool,
}

impl Convolution {
    /// A square kernel of odd size with stride 1 whose output is as large as its input.
    pub fn same(outputs: usize, inputs: usize, size: usize) -> Self {
        Self {
            outputs,
            inputs,
            kernel: [size; 2],
            stride: 1,
            padding: [size / 2; 2],
            transposed: false,
        }
    }

    /// The output's size; `None` where the padded input is smaller than the kernel, or the stride is 0.
    pub fn output_size(&self, image: Image) -> Option<Image> {
        let Self {
            kernel,
            stride,
            padding,
            transposed,
            ..
        } = *self;
        let along = |size: usize, kernel: usize, padding: usize| {
            if size == 0 || kernel == 0 || stride == 0 {
                None
            } else if transposed {
                ((size - 1) * stride + kernel)
                    .checked_sub(2 * padding)
                    .filter(|&size| size > 0)
            } else {
                (size + 2 * padding)
                    .checked_sub(kernel)
                    .map(|rest| rest / stride + 1)
            }
        };
        Some(Image {
            batch: image.batch,
            height: along(image.height, kernel[0], padding[0])?,
            width: along(image.width, kernel[1], padding[1])?,
        })
    }

    /// Elements of the weight: `[outputs, inputs, height, width]`, of a transposed one `[inputs, outputs, height, width]`.
    pub fn weights(&self) -> usize {
        self.outputs * self.inputs * self.taps()
    }

    /// Whether every pixel is multiplied for itself: then it is a linear layer.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == 1 && self.padding == [0, 0]
    }

    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// The convolution that turns the output's gradient into the input's; its weight is the same array.
    pub(crate) fn adjoint(&self) -> Self {
        Self {
            outputs: self.inputs,
            inputs: self.outputs,
            transposed: !self.transposed,
            ..*self
        }
    }

    /// The phases of the output, together all of its pixels.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        if !self.transposed {
            let [above, left] = self.padding.map(|padding| padding as isize);
            let taps = self.each_tap(|tap, [y, x]| {
                Some(Tap {
                    index: tap,
                    y: y as isize - above,
                    x: x as isize - left,
                })
            });
            return vec![Phase {
                output_stride: 1,
                first: [0, 0],
                input_stride: self.stride,
                taps,
            }];
        }
        let stride = self.stride;
        let phases = (0..stride).flat_map(|y| (0..stride).map(move |x| [y, x]));
        phases.map(|first| self.transposed_phase(first)).collect()
    }

    /// Output pixel (y, x) = first + stride · (row, column) receives the taps for which y + padding − tap is a multiple of the
    /// stride, from input pixel (y + padding − tap) / stride.
    fn transposed_phase(&self, first: [usize; 2]) -> Phase {
        let stride = self.stride as isize;
        let taps = self.each_tap(|tap, [y, x]| {
            let along = |first: usize, tap: usize, padding: usize| {
                let distance = (first + padding) as isize - tap as isize;
                (distance.rem_euclid(stride) == 0).then(|| distance.div_euclid(stride))
            };
            Some(Tap {
                index: tap,
                y: along(first[0], y, self.padding[0])?,
                x: along(first[1], x, self.padding[1])?,
            })
        });
        Phase {
            output_stride: self.stride,
            first,
            input_stride: 1,
            taps,
        }
    }

    fn each_tap(&self, tap: impl Fn(usize, [usize; 2]) -> Option<Tap>) -> Vec<Tap> {
        let [height, width] = self.kernel;
        let all = (0..height).flat_map(|y| (0..width).map(move |x| [y, x]));
        all.enumerate()
            .filter_map(|(index, at)| tap(index, at))
            .collect()
    }
}

/// One element of the kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tap {
    /// Its index in the weight.
    pub index: usize,
    /// Where its input pixel lies, from the window's base.
    pub y: isize,
    pub x: isize,
}

/// The output pixels `first + output_stride · (row, column)`, whose windows have their base at `input_stride · (row, column)` in the input
/// and the same taps.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub output_stride: usize,
    pub first: [usize; 2],
    pub input_stride: usize,
    pub taps: Vec<Tap>,
}
