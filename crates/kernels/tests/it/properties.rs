//! Shapes that nobody thought of.

use foil_kernels::convolution::{Convolution, Image};
use proptest::prelude::*;

use crate::{
    case::agrees,
    operation::{Convolved, Linear},
};

fn convolutions() -> impl Strategy<Value = Convolution> {
    let channels = || prop_oneof![1_usize..9, 9_usize..70];
    let window = (
        (1_usize..6, 1_usize..6),
        1_usize..5,
        [0_usize..4, 0_usize..4],
        any::<bool>(),
    );
    (channels(), channels(), window).prop_map(
        |(outputs, inputs, ((height, width), stride, padding, transposed))| Convolution {
            outputs,
            inputs,
            kernel: [height, width],
            stride,
            padding,
            transposed,
        },
    )
}

fn images() -> impl Strategy<Value = Image> {
    (0_usize..4, 1_usize..12, 1_usize..12).prop_map(|(batch, height, width)| Image {
        batch,
        height,
        width,
    })
}

proptest! {
    #![proptest_config(crate::check::random_cases(200))]

    #[test]
    fn convolutions_of_any_shape_agree_with_the_definition(shape in convolutions(), image in images()) {
        if let Some(operation) = Convolved::try_new(shape, image) {
            agrees(&operation);
        }
    }

    #[test]
    fn linear_layers_of_any_shape_agree_with_the_definition(
        rows in 0_usize..130,
        inputs in 0_usize..130,
        outputs in 0_usize..130,
    ) {
        agrees(&Linear::new(rows, inputs, outputs));
    }
}
