//! The cases: every operation of traced values at odd and unequal sizes, in every form that networks use.

use candle_core::Tensor;
use foil_tensor::{
    Result, composed,
    traced::{Mixed, RowOrder, Traced},
};

use super::case::Case;
use crate::table::factors;

macro_rules! case {
    ($name:literal, [$($shape:expr),*], |$x:ident, $dtype:pat_param| $call:expr, |$y:ident| $definition:expr) => {
        Case {
            name: $name,
            shapes: vec![$($shape.to_vec()),*],
            single: vec![],
            unrounded: vec![],
            traced: |$x, $dtype| $call,
            composed: |$y| $definition,
        }
    };
}

pub fn all() -> Vec<Case> {
    let mut cases = passes();
    cases.extend(images());
    cases.extend(products());
    cases.extend(mixed());
    cases.extend(weights());
    cases
}

fn passes() -> Vec<Case> {
    vec![
        case!("mp_silu", [[2, 3, 3, 5]], |x, _| x[0].mp_silu(), |x| {
            composed::mp_silu(&x[0])
        }),
        case!(
            "mp_sum",
            [[2, 3, 5], [2, 3, 5]],
            |x, _| x[0].mp_sum(&x[1], 0.3),
            |x| composed::mp_sum(&x[0], &x[1], 0.3)
        ),
        case!(
            "mp_cat",
            [[2, 3, 1, 5], [2, 3, 1, 8]],
            |x, _| x[0].mp_cat(&x[1], 0.6),
            |x| composed::mp_cat(&x[0], &x[1], 0.6)
        ),
        case!(
            "pixel norm",
            [[2, 3, 5, 7]],
            |x, _| x[0].pixel_norm(),
            |x| { composed::pixel_norm(&x[0]) }
        ),
        case!("reshape", [[2, 3, 5]], |x, _| x[0].reshape(&[3, 10]), |x| {
            Ok(x[0].reshape((3, 10))?)
        }),
        case!("times", [[3, 7]], |x, _| x[0].times(factors(21)), |x| {
            composed::times(&x[0], factors(21))
        }),
        case!(
            "modulate",
            [[3, 5, 2, 7], [3, 7]],
            |x, _| x[0].modulate(&x[1]),
            |x| modulated(&x[0], &x[1])
        )
        .single(&[1]),
        case!(
            "cosine attention of two heads",
            [[2, 5, 3 * 14]],
            |x, _| x[0].cosine_attention(2),
            |x| attended(&x[0], 2)
        ),
        case!(
            "cosine attention of many tokens",
            [[1, 67, 3 * 9]],
            |x, _| x[0].cosine_attention(1),
            |x| attended(&x[0], 1)
        ),
    ]
}

fn modulated(x: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let scale = (shift.unsqueeze(1)?.unsqueeze(1)? + 1.0)?;
    composed::mp_silu(&x.broadcast_mul(&scale)?)
}

fn attended(qkv: &Tensor, heads: usize) -> Result<Tensor> {
    let features = qkv.dims()[2] / 3;
    let part = |which| qkv.narrow(2, which * features, features);
    composed::cosine_attention(&part(0)?, &part(1)?, &part(2)?, heads)
}

fn images() -> Vec<Case> {
    vec![
        case!("mean 2×2", [[2, 4, 6, 5]], |x, _| x[0].mean_2x2(), |x| {
            composed::mean_2x2(&x[0])
        }),
        case!(
            "nearest 2×",
            [[2, 3, 1, 5]],
            |x, _| x[0].nearest_2x(),
            |x| { composed::nearest_2x(&x[0]) }
        ),
        case!("enter", [[2, 3, 5, 4]], |x, dtype| x[0].enter(dtype), |x| {
            let x = x[0].permute((0, 2, 3, 1))?;
            let ones = x.narrow(3, 0, 1)?.ones_like()?;
            Ok(Tensor::cat(&[&x, &ones], 3)?)
        })
        .single(&[0]),
        case!("leave", [[2, 5, 4, 3]], |x, _| x[0].leave(), |x| Ok(x[0]
            .permute((0, 3, 1, 2))?
            .contiguous()?)),
        case!(
            "mean of pixels",
            [[2, 5, 3, 7]],
            |x, _| x[0].mean_pixels(),
            |x| Ok(x[0].mean((1, 2))?)
        ),
    ]
}

