//! Tensors that do not fit together are refused with a message that names the operation and both shapes.

use candle_core::{DType, Tensor};
use foil_tensor::{Epilogue, PackedConv2d, PackedLinear, Residual, Result, Rows, composed};

use crate::case::random;

fn single(shape: &[usize]) -> Tensor {
    random(0, shape, DType::F32)
}

fn assert_refused<T>(result: Result<T>, message: &str) {
    let error = result.err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some(message));
}

/// The same call in both of its meanings.
macro_rules! refused {
    ($call:expr, $message:literal) => {
        assert_refused(
            {
                use foil_tensor::*;
                $call
            },
            $message,
        );
        assert_refused(
            {
                use foil_tensor::composed::*;
                $call
            },
            $message,
        );
    };
}

#[test]
fn products_name_both_shapes() {
    let (x, w) = (single(&[1, 8, 8, 3]), single(&[16, 4, 3, 3]));
    refused!(
        conv2d(&x, &w, None, 1, 1),
        "conv2d: input [1, 8, 8, 3] against weight [16, 4, 3, 3]: 3 channels for 4 inputs"
    );
    refused!(
        conv_transpose2d(&x, &w, None, 1, 1),
        "conv_transpose2d: input [1, 8, 8, 3] against weight [16, 4, 3, 3]: 3 channels for 16 inputs"
    );
    refused!(
        depthwise_conv2d(&x, &w, None),
        "depthwise_conv2d: input [1, 8, 8, 3] against weight [16, 4, 3, 3]: expected weight [3, 1, 3, 3]"
    );
    refused!(
        linear(&x, &single(&[5, 4]), None),
        "linear: input [1, 8, 8, 3] against weight [5, 4]: 3 features for 4 inputs"
    );
    let w = single(&[16, 3, 9, 9]);
    refused!(
        conv2d(&x, &w, None, 1, 0),
        "conv2d: input [1, 8, 8, 3] against weight [16, 3, 9, 9]: with padding 0 nothing comes out"
    );
    refused!(
        conv2d(&x, &w, Some(&single(&[3])), 1, 1),
        "conv2d: weight [16, 3, 9, 9] against bias [3]: expected bias [16]"
    );
    refused!(
        conv2d(&x, &w, None, 0, 1),
        "conv2d: weight [16, 3, 9, 9]: the stride is at least 1"
    );
    refused!(
        conv2d(&single(&[8, 8, 3]), &w, None, 1, 1),
        "conv2d: input [8, 8, 3]: expected [batch, height, width, channels]"
    );
}

#[test]
fn factors_are_as_many_as_numbers() {
    refused!(
        times(&single(&[2, 3]), vec![1.0; 5]),
        "times: input [2, 3]: 5 factors"
    );
}

#[test]
fn attention_names_what_does_not_fit() {
    let (q, k) = (single(&[2, 4, 6]), single(&[2, 5, 8]));
    refused!(
        attention(&q, &k, &k, 2),
        "attention: queries [2, 4, 6] against keys [2, 5, 8]: expected keys [2, 5, 6]"
    );
    refused!(
        cosine_attention(&q, &q, &k, 2),
        "cosine_attention: keys [2, 4, 6] against values [2, 5, 8]: expected values [2, 4, 6]"
    );
    refused!(
        attention(&q, &q, &q, 4),
        "attention: queries [2, 4, 6]: features do not divide into 4 heads"
    );
}

#[test]
fn norms_and_passes_name_what_does_not_fit() {
    let (x, four) = (single(&[2, 3, 5, 6]), single(&[4]));
    refused!(
        layer_norm(&x, 1e-5, Some((&four, &four))),
        "layer_norm: input [2, 3, 5, 6] against scale [4]: expected scale [6]"
    );
    refused!(
        group_norm(&x, 4, 1e-5, &four, &four),
        "group_norm: input [2, 3, 5, 6]: channels do not divide into 4 groups"
    );
    refused!(
        global_response_norm(&x, &single(&[6]), &four),
        "global_response_norm: input [2, 3, 5, 6] against beta [4]: expected beta [6]"
    );
    refused!(
        mp_sum(&x, &four, 0.5),
        "mp_sum: first [2, 3, 5, 6] against second [4]: expected second [2, 3, 5, 6]"
    );
    refused!(
        mp_cat(&x, &single(&[2, 3, 4, 6]), 0.5),
        "mp_cat: first [2, 3, 5, 6] against second [2, 3, 4, 6]: all but the channels must be equal"
    );
    refused!(
        mean_2x2(&x),
        "mean_2x2: input [2, 3, 5, 6]: height and width must be multiples of 2"
    );
}

#[test]
fn types_must_agree() {
    let (x, w) = (single(&[2, 6]), random(0, &[5, 6], DType::BF16));
    refused!(linear(&x, &w, None), "linear: input is F32, weight is BF16");
}

#[test]
fn packed_weights_and_epilogues_name_both_shapes() {
    let packed = PackedConv2d::new(&single(&[16, 4, 3, 3]), 1, 1).unwrap();
    let epilogue = Epilogue::default();
    assert_refused(
        packed.forward(&single(&[1, 8, 8, 3]), &epilogue),
        "conv2d: input [1, 8, 8, 3] against weight [16, 4, 3, 3]: 3 channels for 4 inputs",
    );
    let four = single(&[4]);
    let epilogue = Epilogue {
        bias: Some(&four),
        ..epilogue
    };
    assert_refused(
        packed.forward(&single(&[1, 8, 8, 4]), &epilogue),
        "conv2d: output [1, 8, 8, 16] against bias [4]: expected bias [16]",
    );
    let packed = PackedLinear::new(&single(&[5, 4])).unwrap();
    let epilogue = Epilogue {
        gain: Some(&four),
        ..Epilogue::default()
    };
    assert_refused(
        packed.forward(&single(&[2, 3, 4]), &epilogue),
        "linear: output [2, 3, 5] against gain [4]: expected gain [2, 5]",
    );
    let epilogue = Epilogue {
        residual: Some(Residual::sum(&four)),
        ..Epilogue::default()
    };
    assert_refused(
        composed::epilogue(&single(&[2, 4]), &epilogue),
        "epilogue: output [2, 4] against residual [4]: expected residual [2, 4]",
    );
}

#[test]
fn rows_are_packed_only_where_there_is_a_kernel() {
    let rows = |_, _: Rows<'_>| Result::Ok(());
    assert_refused(
        PackedLinear::from_rows([5, 4], DType::F64, rows),
        "linear: weight [5, 4]: rows are packed in F32 and BF16",
    );
    assert_refused(
        PackedConv2d::from_rows([5, 0, 3, 3], DType::F32, 1, [1, 8, 8], rows),
        "conv2d: weight [5, 0, 3, 3]: expected at least one element",
    );
}
