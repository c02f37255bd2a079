//! The composed definitions against the formulas as plain loops in `f64`, and against what normalisations promise.

use candle_core::{DType, Device, Tensor};
use foil_tensor::composed;

use crate::case::{Tolerance, assert_close, numbers, random};

/// Sums in another order.
const EXACT: Tolerance = Tolerance {
    of_number: 0.0,
    of_largest: 1e-12,
};

fn double(seed: u64, shape: &[usize]) -> Tensor {
    random(seed, shape, DType::F64)
}

fn tensor(numbers: Vec<f64>, shape: &[usize]) -> Tensor {
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

/// Calls `tap` with output pixel, kernel element and input pixel, for each triple that `conv2d` connects, in one dimension.
fn connected(
    lengths: [usize; 3],
    stride: usize,
    padding: usize,
    mut tap: impl FnMut(usize, usize, usize),
) {
    let [outputs, kernel, inputs] = lengths;
    for output in 0..outputs {
        for element in 0..kernel {
            let input = (output * stride + element).checked_sub(padding);
            if let Some(input) = input.filter(|&input| input < inputs) {
                tap(output, element, input);
            }
        }
    }
}

#[test]
fn convolution_sums_over_inputs_and_taps() {
    for padding in [[1, 1], [0, 2], [3, 1]] {
        let (x, w) = (double(0, &[2, 7, 5, 3]), double(1, &[4, 3, 3, 2]));
        let stride = 2;
        let height = (7 + 2 * padding[0] - 3) / stride + 1;
        let width = (5 + 2 * padding[1] - 2) / stride + 1;
        let (xs, ws) = (numbers(&x), numbers(&w));
        let mut out = vec![0.0; 2 * height * width * 4];
        for (b, o, c) in every([2, 4, 3]) {
            connected([height, 3, 7], stride, padding[0], |y, ky, iy| {
                connected([width, 2, 5], stride, padding[1], |x, kx, ix| {
                    out[((b * height + y) * width + x) * 4 + o] +=
                        xs[((b * 7 + iy) * 5 + ix) * 3 + c] * ws[((o * 3 + c) * 3 + ky) * 2 + kx];
                });
            });
        }
        let found = composed::conv2d(&x, &w, None, stride, padding).unwrap();
        assert_close(
            &found,
            &tensor(out, &[2, height, width, 4]),
            EXACT,
            "conv2d",
        );
    }
}

#[test]
fn transposed_convolution_is_the_adjoint_of_convolution() {
    for (kernel, stride, padding) in [(2, 2, 0), (4, 2, 1), (3, 1, 1), (3, 2, 0)] {
        // [3 channels] → [5 channels] and back; the weight of one is that of the other.
        let w = double(1, &[5, 3, kernel, kernel]);
        let y = double(2, &[2, 4, 3, 5]);
        let back = composed::conv_transpose2d(&y, &w, None, stride, padding).unwrap();
        let x = double(0, back.dims());
        let forth = composed::conv2d(&x, &w, None, stride, padding).unwrap();
        assert_eq!(forth.dims(), y.dims());
        let inner = |a: &Tensor, b: &Tensor| -> f64 {
            let both = numbers(a).into_iter().zip(numbers(b));
            both.map(|(a, b)| a * b).sum()
        };
        let (left, right) = (inner(&forth, &y), inner(&x, &back));
        assert!(
            (left - right).abs() < 1e-10 && left.abs() > 0.1,
            "{left} {right}"
        );
    }
}

#[test]
fn depthwise_convolution_is_a_convolution_with_a_diagonal_weight() {
    let (x, w) = (double(0, &[2, 5, 3, 4]), double(1, &[4, 1, 3, 3]));
    let mut full = vec![0.0; 4 * 4 * 9];
    for (channel, taps) in numbers(&w).chunks(9).enumerate() {
        full[(channel * 4 + channel) * 9..][..9].copy_from_slice(taps);
    }
    let full = tensor(full, &[4, 4, 3, 3]);
    let truth = composed::conv2d(&x, &full, None, 1, 1).unwrap();
    let found = composed::depthwise_conv2d(&x, &w, None).unwrap();
    assert_close(&found, &truth, EXACT, "depthwise");
}

#[test]
fn attention_is_a_weighted_mean_of_values_in_each_head() {
    let (heads, width, queries, keys) = (2, 3, 4, 5);
    let q = double(0, &[1, queries, heads * width]);
    let (k, v) = (
        double(1, &[1, keys, heads * width]),
        double(2, &[1, keys, heads * width]),
    );
    let (qs, ks, vs) = (numbers(&q), numbers(&k), numbers(&v));
    let at = |token: usize, head: usize, i: usize| (token * heads + head) * width + i;
    let mut out = vec![0.0; queries * heads * width];
    for (head, query, i) in every([heads, queries, width]) {
        let weight = |key: usize| {
            let terms = (0..width).map(|j| qs[at(query, head, j)] * ks[at(key, head, j)]);
            (terms.sum::<f64>() / (width as f64).sqrt()).exp()
        };
        let sum: f64 = (0..keys).map(weight).sum();
        let mean = (0..keys).map(|key| weight(key) * vs[at(key, head, i)]);
        out[at(query, head, i)] = mean.sum::<f64>() / sum;
    }
    let found = composed::attention(&q, &k, &v, heads).unwrap();
    assert_close(&found, &tensor(out, q.dims()), EXACT, "attention");

    // Normalising is idempotent up to ε, so normalised tokens are attended to as by plain attention.
    let normal = |x: &Tensor| {
        let split = x.reshape((1, (), heads, width)).unwrap();
        composed::pixel_norm(&split)
            .unwrap()
            .reshape(x.dims())
            .unwrap()
    };
    let truth = composed::attention(&normal(&q), &normal(&k), &normal(&v), heads).unwrap();
    let found = composed::cosine_attention(&q, &k, &v, heads).unwrap();
    assert_close(&found, &truth, EXACT, "cosine attention");
}

#[test]
fn norms_give_the_magnitudes_they_promise() {
    let x = double(0, &[2, 3, 4, 8]);
    for pixel in numbers(&composed::pixel_norm(&x).unwrap()).chunks(8) {
        assert!((mean_square(pixel) - 1.0).abs() < 1e-3);
    }
    for pixel in numbers(&composed::layer_norm(&x, 1e-9, None).unwrap()).chunks(8) {
        assert!(pixel.iter().sum::<f64>().abs() < 1e-9 && (mean_square(pixel) - 1.0).abs() < 1e-6);
    }
    let (ones, zeros) = (tensor(vec![1.0; 8], &[8]), tensor(vec![0.0; 8], &[8]));
    let found = composed::group_norm(&x, 4, 1e-9, &ones, &zeros).unwrap();
    let rows = found
        .reshape((2, 12, 4, 2))
        .unwrap()
        .transpose(1, 2)
        .unwrap();
    for group in numbers(&rows.contiguous().unwrap()).chunks(24) {
        assert!(group.iter().sum::<f64>().abs() < 1e-9 && (mean_square(group) - 1.0).abs() < 1e-6);
    }
}

#[test]
fn a_response_norm_scales_each_channel_by_its_share() {
    let x = double(0, &[2, 3, 2, 4]);
    let (gamma, beta) = (double(1, &[4]), double(2, &[4]));
    let (xs, gammas, betas) = (numbers(&x), numbers(&gamma), numbers(&beta));
    let mut out = vec![0.0; xs.len()];
    for b in 0..2 {
        let norm = |c: usize| {
            let squares = (0..6).map(|p| xs[(b * 6 + p) * 4 + c].powi(2));
            squares.sum::<f64>().sqrt()
        };
        let mean = (0..4).map(norm).sum::<f64>() / 4.0;
        for (p, c, _) in every([6, 4, 1]) {
            let x = xs[(b * 6 + p) * 4 + c];
            out[(b * 6 + p) * 4 + c] = gammas[c] * x * norm(c) / (mean + 1e-6) + betas[c] + x;
        }
    }
    let found = composed::global_response_norm(&x, &gamma, &beta).unwrap();
    assert_close(
        &found,
        &tensor(out, x.dims()),
        EXACT,
        "global response norm",
    );
}

#[test]
fn magnitude_preserving_mixes_have_the_published_weights() {
    let (a, b) = (double(0, &[2, 3]), double(1, &[2, 5]));
    let t = 0.3_f64;
    let c = (8.0 / ((1.0 - t).powi(2) + t.powi(2))).sqrt();
    let (wa, wb) = ((1.0 - t) * c / 3.0_f64.sqrt(), t * c / 5.0_f64.sqrt());
    let (xs, ys) = (numbers(&a), numbers(&b));
    let mut out = Vec::new();
    for row in 0..2 {
        out.extend(xs[row * 3..][..3].iter().map(|x| wa * x));
        out.extend(ys[row * 5..][..5].iter().map(|y| wb * y));
    }
    let found = composed::mp_cat(&a, &b, t).unwrap();
    assert_close(&found, &tensor(out, &[2, 8]), EXACT, "mp_cat");

    let b = double(1, &[2, 3]);
    let both = xs.iter().zip(numbers(&b));
    let sum: Vec<f64> = both
        .map(|(a, b)| (0.7 * a + 0.3 * b) / 0.58_f64.sqrt())
        .collect();
    let found = composed::mp_sum(&a, &b, t).unwrap();
    assert_close(&found, &tensor(sum, &[2, 3]), EXACT, "mp_sum");
}

#[test]
fn activations_have_their_known_values() {
    let x = tensor(vec![-1.0, 0.0, 2.0], &[3]);
    let silu = [-0.268_941_421_369_995_1, 0.0, 1.761_594_155_955_764_9];
    let gelu = [-0.158_655_253_931_457_05, 0.0, 1.954_499_736_103_641_6];
    let found = composed::silu(&x).unwrap();
    assert_close(&found, &tensor(silu.to_vec(), &[3]), EXACT, "silu");
    let found = composed::mp_silu(&x).unwrap();
    let scaled = silu.iter().map(|value| value / 0.596).collect();
    assert_close(&found, &tensor(scaled, &[3]), EXACT, "mp_silu");
    let found = composed::gelu(&x).unwrap();
    assert_close(&found, &tensor(gelu.to_vec(), &[3]), EXACT, "gelu");
}

#[test]
fn halving_undoes_doubling() {
    let x = double(0, &[2, 3, 2, 5]);
    let doubled = composed::nearest_2x(&x).unwrap();
    assert_eq!(doubled.dims(), [2, 6, 4, 5]);
    assert_close(
        &composed::mean_2x2(&doubled).unwrap(),
        &x,
        EXACT,
        "mean of nearest",
    );
    // And a mean is one of four, not of a row or a column twice.
    let x = tensor(vec![1.0, 2.0, 4.0, 8.0], &[1, 2, 2, 1]);
    let mean = numbers(&composed::mean_2x2(&x).unwrap());
    assert_eq!(mean, [15.0 / 4.0]);
}

#[test]
fn a_pixel_of_zeros_has_finite_gradients() {
    let x = candle_core::Var::zeros((1, 2, 2, 3), DType::F64, &Device::Cpu).unwrap();
    let gamma = double(1, &[3]);
    let normal = composed::pixel_norm(&x).unwrap();
    let contrasted = composed::global_response_norm(&x, &gamma, &gamma).unwrap();
    let sum = (normal.sum_all().unwrap() + contrasted.sum_all().unwrap()).unwrap();
    let gradients = sum.backward().unwrap();
    let gradient = numbers(gradients.get(&x).unwrap());
    assert!(
        gradient
            .iter()
            .all(|slope| slope.is_finite() && *slope > 0.0)
    );
}

fn mean_square(numbers: &[f64]) -> f64 {
    numbers.iter().map(|number| number * number).sum::<f64>() / numbers.len() as f64
}

fn every([a, b, c]: [usize; 3]) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..a).flat_map(move |i| (0..b).flat_map(move |j| (0..c).map(move |k| (i, j, k))))
}
