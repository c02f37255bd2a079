//! The passes over activations between the network's products.

use pulp::Simd;

use super::block::Hidden;
use crate::arithmetic::exp;

/// silu/0.596 has unit mean square for normal input.
const SILU_SCALE: f32 = 1.0 / 0.596;

/// φ, φ' and, for training, φ'' of h: with s = 1/(1 + e^{−h}), φ = h·s, φ' = s + h·s(1−s), φ'' = s(1−s)·(2 + h(1−2s)), all /0.596.
#[inline(always)]
pub(super) fn activate<S: Simd, const TRAINING: bool>(simd: S, h: &[f32], hidden: &mut Hidden) {
    let (h, _) = S::as_simd_f32s(h);
    let (activation, _) = S::as_mut_simd_f32s(&mut hidden.activation);
    let (slope, _) = S::as_mut_simd_f32s(&mut hidden.slope);
    let (curvature, _) = S::as_mut_simd_f32s(&mut hidden.curvature);
    let (one, two) = (simd.splat_f32s(1.0), simd.splat_f32s(2.0));
    let scale = simd.splat_f32s(SILU_SCALE);
    for (((h, activation), slope), curvature) in h.iter().zip(activation).zip(slope).zip(curvature)
    {
        let sigmoid = simd.div_f32s(one, simd.add_f32s(one, exp(simd, simd.neg_f32s(*h))));
        let spread = simd.mul_f32s(sigmoid, simd.sub_f32s(one, sigmoid));
        *activation = simd.mul_f32s(scale, simd.mul_f32s(*h, sigmoid));
        *slope = simd.mul_f32s(scale, simd.mul_add_e_f32s(*h, spread, sigmoid));
        if TRAINING {
            let tilt = simd.sub_f32s(one, simd.mul_f32s(two, sigmoid));
            *curvature = simd.mul_f32s(
                scale,
                simd.mul_f32s(spread, simd.mul_add_e_f32s(*h, tilt, two)),
            );
        }
    }
}

/// ĥ = φ'·(product) + φ''·ḣ·u.
#[inline(always)]
pub(super) fn adjoint<S: Simd>(simd: S, product: &[f32], hidden: &Hidden, out: &mut [f32]) {
    let bends = S::as_simd_f32s(&hidden.curvature)
        .0
        .iter()
        .zip(S::as_simd_f32s(&hidden.upstream).0);
    let slopes = S::as_simd_f32s(&hidden.slope)
        .0
        .iter()
        .zip(S::as_simd_f32s(&hidden.tangent).0);
    let out = S::as_mut_simd_f32s(out)
        .0
        .iter_mut()
        .zip(S::as_simd_f32s(product).0);
    for (((out, product), (slope, tangent)), (curvature, upstream)) in out.zip(slopes).zip(bends) {
        let bend = simd.mul_f32s(*curvature, simd.mul_f32s(*tangent, *upstream));
        *out = simd.mul_add_e_f32s(*slope, *product, bend);
    }
}

#[inline(always)]
pub(super) fn multiply_into<S: Simd>(simd: S, left: &[f32], right: &[f32], out: &mut [f32]) {
    let (left, right) = (S::as_simd_f32s(left).0, S::as_simd_f32s(right).0);
    for ((out, left), right) in S::as_mut_simd_f32s(out).0.iter_mut().zip(left).zip(right) {
        *out = simd.mul_f32s(*left, *right);
    }
}
