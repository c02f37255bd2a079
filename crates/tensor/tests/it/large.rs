//! Cases of sizes that kernels cut into many pieces, for threads and caches.

use crate::{case, case::Case};

pub fn all() -> Vec<Case> {
    vec![
        case!(
            "conv2d 3×3, large",
            [[2, 24, 21, 64], [80, 64, 3, 3], [80]],
            |x| conv2d(&x[0], &x[1], Some(&x[2]), 1, 1)
        ),
        case!(
            "conv2d 2×2, stride 2, large",
            [[2, 24, 31, 48], [96, 48, 2, 2]],
            |x| conv2d(&x[0], &x[1], None, 2, 0)
        ),
        case!(
            "transposed 4×4, stride 2, large",
            [[2, 12, 15, 48], [48, 40, 4, 4], [40]],
            |x| conv_transpose2d(&x[0], &x[1], Some(&x[2]), 2, 1)
        ),
        case!(
            "depthwise, large",
            [[2, 33, 40, 90], [90, 1, 3, 3], [90]],
            |x| depthwise_conv2d(&x[0], &x[1], Some(&x[2]))
        ),
        case!("linear, large", [[3, 700, 96], [200, 96], [200]], |x| {
            linear(&x[0], &x[1], Some(&x[2]))
        }),
        case!(
            "attention, large",
            [[2, 300, 128], [2, 520, 128], [2, 520, 128]],
            |x| attention(&x[0], &x[1], &x[2], 2)
        ),
        case!(
            "cosine attention, large",
            [[1, 257, 192], [1, 257, 192], [1, 257, 192]],
            |x| cosine_attention(&x[0], &x[1], &x[2], 3)
        ),
        case!("softmax, large", [[300, 700]], |x| softmax(&x[0])),
        case!("pixel norm, large", [[3, 31, 33, 96]], |x| pixel_norm(
            &x[0]
        )),
        case!("layer norm, large", [[3000, 96], [96], [96]], |x| {
            layer_norm(&x[0], 1e-6, Some((&x[1], &x[2])))
        }),
        case!(
            "group norm, silu, large",
            [[2, 40, 41, 64], [64], [64]],
            |x| group_norm_silu(&x[0], 32, 1e-6, &x[1], &x[2])
        ),
        case!(
            "global response norm, large",
            [[2, 40, 41, 64], [64], [64]],
            |x| global_response_norm(&x[0], &x[1], &x[2])
        ),
        case!("mp_silu, large", [[200_001]], |x| mp_silu(&x[0])),
        case!("mp_sum, large", [[200_001], [200_001]], |x| mp_sum(
            &x[0], &x[1], 0.3
        )),
        case!("mp_cat, large", [[2001, 96], [2001, 40]], |x| mp_cat(
            &x[0], &x[1], 0.4
        )),
        case!("mean 2×2, large", [[3, 64, 62, 40]], |x| mean_2x2(&x[0])),
        case!("nearest 2×, large", [[3, 64, 31, 40]], |x| nearest_2x(
            &x[0]
        )),
    ]
}
