//! The cases: every operation at odd and tiny sizes, in every form that networks use.

use candle_core::DType;

use crate::{
    case,
    case::{Case, random},
};

pub fn all() -> Vec<Case> {
    let mut cases = convolutions();
    cases.extend(transposed_convolutions());
    cases.extend(products());
    cases.extend(norms());
    cases.extend(passes());
    cases
}

fn convolutions() -> Vec<Case> {
    vec![
        case!("conv2d 3×3", [[2, 5, 4, 3], [7, 3, 3, 3]], |x| conv2d(
            &x[0], &x[1], None, 1, 1
        )),
        case!(
            "conv2d 3×3, bias",
            [[1, 4, 7, 5], [4, 5, 3, 3], [4]],
            |x| conv2d(&x[0], &x[1], Some(&x[2]), 1, 1)
        ),
        case!("conv2d 1×1", [[3, 3, 2, 6], [5, 6, 1, 1]], |x| conv2d(
            &x[0], &x[1], None, 1, 0
        )),
        case!(
            "conv2d 1×1 of one pixel",
            [[1, 1, 1, 1], [1, 1, 1, 1]],
            |x| conv2d(&x[0], &x[1], None, 1, 0)
        ),
        case!(
            "conv2d 3×3 of one pixel",
            [[2, 1, 1, 2], [3, 2, 3, 3]],
            |x| conv2d(&x[0], &x[1], None, 1, 1)
        ),
        case!("conv2d 2×2, stride 2", [[2, 6, 4, 3], [5, 3, 2, 2]], |x| {
            conv2d(&x[0], &x[1], None, 2, 0)
        }),
        case!(
            "conv2d 2×2, stride 2, odd",
            [[2, 5, 7, 3], [5, 3, 2, 2], [5]],
            |x| conv2d(&x[0], &x[1], Some(&x[2]), 2, 0)
        ),
        case!("conv2d 4×4, stride 2", [[2, 8, 6, 3], [4, 3, 4, 4]], |x| {
            conv2d(&x[0], &x[1], None, 2, 1)
        }),
        case!(
            "conv2d 4×4, stride 2, one side odd",
            [[2, 7, 6, 3], [4, 3, 4, 4]],
            |x| conv2d(&x[0], &x[1], None, 2, 1)
        ),
        case!("conv2d 3×3, stride 2", [[2, 6, 5, 3], [4, 3, 3, 3]], |x| {
            conv2d(&x[0], &x[1], None, 2, 1)
        }),
        case!("conv2d 1×3, stride 3", [[1, 7, 8, 2], [3, 2, 1, 3]], |x| {
            conv2d(&x[0], &x[1], None, 3, 2)
        }),
        case!("conv2d 3×3, wide", [[1, 5, 6, 40], [35, 40, 3, 3]], |x| {
            conv2d(&x[0], &x[1], None, 1, 1)
        }),
        case!(
            "conv2d 3×3, many tiles",
            [[2, 9, 11, 70], [72, 70, 3, 3], [72]],
            |x| conv2d(&x[0], &x[1], Some(&x[2]), 1, 1)
        ),
        case!("depthwise", [[2, 5, 3, 7], [7, 1, 3, 3]], |x| {
            depthwise_conv2d(&x[0], &x[1], None)
        }),
        case!(
            "depthwise, bias",
            [[1, 4, 6, 19], [19, 1, 3, 3], [19]],
            |x| depthwise_conv2d(&x[0], &x[1], Some(&x[2]))
        ),
        case!(
            "depthwise of one pixel",
            [[3, 1, 1, 1], [1, 1, 3, 3]],
            |x| depthwise_conv2d(&x[0], &x[1], None)
        ),
    ]
}

fn transposed_convolutions() -> Vec<Case> {
    vec![
        case!(
            "transposed 2×2, stride 2",
            [[2, 3, 5, 4], [4, 3, 2, 2]],
            |x| conv_transpose2d(&x[0], &x[1], None, 2, 0)
        ),
        case!(
            "transposed 4×4, stride 2",
            [[2, 3, 4, 3], [3, 5, 4, 4], [5]],
            |x| conv_transpose2d(&x[0], &x[1], Some(&x[2]), 2, 1)
        ),
        case!("transposed 3×3", [[1, 4, 5, 3], [3, 2, 3, 3]], |x| {
            conv_transpose2d(&x[0], &x[1], None, 1, 1)
        }),
        case!(
            "transposed 1×2, stride 3",
            [[1, 2, 3, 2], [2, 3, 1, 2]],
            |x| conv_transpose2d(&x[0], &x[1], None, 3, 0)
        ),
    ]
}

