//! eˣ on vectors, to about one unit in the last place.

use pulp::Simd;

/// eˣ; inputs are clamped to ±87, where single precision ends.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let splat = |value: f32| simd.splat_f32s(value);
    let x = simd.min_f32s(simd.max_f32s(x, splat(-87.0)), splat(87.0));
    let shifted = simd.mul_add_e_f32s(x, splat(std::f32::consts::LOG2_E), splat(ROUND));
    let power = simd.sub_f32s(shifted, splat(ROUND));
    // ln 2 in two parts: the first has few enough digits that its product with the integer is exact.
    let rest = simd.mul_add_e_f32s(power, splat(-0.693_359_4), x);
    let rest = simd.mul_add_e_f32s(power, splat(2.121_944_4e-4), rest);
    // The minimax polynomial of Cephes for eʳ, |r| ≤ ½ ln 2.
    let mut sum = splat(1.987_569_1e-4);
    for coefficient in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_66,
        0.5,
    ] {
        sum = simd.mul_add_e_f32s(sum, rest, splat(coefficient));
    }
    let sum = simd.mul_add_e_f32s(
        simd.mul_f32s(sum, rest),
        rest,
        simd.add_f32s(rest, splat(1.0)),
    );
    let exponent =
        simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(sum), exponent))
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, Scalar, Simd, WithSimd};

    struct Exp<'a>(&'a mut [f32]);

    impl WithSimd for Exp<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (vectors, tail) = S::as_mut_simd_f32s(self.0);
            assert!(tail.is_empty());
            for vector in vectors {
                *vector = super::exp(simd, *vector);
            }
        }
    }

    #[test]
    fn is_the_exponential_on_every_instruction_set() {
        let inputs: Vec<f32> = (-8640..8640).map(|index| index as f32 * 0.010_06).collect();
        let (mut fast, mut portable) = (inputs.clone(), inputs.clone());
        Arch::new().dispatch(Exp(&mut fast));
        Exp(&mut portable).with_simd(Scalar::new());
        for values in [fast, portable] {
            for (x, found) in inputs.iter().zip(values) {
                let expected = f64::from(*x).exp();
                assert!(
                    (f64::from(found) / expected - 1.0).abs() < 2.5e-7,
                    "e^{x} = {expected:e}, found {found:e}"
                );
            }
        }
        let mut far = [-1e30_f32; 16];
        Arch::new().dispatch(Exp(&mut far));
        assert!(far.iter().all(|value| (0.0..1e-37).contains(value)));
    }
}
