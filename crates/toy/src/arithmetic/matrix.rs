//! Products of the small matrices of the toy network: a block of samples by a layer's weights.
//!
//! A register tile of the result is kept over the whole inner dimension: eight rows by two vectors where there are
//! 32 registers, four by two where there are 16.

use pulp::Simd;

/// C = A·B or C += A·B, row-major; `c` is `[rows, columns]`, `b` is `[inner, columns]`, `columns` a multiple of
/// the padding and `rows` of eight.
pub(crate) struct Product<'a> {
    /// `[rows, stride]`, of which `inner` columns are used; for [`accumulate_transposed`] `[inner, stride]`, of which `rows`
    /// columns are used.
    pub a: &'a [f32],
    /// Length of a row of `a`.
    pub stride: usize,
    /// The second factor.
    pub b: &'a [f32],
    /// The inner dimension.
    pub inner: usize,
    /// Columns of `b` and `c`.
    pub columns: usize,
}

/// C = A·B.
#[inline(always)]
pub(crate) fn multiply<S: Simd>(simd: S, product: &Product<'_>, c: &mut [f32]) {
    if S::F32_LANES == 16 {
        tiles::<S, false, 8>(simd, product, c);
    } else {
        tiles::<S, false, 4>(simd, product, c);
    }
}

/// C += Aᵀ·B.
#[inline(always)]
pub(crate) fn accumulate_transposed<S: Simd>(simd: S, product: &Product<'_>, c: &mut [f32]) {
    if S::F32_LANES == 16 {
        tiles::<S, true, 8>(simd, product, c);
    } else {
        tiles::<S, true, 4>(simd, product, c);
    }
}

#[inline(always)]
fn tiles<S: Simd, const TRANSPOSED: bool, const ROWS: usize>(
    simd: S,
    product: &Product<'_>,
    c: &mut [f32],
) {
    let vectors = product.columns / S::F32_LANES;
    let (b, _) = S::as_simd_f32s(&product.b[..product.inner * product.columns]);
    let (c, _) = S::as_mut_simd_f32s(c);
    let rows = c.len() / vectors;
    for column in (0..vectors - 1).step_by(2) {
        for row in (0..rows).step_by(ROWS) {
            tile::<S, TRANSPOSED, ROWS, 2>(simd, product, (b, vectors), c, (row, column));
        }
    }
    if vectors % 2 == 1 {
        for row in (0..rows).step_by(ROWS) {
            tile::<S, TRANSPOSED, ROWS, 1>(simd, product, (b, vectors), c, (row, vectors - 1));
        }
    }
}

/// Everything here is loops over arrays and no closures: a closure that is not inlined is compiled without the
/// instruction set.
#[inline(always)]
fn tile<S: Simd, const TRANSPOSED: bool, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    product: &Product<'_>,
    (b, vectors): (&[S::f32s], usize),
    c: &mut [S::f32s],
    (row, column): (usize, usize),
) {
    let Product {
        a, stride, inner, ..
    } = *product;
    // Slices of one known length, so that the bounds are checked here and not in the loop.
    let mut lines = [a; ROWS];
    if !TRANSPOSED {
        for (index, line) in lines.iter_mut().enumerate() {
            *line = &a[(row + index) * stride..][..inner];
        }
    }
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for (k, b) in b.chunks_exact(vectors).enumerate().take(inner) {
        let b = &b[column..column + VECTORS];
        let turned = if TRANSPOSED {
            &a[k * stride + row..][..ROWS]
        } else {
            &[]
        };
        for index in 0..ROWS {
            let number = simd.splat_f32s(if TRANSPOSED {
                turned[index]
            } else {
                lines[index][k]
            });
            for (sum, vector) in sums[index].iter_mut().zip(b) {
                *sum = simd.mul_add_e_f32s(number, *vector, *sum);
            }
        }
    }
    for (index, sums) in sums.iter().enumerate() {
        let start = (row + index) * vectors + column;
        for (target, sum) in c[start..start + VECTORS].iter_mut().zip(sums) {
            *target = if TRANSPOSED {
                simd.add_f32s(*target, *sum)
            } else {
                *sum
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, Scalar, Simd, WithSimd};

    use super::{Product, accumulate_transposed, multiply};

    struct Both<'a> {
        plain: (&'a Product<'a>, &'a mut [f32]),
        transposed: (&'a Product<'a>, &'a mut [f32]),
    }

    impl WithSimd for Both<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            multiply(simd, self.plain.0, self.plain.1);
            accumulate_transposed(simd, self.transposed.0, self.transposed.1);
        }
    }

    fn numbers(count: usize, factor: f32) -> Vec<f32> {
        (0..count)
            .map(|index| ((index as f32 * factor).sin() * 3.0).fract())
            .collect()
    }

    #[test]
    fn agrees_with_the_definition_for_odd_sizes_on_every_instruction_set() {
        for (rows, inner, columns) in [
            (8, 1, 16),
            (16, 5, 48),
            (32, 64, 64),
            (40, 33, 80),
            (8, 0, 16),
        ] {
            let stride = inner + 3;
            let (a, b) = (numbers(rows * stride, 1.7), numbers(inner * columns, 0.9));
            let plain = Product {
                a: &a,
                stride,
                b: &b,
                inner,
                columns,
            };
            let turned_stride = rows + 5;
            let turned = numbers(inner * turned_stride, 2.3);
            let transposed = Product {
                a: &turned,
                stride: turned_stride,
                b: &b,
                inner,
                columns,
            };
            for portable in [false, true] {
                // Not a number where the product must write, ones where it must add.
                let (mut c, mut d) = (vec![f32::NAN; rows * columns], vec![1.0; rows * columns]);
                let both = Both {
                    plain: (&plain, &mut c),
                    transposed: (&transposed, &mut d),
                };
                if portable {
                    both.with_simd(Scalar::new());
                } else {
                    Arch::new().dispatch(both);
                }
                for row in 0..rows {
                    for column in 0..columns {
                        let (mut expected, mut added) = (0.0_f64, 1.0_f64);
                        for k in 0..inner {
                            expected +=
                                f64::from(a[row * stride + k]) * f64::from(b[k * columns + column]);
                            added += f64::from(turned[k * turned_stride + row])
                                * f64::from(b[k * columns + column]);
                        }
                        assert!((f64::from(c[row * columns + column]) - expected).abs() < 1e-4);
                        assert!((f64::from(d[row * columns + column]) - added).abs() < 1e-4);
                    }
                }
            }
        }
    }
}