fn products() -> Vec<Case> {
    vec![
        case!("linear", [[3, 5], [7, 5]], |x| linear(&x[0], &x[1], None)),
        case!("linear, bias", [[2, 3, 17], [9, 17], [9]], |x| linear(
            &x[0],
            &x[1],
            Some(&x[2])
        )),
        case!("linear of images", [[2, 3, 4, 33], [18, 33]], |x| linear(
            &x[0], &x[1], None
        )),
        case!("linear of one number", [[1], [1, 1], [1]], |x| linear(
            &x[0],
            &x[1],
            Some(&x[2])
        )),
        case!(
            "linear of many tiles",
            [[2, 150, 70], [130, 70], [130]],
            |x| linear(&x[0], &x[1], Some(&x[2]))
        ),
        case!("attention", [[2, 5, 12], [2, 7, 12], [2, 7, 12]], |x| {
            attention(&x[0], &x[1], &x[2], 3)
        }),
        case!(
            "attention of one head",
            [[1, 9, 16], [1, 9, 16], [1, 9, 16]],
            |x| attention(&x[0], &x[1], &x[2], 1)
        ),
        case!(
            "attention of many tokens",
            [[1, 67, 8], [1, 35, 8], [1, 35, 8]],
            |x| attention(&x[0], &x[1], &x[2], 2)
        ),
        case!(
            "cosine attention",
            [[2, 6, 10], [2, 3, 10], [2, 3, 10]],
            |x| cosine_attention(&x[0], &x[1], &x[2], 2)
        ),
        case!("softmax", [[3, 4, 11]], |x| softmax(&x[0])),
    ]
}

fn norms() -> Vec<Case> {
    vec![
        case!("pixel norm", [[2, 3, 4, 7]], |x| pixel_norm(&x[0])),
        case!("layer norm", [[2, 3, 4, 7]], |x| layer_norm(
            &x[0], 1e-6, None
        )),
        case!("layer norm, affine", [[5, 18], [18], [18]], |x| layer_norm(
            &x[0],
            1e-5,
            Some((&x[1], &x[2]))
        )),
        case!("group norm", [[2, 3, 5, 12], [12], [12]], |x| group_norm(
            &x[0], 4, 1e-5, &x[1], &x[2]
        )),
        case!("group norm of one group", [[3, 2, 2, 5], [5], [5]], |x| {
            group_norm(&x[0], 1, 1e-5, &x[1], &x[2])
        }),
        case!("group norm, silu", [[2, 5, 3, 64], [64], [64]], |x| {
            group_norm_silu(&x[0], 32, 1e-6, &x[1], &x[2])
        }),
        case!("global response norm", [[2, 3, 4, 6], [6], [6]], |x| {
            global_response_norm(&x[0], &x[1], &x[2])
        }),
    ]
}

fn passes() -> Vec<Case> {
    vec![
        case!("silu", [[3, 37]], |x| silu(&x[0])),
        case!("mp_silu", [[2, 3, 3, 5]], |x| mp_silu(&x[0])),
        case!("gelu", [[41]], |x| gelu(&x[0])),
        case!("mp_sum", [[2, 3, 5], [2, 3, 5]], |x| mp_sum(
            &x[0], &x[1], 0.3
        )),
        case!("mp_cat", [[2, 3, 2, 5], [2, 3, 2, 8]], |x| mp_cat(
            &x[0], &x[1], 0.5
        )),
        case!("mp_cat, unequal", [[4, 1], [4, 3]], |x| mp_cat(
            &x[0], &x[1], 0.3
        )),
        case!("times", [[5, 3, 7]], |x| times(
            &x[0],
            factors(x[0].elem_count())
        )),
        case!("mean 2×2", [[2, 4, 6, 5]], |x| mean_2x2(&x[0])),
        case!("nearest 2×", [[2, 3, 2, 5]], |x| nearest_2x(&x[0])),
    ]
}

/// Other numbers for every place.
pub fn factors(count: usize) -> Vec<f32> {
    random(7, &[count], DType::F32).to_vec1().unwrap()
}