fn products() -> Vec<Case> {
    vec![
        case!(
            "conv2d 1×1",
            [[3, 2, 5, 6], [7, 6, 1, 1]],
            |x, _| x[0].conv2d(&x[1], None),
            |x| composed::conv2d(&x[0], &x[1], None, 1, 0)
        )
        .unrounded(&[1]),
        case!(
            "conv2d 3×3",
            [[2, 5, 4, 3], [7, 3, 3, 3]],
            |x, _| x[0].conv2d(&x[1], None),
            |x| composed::conv2d(&x[0], &x[1], None, 1, 1)
        )
        .unrounded(&[1]),
        case!(
            "linear",
            [[2, 3, 17], [9, 17]],
            |x, _| x[0].linear(&x[1], None),
            |x| composed::linear(&x[0], &x[1], None)
        )
        .unrounded(&[1]),
    ]
}

/// The limit of the cases: it lies between what they make, and no result is so near that `bf16` rounds it there.
pub const CLIP: f64 = 1.5;

fn mix(residual: &Traced, clip: Option<f64>) -> Mixed<'_> {
    let t = 0.3;
    Mixed { residual, t, clip }
}

fn mixed() -> Vec<Case> {
    vec![
        case!(
            "conv2d 1×1, mixed",
            [[3, 2, 5, 6], [7, 6, 1, 1], [3, 2, 5, 7]],
            |x, _| x[0].conv2d(&x[1], Some(mix(&x[2], None))),
            |x| composed::mp_sum(&x[2], &composed::conv2d(&x[0], &x[1], None, 1, 0)?, 0.3)
        ),
        case!(
            "conv2d 3×3, mixed, limited",
            [[2, 5, 4, 3], [7, 3, 3, 3], [2, 5, 4, 7]],
            |x, _| x[0].conv2d(&x[1], Some(mix(&x[2], Some(CLIP)))),
            |x| {
                let product = composed::conv2d(&x[0], &x[1], None, 1, 1)?;
                Ok(composed::mp_sum(&x[2], &product, 0.3)?.clamp(-CLIP, CLIP)?)
            }
        ),
        case!(
            "linear, mixed",
            [[5, 17], [9, 17], [5, 9]],
            |x, _| x[0].linear(&x[1], Some(mix(&x[2], None))),
            |x| composed::mp_sum(&x[2], &composed::linear(&x[0], &x[1], None)?, 0.3)
        ),
        case!(
            "linear, mixed, limited",
            [[2, 3, 17], [9, 17], [2, 3, 9]],
            |x, _| x[0].linear(&x[1], Some(mix(&x[2], Some(CLIP)))),
            |x| {
                let product = composed::linear(&x[0], &x[1], None)?;
                Ok(composed::mp_sum(&x[2], &product, 0.3)?.clamp(-CLIP, CLIP)?)
            }
        ),
    ]
}

const TWO_HEADS: RowOrder = RowOrder::ByRole { heads: 2 };

fn weights() -> Vec<Case> {
    vec![
        case!(
            "unit rows",
            [[5, 7]],
            |x, dtype| x[0].unit_rows(None, RowOrder::Kept, dtype),
            |x| unit_rows(&x[0])
        )
        .single(&[0]),
        case!(
            "unit rows of a kernel, gain",
            [[5, 2, 3, 3], []],
            |x, dtype| x[0].unit_rows(Some(&x[1]), RowOrder::Kept, dtype),
            |x| Ok(unit_rows(&x[0])?.broadcast_mul(&x[1])?)
        )
        .single(&[0, 1]),
        case!(
            "unit rows by role",
            [[30, 3]],
            |x, dtype| x[0].unit_rows(None, TWO_HEADS, dtype),
            |x| by_role(&unit_rows(&x[0])?)
        )
        .single(&[0]),
        case!(
            "unit rows of a kernel by role, gain",
            [[30, 7, 1, 1], []],
            |x, dtype| x[0].unit_rows(Some(&x[1]), TWO_HEADS, dtype),
            |x| Ok(by_role(&unit_rows(&x[0])?)?.broadcast_mul(&x[1])?)
        )
        .single(&[0, 1]),
    ]
}

/// row / (√length · (10⁻⁴ + ‖row‖₂ / √length)).
fn unit_rows(weight: &Tensor) -> Result<Tensor> {
    let flat = weight.flatten_from(1)?;
    let root = (flat.dims()[1] as f64).sqrt();
    let norms = (flat.sqr()?.sum_keepdim(1)?.sqrt()? + 1e-4 * root)?;
    Ok(flat.broadcast_div(&norms)?.reshape(weight.shape())?)
}

/// Rows of two heads from (head, channel, role) to (role, head, channel).
fn by_role(weight: &Tensor) -> Result<Tensor> {
    let channels = weight.dims()[0] / 6;
    let apart = weight.reshape((2, channels, 3, ()))?;
    let turned = apart.permute((2, 0, 1, 3))?.contiguous()?;
    Ok(turned.reshape(weight.shape())?)
}
