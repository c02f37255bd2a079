//! Obvious loops in f64, straight from the formulas: what the kernels are compared with.

/// Rows of `length` numbers, each replaced by what `row` makes of it.
fn by_row(x: &[f64], length: usize, row: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    x.chunks(length).flat_map(row).collect()
}

pub fn pixel_norm(x: &[f64], channels: usize, epsilon: f64) -> Vec<f64> {
    by_row(x, channels, |row| {
        let magnitude = (row.iter().map(|x| x * x).sum::<f64>() / channels as f64).sqrt();
        row.iter().map(|x| x / (epsilon + magnitude)).collect()
    })
}

pub fn layer_norm(x: &[f64], scale: &[f64], shift: &[f64], epsilon: f64) -> Vec<f64> {
    by_row(x, scale.len(), |row| {
        let (mean, variance) = moments(row);
        let each = row.iter().enumerate();
        each.map(|(c, x)| (x - mean) / (variance + epsilon).sqrt() * scale[c] + shift[c])
            .collect()
    })
}

pub fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    (mean, variance)
}

/// x̂ of a `[batch, pixels, channels]` tensor, and 1/√(variance + ε) at each element.
pub fn standardise(
    x: &[f64],
    pixels: usize,
    channels: usize,
    groups: usize,
    epsilon: f64,
) -> (Vec<f64>, Vec<f64>) {
    let mut x_hat = x.to_vec();
    let mut factors = x.to_vec();
    let members = channels / groups;
    let sample = pixels * channels;
    for start in (0..x.len()).step_by(sample.max(1)) {
        for group in 0..groups {
            let all = (0..sample)
                .filter(|i| i % channels / members == group)
                .map(|i| start + i);
            let indices: Vec<usize> = all.collect();
            let values: Vec<f64> = indices.iter().map(|&i| x[i]).collect();
            let (mean, variance) = moments(&values);
            for i in indices {
                factors[i] = 1.0 / (variance + epsilon).sqrt();
                x_hat[i] = (x[i] - mean) * factors[i];
            }
        }
    }
    (x_hat, factors)
}

pub fn response_norm(x: &[f64], pixels: usize, scale: &[f64], shift: &[f64]) -> Vec<f64> {
    let channels = scale.len();
    by_row(x, (pixels * channels).max(1), |sample| {
        let norm = |c: usize| {
            sample
                .iter()
                .skip(c)
                .step_by(channels)
                .map(|x| x * x)
                .sum::<f64>()
                .sqrt()
        };
        let norms: Vec<f64> = (0..channels).map(norm).collect();
        let mean = norms.iter().sum::<f64>() / channels as f64;
        let each = sample.iter().enumerate().map(|(i, x)| (i % channels, x));
        each.map(|(c, x)| scale[c] * (x * (norms[c] / (mean + 1e-6))) + shift[c] + x)
            .collect()
    })
}

pub fn softmax(x: &[f64], columns: usize) -> Vec<f64> {
    by_row(x, columns, |row| {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|x| (x - most).exp()).sum();
        row.iter().map(|x| (x - most).exp() / sum).collect()
    })
}

pub fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

pub fn silu_slope(x: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    sigmoid * (1.0 + x * (1.0 - sigmoid))
}

/// Φ by its Taylor series about 0, which converges everywhere.
pub fn normal_cdf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..300 {
        let n = f64::from(n);
        term *= x * x / (2.0 * n + 1.0);
        sum += term;
    }
    0.5 + sum * normal_density(x)
}

pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

pub fn mp_sum(a: &[f64], b: &[f64], t: f64) -> Vec<f64> {
    let norm = ((1.0 - t).powi(2) + t.powi(2)).sqrt();
    a.iter()
        .zip(b)
        .map(|(a, b)| (a + t * (b - a)) / norm)
        .collect()
}

pub fn mp_cat(a: &[f64], b: &[f64], [n_a, n_b]: [usize; 2], t: f64) -> Vec<f64> {
    let (wide_a, wide_b) = (n_a as f64, n_b as f64);
    let c = ((wide_a + wide_b) / ((1.0 - t).powi(2) + t.powi(2))).sqrt();
    let mut out = Vec::new();
    for pixel in 0..a.len() / n_a {
        out.extend(
            a[pixel * n_a..][..n_a]
                .iter()
                .map(|a| c / wide_a.sqrt() * (1.0 - t) * a),
        );
        out.extend(
            b[pixel * n_b..][..n_b]
                .iter()
                .map(|b| c / wide_b.sqrt() * t * b),
        );
    }
    out
}

/// `x`: `[batch, height, width, channels]`, of which the means of 2 × 2 blocks.
pub fn downsample(x: &[f64], [height, width, channels]: [usize; 3]) -> Vec<f64> {
    let batch = x.len() / (height * width * channels).max(1);
    let at =
        |n: usize, h: usize, w: usize, c: usize| x[((n * height + h) * width + w) * channels + c];
    let mut out = Vec::new();
    for n in 0..batch {
        for h in (0..height).step_by(2) {
            for w in (0..width).step_by(2) {
                for c in 0..channels {
                    let sum = at(n, h, w, c)
                        + at(n, h, w + 1, c)
                        + at(n, h + 1, w, c)
                        + at(n, h + 1, w + 1, c);
                    out.push(sum / 4.0);
                }
            }
        }
    }
    out
}

pub fn upsample(x: &[f64], [height, width, channels]: [usize; 3]) -> Vec<f64> {
    let batch = x.len() / (height * width * channels).max(1);
    let mut out = Vec::new();
    for n in 0..batch {
        for h in 0..2 * height {
            for w in 0..2 * width {
                for c in 0..channels {
                    out.push(x[((n * height + h / 2) * width + w / 2) * channels + c]);
                }
            }
        }
    }
    out
}

/// Σ gradient · forward(x), differentiated by central differences.
pub fn differences(x: &[f64], gradient: &[f64], forward: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let mut moved = x.to_vec();
    let mut slopes = Vec::new();
    for index in 0..x.len() {
        let mut loss = |by: f64| {
            moved[index] = x[index] + by;
            let sum: f64 = forward(&moved)
                .iter()
                .zip(gradient)
                .map(|(y, g)| y * g)
                .sum();
            moved[index] = x[index];
            sum
        };
        slopes.push((loss(STEP) - loss(-STEP)) / (2.0 * STEP));
    }
    slopes
}
