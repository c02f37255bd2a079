//! The layers under test: how the crate computes them, and which products define them.

use std::fmt::{self, Debug};

use foil_kernels::{
    Instructions,
    convolution::{self, Convolution, Image, PackedConv2d},
    product::{self, Epilogue, PackedLinear},
};

use crate::{
    definition::{Lengths, Meeting, Products, each_of_convolution, each_of_linear, meetings},
    world::{Number, SUMMING},
};

/// A layer with weights.
pub trait Operation: Products + Debug {
    /// Samples, and channels of the output.
    fn batch_and_columns(&self) -> [usize; 2];

    /// The error of sums relative to the largest.
    fn tolerance<T: Number>(&self) -> f64 {
        SUMMING
    }

    fn forward<T: Number>(
        &self,
        instructions: Instructions,
        x_and_weight: [&[T]; 2],
        epilogue: &Epilogue<'_, T>,
        out: &mut [T],
    );

    fn input_gradient<T: Number>(
        &self,
        instructions: Instructions,
        weight_and_grad: [&[T]; 2],
        out: &mut [T],
    );

    fn weight_gradient<T: Number>(
        &self,
        instructions: Instructions,
        x_and_grad: [&[T]; 2],
        out: &mut [f32],
    );
}

#[derive(Debug, Clone, Copy)]
pub struct Linear {
    pub batch: usize,
    pub rows_in_sample: usize,
    pub inputs: usize,
    pub outputs: usize,
}

impl Linear {
    pub fn new(rows: usize, inputs: usize, outputs: usize) -> Self {
        Self {
            batch: 1,
            rows_in_sample: rows,
            inputs,
            outputs,
        }
    }

    fn rows(&self) -> usize {
        self.batch * self.rows_in_sample
    }

    fn shape(&self) -> [usize; 2] {
        [self.outputs, self.inputs]
    }
}

impl Products for Linear {
    fn lengths(&self) -> Lengths {
        Lengths {
            input: self.rows() * self.inputs,
            weight: self.outputs * self.inputs,
            output: self.rows() * self.outputs,
        }
    }

    fn each(&self, product: impl FnMut(usize, usize, usize)) {
        each_of_linear(self.rows(), self.shape(), product);
    }
}

impl Operation for Linear {
    fn batch_and_columns(&self) -> [usize; 2] {
        [self.batch, self.outputs]
    }

    fn forward<T: Number>(
        &self,
        instructions: Instructions,
        [x, weight]: [&[T]; 2],
        epilogue: &Epilogue<'_, T>,
        out: &mut [T],
    ) {
        let packed = PackedLinear::new(instructions, self.shape(), weight);
        packed.forward(self.batch, x, epilogue, out);
    }

    fn input_gradient<T: Number>(
        &self,
        instructions: Instructions,
        [weight, grad]: [&[T]; 2],
        out: &mut [T],
    ) {
        product::input_gradient(instructions, self.shape(), weight, grad, out);
    }

    fn weight_gradient<T: Number>(
        &self,
        instructions: Instructions,
        [x, grad]: [&[T]; 2],
        out: &mut [f32],
    ) {
        product::weight_gradient(instructions, self.shape(), x, grad, out);
    }
}

pub struct Convolved {
    pub shape: Convolution,
    pub image: Image,
    output: Image,
    meetings: Vec<Meeting>,
}

impl Convolved {
    /// `None` where there is no output.
    pub fn try_new(shape: Convolution, image: Image) -> Option<Self> {
        let output = shape.output_size(image)?;
        let meetings = meetings(&shape, image, output);
        Some(Self {
            shape,
            image,
            output,
            meetings,
        })
    }

    pub fn new(shape: Convolution, [batch, height, width]: [usize; 3]) -> Self {
        let image = Image {
            batch,
            height,
            width,
        };
        Self::try_new(shape, image).expect("a shape with an output")
    }
}

impl Debug for Convolved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} of {:?}", self.shape, self.image)
    }
}

impl Products for Convolved {
    fn lengths(&self) -> Lengths {
        Lengths {
            input: self.image.pixels() * self.shape.inputs,
            weight: self.shape.weights(),
            output: self.output.pixels() * self.shape.outputs,
        }
    }

    fn each(&self, product: impl FnMut(usize, usize, usize)) {
        each_of_convolution(&self.shape, &self.meetings, product);
    }
}

impl Operation for Convolved {
    fn batch_and_columns(&self) -> [usize; 2] {
        [self.image.batch, self.shape.outputs]
    }

    fn forward<T: Number>(
        &self,
        instructions: Instructions,
        [x, weight]: [&[T]; 2],
        epilogue: &Epilogue<'_, T>,
        out: &mut [T],
    ) {
        let packed = PackedConv2d::new(instructions, self.shape, weight);
        packed.forward(self.image, x, epilogue, out);
    }

    fn input_gradient<T: Number>(
        &self,
        instructions: Instructions,
        [weight, grad]: [&[T]; 2],
        out: &mut [T],
    ) {
        convolution::input_gradient(instructions, self.shape, self.image, weight, grad, out);
    }

    fn weight_gradient<T: Number>(
        &self,
        instructions: Instructions,
        [x, grad]: [&[T]; 2],
        out: &mut [f32],
    ) {
        convolution::weight_gradient(instructions, self.shape, self.image, x, grad, out);
    }
}
