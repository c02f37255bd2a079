//! Depthwise convolutions and their gradients.

use std::fmt::{self, Debug};

use foil_kernels::{
    Instructions, bf16,
    convolution::{
        Convolution, Image, PackedDepthwise, depthwise_input_gradient, depthwise_weight_gradient,
    },
    product::Epilogue,
};
use proptest::prelude::*;

use crate::{
    case::{Case, agrees},
    definition::{Lengths, Meeting, Products, each_of_depthwise, meetings},
    epilogue::every_part_agrees,
    operation::Operation,
    poison::stays_where_it_belongs,
    threads::same_with_any_number,
    world::{Number, assert_close, bits},
};

/// Around a block of 16 and the 256 that are finished together.
const CHANNELS: [usize; 10] = [1, 3, 15, 16, 17, 40, 255, 256, 257, 300];

pub struct Depthwise {
    channels: usize,
    image: Image,
    meetings: Vec<Meeting>,
}

impl Depthwise {
    pub fn new(channels: usize, [batch, height, width]: [usize; 3]) -> Self {
        let image = Image {
            batch,
            height,
            width,
        };
        let window = Convolution::same(1, 1, 3);
        Self {
            channels,
            image,
            meetings: meetings(&window, image, image),
        }
    }
}

impl Debug for Depthwise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} channels of {:?}", self.channels, self.image)
    }
}

impl Products for Depthwise {
    fn lengths(&self) -> Lengths {
        let length = self.image.pixels() * self.channels;
        Lengths {
            input: length,
            weight: self.channels * 9,
            output: length,
        }
    }

    fn each(&self, product: impl FnMut(usize, usize, usize)) {
        each_of_depthwise(self.channels, &self.meetings, product);
    }
}

impl Operation for Depthwise {
    fn batch_and_columns(&self) -> [usize; 2] {
        [self.image.batch, self.channels]
    }

    fn forward<T: Number>(
        &self,
        instructions: Instructions,
        [x, weight]: [&[T]; 2],
        epilogue: &Epilogue<'_, T>,
        out: &mut [T],
    ) {
        let packed = PackedDepthwise::new(instructions, self.channels, weight);
        packed.forward(self.image, x, epilogue, out);
    }

    fn input_gradient<T: Number>(
        &self,
        instructions: Instructions,
        [weight, grad]: [&[T]; 2],
        out: &mut [T],
    ) {
        depthwise_input_gradient(instructions, self.channels, self.image, weight, grad, out);
    }

    fn weight_gradient<T: Number>(
        &self,
        instructions: Instructions,
        [x, grad]: [&[T]; 2],
        out: &mut [f32],
    ) {
        depthwise_weight_gradient(instructions, self.channels, self.image, x, grad, out);
    }
}

#[test]
fn depthwise_convolutions_of_all_sizes_of_images_agree_with_the_definition() {
    for (index, channels) in CHANNELS.into_iter().enumerate() {
        for height in [1, 3, 5, 7, 9] {
            for width in [1, 3, 5, 7, 9] {
                let batch = 1 + (index + height + width / 2) % 3;
                agrees(&Depthwise::new(channels, [batch, height, width]));
            }
        }
        for size in [[2, 4, 8], [1, 8, 2], [1, 2, 6]] {
            agrees(&Depthwise::new(channels, size));
        }
    }
}

#[test]
fn no_images_pixels_or_channels_are_no_outputs_and_gradients_of_zero() {
    for size in [[0, 5, 4], [2, 0, 4], [2, 5, 0]] {
        agrees(&Depthwise::new(17, size));
    }
    agrees(&Depthwise::new(0, [2, 3, 4]));
}

/// Sums of thirty thousand products.
#[test]
fn weight_gradients_of_large_images_agree_with_the_definition() {
    agrees(&Depthwise::new(3, [2, 129, 127]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn depthwise_convolutions_of_any_shape_agree_with_the_definition(
        channels in prop_oneof![1_usize..50, 50_usize..600],
        size in [0_usize..4, 1..12, 1..12],
    ) {
        agrees(&Depthwise::new(channels, size));
    }
}

#[test]
fn a_depthwise_convolution_is_finished_as_defined_with_a_gain_for_each_image() {
    for channels in [3, 16, 17, 257] {
        let operation = Depthwise::new(channels, [3, 5, 6]);
        every_part_agrees::<f32>(&operation);
        every_part_agrees::<bf16>(&operation);
    }
}

#[test]
fn gradients_are_the_adjoints_of_the_depthwise_convolution() {
    let with = Instructions::available();
    for channels in CHANNELS {
        for size in [[2, 6, 5], [1, 9, 3]] {
            let operation = Depthwise::new(channels, size);
            Case::<f32, _>::of_integers(&operation).gradients_are_adjoints(&with);
            Case::<bf16, _>::of_integers(&operation).gradients_are_adjoints(&with);
        }
    }
}

#[test]
fn depthwise_convolutions_have_the_same_bits_with_any_number_of_threads() {
    for (channels, size) in [(40, [3, 21, 9]), (300, [2, 7, 5])] {
        let operation = Depthwise::new(channels, size);
        same_with_any_number::<f32>(&operation, &Instructions::available());
        same_with_any_number::<bf16>(&operation, &Instructions::available());
    }
}

/// In each pixel and a channel at either end, beside the padding of a block.
fn poison_reaches_what_it_should<T: Number>(channels: usize, with: &[Instructions]) {
    let operation = Depthwise::new(channels, [2, 5, 6]);
    for pixel in 0..operation.image.pixels() {
        for channel in [0, channels - 1] {
            let mut case = Case::<T, _>::new(&operation);
            case.poison(pixel * channels + channel, T::from_f32(f32::NAN));
            let (output, gradient) = (case.twin_forward(), case.twin_weight_gradient());
            for &instructions in with {
                let of = (T::NAME, instructions, &operation, pixel, channel);
                assert_close(
                    of,
                    &case.forward(instructions, &Epilogue::default()),
                    &output,
                );
                assert_close(of, &case.weight_gradient(instructions), &gradient);
            }
        }
    }
}

#[test]
fn poison_in_one_channel_of_a_pixel_reaches_only_the_windows_that_see_it() {
    let with = Instructions::available();
    for channels in [1, 15, 16, 17, 257] {
        poison_reaches_what_it_should::<f32>(channels, &with);
        poison_reaches_what_it_should::<bf16>(channels, &with);
        stays_where_it_belongs::<f32>(&Depthwise::new(channels, [3, 9, 7]), &with);
        stays_where_it_belongs::<bf16>(&Depthwise::new(channels, [3, 9, 7]), &with);
    }
}

#[test]
fn poison_in_the_weights_of_one_channel_stays_in_that_channel() {
    let channels = 40;
    let operation = Depthwise::new(channels, [2, 5, 6]);
    let clean = Case::<f32, _>::new(&operation);
    let mut case = Case::<f32, _>::new(&operation);
    case.poison_weights(17 * 9..18 * 9, f32::NAN);
    for instructions in Instructions::available() {
        let none = Epilogue::default();
        let [clean, found] = [&clean, &case].map(|case| bits(&case.forward(instructions, &none)));
        for (index, (clean, found)) in clean.iter().zip(&found).enumerate() {
            assert_eq!(
                index % channels == 17,
                clean != found,
                "{instructions:?} {index}"
            );
        }
    }
}
