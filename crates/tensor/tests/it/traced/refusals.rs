//! What does not fit is refused by one line that says what and where.

use candle_core::{DType, Device, Tensor};
use foil_tensor::{
    Result,
    traced::{Mixed, RowOrder, Traced, gradients},
};

use crate::case::random;

fn single(shape: &[usize]) -> Traced {
    Traced::variable(random(0, shape, DType::F32))
}

#[track_caller]
fn assert_refused<T>(result: Result<T>, message: &str) {
    let error = result.err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some(message));
}

#[test]
fn passes_name_what_does_not_fit() {
    let x = single(&[2, 3, 5, 6]);
    assert_refused(
        x.mp_sum(&single(&[6]), 0.5),
        "mp_sum: first [2, 3, 5, 6] against second [6]: expected second [2, 3, 5, 6]",
    );
    assert_refused(
        x.mp_cat(&single(&[2, 3, 4, 6]), 0.5),
        "mp_cat: first [2, 3, 5, 6] against second [2, 3, 4, 6]: all but the channels must be equal",
    );
    assert_refused(
        x.times(vec![1.0; 6]),
        "times: input [2, 3, 5, 6]: 6 factors",
    );
    assert_refused(
        x.modulate(&single(&[3, 6])),
        "modulate: input [2, 3, 5, 6] against shift [3, 6]: expected shift [2, 6]",
    );
    assert_refused(
        single(&[6]).modulate(&single(&[6])),
        "modulate: input [6]: expected at least 2 dimensions, channels last",
    );
    assert_refused(
        x.mp_sum(
            &Traced::constant(random(0, &[2, 3, 5, 6], DType::BF16)),
            0.5,
        ),
        "mp_sum: first is F32, second is BF16",
    );
    assert!(x.reshape(&[7]).is_err());
}

#[test]
fn images_and_tokens_name_what_does_not_fit() {
    let x = single(&[2, 3, 5, 6]);
    assert_refused(
        x.mean_2x2(),
        "mean_2x2: input [2, 3, 5, 6]: height and width must be multiples of 2",
    );
    let flat = single(&[2, 5, 6]);
    assert_refused(
        flat.enter(DType::F32),
        "enter: image [2, 5, 6]: expected [batch, channels, height, width]",
    );
    assert_refused(
        flat.leave(),
        "leave: image [2, 5, 6]: expected [batch, height, width, channels]",
    );
    assert_refused(
        flat.mean_pixels(),
        "mean_pixels: image [2, 5, 6]: expected [batch, height, width, channels]",
    );
    assert_refused(
        single(&[2, 5, 7]).cosine_attention(1),
        "cosine_attention: queries, keys and values [2, 5, 7]: three times the features",
    );
    for heads in [0, 4] {
        let message = format!(
            "cosine_attention: queries [2, 5, 2]: features do not divide into {heads} heads"
        );
        assert_refused(flat.cosine_attention(heads), &message);
    }
}

#[test]
fn products_name_what_does_not_fit() {
    let x = single(&[1, 8, 7, 3]);
    assert_refused(
        x.conv2d(&single(&[16, 4, 3, 3]), None),
        "conv2d: input [1, 8, 7, 3] against weight [16, 4, 3, 3]: 3 channels for 4 inputs",
    );
    assert_refused(
        x.linear(&single(&[5, 4]), None),
        "linear: input [1, 8, 7, 3] against weight [5, 4]: 3 features for 4 inputs",
    );
    let bf16 = Traced::constant(random(0, &[5, 3], DType::BF16));
    assert_refused(
        x.linear(&bf16, None),
        "linear: input is F32, weight is BF16",
    );
}

#[test]
fn a_kernel_that_would_change_the_size_is_refused() {
    for [height, width] in [[2, 2], [3, 1]] {
        let message = format!(
            "conv2d: weight [5, 3, {height}, {width}]: a kernel that keeps the size is square and odd"
        );
        let weight = single(&[5, 3, height, width]);
        assert_refused(single(&[1, 8, 7, 3]).conv2d(&weight, None), &message);
    }
}

#[test]
fn a_residual_of_another_shape_or_type_is_refused() {
    let mix = |residual: &Traced| {
        let mixed = Mixed {
            residual,
            t: 0.3,
            clip: None,
        };
        single(&[2, 3]).linear(&single(&[5, 3]), Some(mixed))
    };
    for shape in [[2, 3], [5, 2], [2, 6]] {
        let message =
            format!("linear: output [2, 5] against residual {shape:?}: expected residual [2, 5]");
        assert_refused(mix(&single(&shape)), &message);
    }
    assert_refused(
        mix(&Traced::constant(random(0, &[2, 5], DType::BF16))),
        "linear: output is F32, residual is BF16",
    );
}

#[test]
fn weights_name_what_does_not_fit() {
    let weight = single(&[12, 5]);
    assert_refused(
        weight.unit_rows(Some(&single(&[1])), RowOrder::Kept, DType::F32),
        "unit_rows: weight [12, 5] against gain [1]: expected gain []",
    );
    assert_refused(
        single(&[]).unit_rows(None, RowOrder::Kept, DType::F32),
        "unit_rows: weight []: expected rows",
    );
    for heads in [0, 3, 8] {
        let message = format!(
            "unit_rows: weight [12, 5]: rows do not divide into queries, keys and values of {heads} heads"
        );
        let order = RowOrder::ByRole { heads };
        assert_refused(weight.unit_rows(None, order, DType::F32), &message);
    }
}

#[test]
fn a_gradient_is_shaped_as_its_argument() {
    let x = single(&[2, 3]);
    assert_refused(
        gradients(&[(x.mp_silu().unwrap(), random(0, &[3, 2], DType::F32))]),
        "gradients: argument [2, 3] against gradient [3, 2]: expected gradient [2, 3]",
    );
}

/// An operation on an image of no pixels.
type OfImage = (&'static str, fn(&Traced) -> Result<Traced>);

const OF_IMAGES: [OfImage; 6] = [
    ("mp_silu: input", Traced::mp_silu),
    ("enter: image", |x| x.enter(DType::BF16)),
    ("leave: image", Traced::leave),
    ("mean_pixels: image", Traced::mean_pixels),
    ("modulate: input", |x| {
        let [batch, .., channels] = *x.value().dims() else {
            unreachable!("an image")
        };
        x.modulate(&single(&[batch, channels]))
    }),
    ("unit_rows: weight", |x| {
        x.unit_rows(None, RowOrder::Kept, DType::F32)
    }),
];

#[test]
fn nothing_and_what_has_no_kernel_are_refused() {
    let problem = "a traced value has at least one number, in F32 or BF16, and lies on the CPU";
    for (name, operation) in OF_IMAGES {
        for (shape, dtype) in [([0, 2, 4, 3], DType::F32), ([2, 0, 4, 3], DType::BF16)] {
            let x = Traced::variable(Tensor::zeros(&shape, dtype, &Device::Cpu).unwrap());
            assert_refused(operation(&x), &format!("{name} {shape:?}: {problem}"));
        }
        let x = Traced::variable(random(0, &[1, 2, 4, 3], DType::F64));
        assert_refused(operation(&x), &format!("{name} [1, 2, 4, 3]: {problem}"));
    }
    let (x, weight) = (single(&[0, 2, 4, 3]), single(&[5, 3, 1, 1]));
    let message = format!("conv2d: input [0, 2, 4, 3]: {problem}");
    assert_refused(x.conv2d(&weight, None), &message);
}
