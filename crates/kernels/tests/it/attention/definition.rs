//! softmax(QKᵀ/√width)·V and its gradients in f64, one head of one sample at a time, with the whole matrix of weights in memory.

use foil_kernels::attention::Attention;

/// `[tokens][width]`.
type Matrix = Vec<Vec<f64>>;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// What the channels of a token are divided by.
fn divisor(of: &Attention, token: &[f64]) -> f64 {
    let mean = dot(token, token) / token.len() as f64;
    of.normalise
        .map_or(1.0, |epsilon| f64::from(epsilon) + mean.sqrt())
}

/// Where the channels of one head of one sample begin, token by token.
fn starts(
    of: &Attention,
    count: usize,
    [sample, head]: [usize; 2],
) -> impl Iterator<Item = usize> + use<> {
    let Attention { heads, width, .. } = *of;
    (0..count).map(move |token| ((sample * count + token) * heads + head) * width)
}

fn rows(of: &Attention, x: &[f64], count: usize, place: [usize; 2]) -> Matrix {
    starts(of, count, place)
        .map(|start| x[start..][..of.width].to_vec())
        .collect()
}

fn normalised(of: &Attention, mut rows: Matrix) -> Matrix {
    for row in &mut rows {
        let divisor = divisor(of, row);
        for value in row {
            *value /= divisor;
        }
    }
    rows
}

/// softmax(QKᵀ/√width).
fn weights(of: &Attention, q: &Matrix, k: &Matrix) -> Matrix {
    let line = |q: &Vec<f64>| {
        let scores = k.iter().map(|k| dot(q, k) / (of.width as f64).sqrt());
        let scores: Vec<f64> = scores.collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers = scores.iter().map(|score| (score - largest).exp());
        let total: f64 = powers.clone().sum();
        powers.map(|power| power / total).collect()
    };
    q.iter().map(line).collect()
}

fn places(of: &Attention) -> impl Iterator<Item = [usize; 2]> + use<> {
    let Attention { batch, heads, .. } = *of;
    (0..batch).flat_map(move |sample| (0..heads).map(move |head| [sample, head]))
}

/// Of tokens without gaps.
pub fn forward(of: &Attention, [q, k, v]: [&[f64]; 3]) -> Vec<f64> {
    let mut out = vec![0.0; q.len()];
    for place in places(of) {
        let [q, k, v] = [(q, of.queries), (k, of.keys), (v, of.keys)]
            .map(|(x, count)| normalised(of, rows(of, x, count, place)));
        let weights = weights(of, &q, &k);
        for (start, weights) in starts(of, of.queries, place).zip(&weights) {
            for channel in 0..of.width {
                let products = weights
                    .iter()
                    .zip(&v)
                    .map(|(weight, v)| weight * v[channel]);
                out[start + channel] = products.sum();
            }
        }
    }
    out
}

/// Of v, normalised where it is.
pub fn largest_value(of: &Attention, v: &[f64]) -> f64 {
    largest(places(of).flat_map(|place| {
        let v = normalised(of, rows(of, v, of.keys, place));
        v.into_iter().flatten()
    }))
}

/// The gradients of q, k and v, and what errors in each element are relative to.
pub struct Gradient {
    pub values: Vec<f64>,
    pub scales: Vec<f64>,
}

/// With P the weights and g the output's gradient, dP = g·Vᵀ and dS = P∘(dP − rowsum(P∘dP)).
pub fn gradients(of: &Attention, [q, k, v]: [&[f64]; 3], grad: &[f64]) -> [Gradient; 3] {
    let mut out = [q, k, v].map(|x| Gradient {
        values: vec![0.0; x.len()],
        scales: vec![0.0; x.len()],
    });
    for place in places(of) {
        let raw = [(q, of.queries), (k, of.keys), (v, of.keys)]
            .map(|(x, count)| rows(of, x, count, place));
        let grad = rows(of, grad, of.queries, place);
        let [q, k, v] = raw.clone().map(|rows| normalised(of, rows));
        let slopes = of_normalised(of, [&q, &k, &v], &grad);
        for ((out, raw), (slopes, most)) in out.iter_mut().zip(&raw).zip(&slopes) {
            let lines = starts(of, raw.len(), place).zip(raw.iter().zip(slopes));
            for (start, (x, slope)) in lines {
                through_norm(of, x, slope, &mut out.values[start..][..of.width]);
                out.scales[start..][..of.width].fill(most / divisor(of, x));
            }
        }
    }
    out
}

/// The largest finite magnitude.
pub fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite.fold(0.0, |most, value| most.max(value.abs()))
}

/// The gradients, and the largest of each or, of q and k, of its first sum: (P∘dP)·K − rowsum(P∘dP)·(P·K) may be far less than either.
fn of_normalised(of: &Attention, [q, k, v]: [&Matrix; 3], grad: &Matrix) -> [(Matrix, f64); 3] {
    let weights = weights(of, q, k);
    let (mut first, mut by_score) = (Matrix::new(), Matrix::new());
    for (grad, weights) in grad.iter().zip(&weights) {
        let products = v
            .iter()
            .zip(weights)
            .map(|(v, weight)| weight * dot(grad, v));
        let products: Vec<f64> = products.collect();
        let mean: f64 = products.iter().sum();
        let differences = products
            .iter()
            .zip(weights)
            .map(|(product, weight)| product - weight * mean);
        let scaled = |x: f64| x / (of.width as f64).sqrt();
        by_score.push(differences.map(scaled).collect());
        first.push(products.into_iter().map(scaled).collect());
    }
    let most = |x: &Matrix| largest(x.iter().flatten().copied());
    let (dq, of_q) = (times(of, &by_score, k), times(of, &first, k));
    let (dk, of_k) = (
        turned_times(of, &by_score, q, k.len()),
        turned_times(of, &first, q, k.len()),
    );
    let dv = turned_times(of, &weights, grad, k.len());
    let sizes = [
        most(&dq).max(most(&of_q)),
        most(&dk).max(most(&of_k)),
        most(&dv),
    ];
    let [of_q, of_k, of_v] = sizes;
    [(dq, of_q), (dk, of_k), (dv, of_v)]
}

fn times(of: &Attention, factors: &Matrix, x: &Matrix) -> Matrix {
    let mut out = vec![vec![0.0; of.width]; factors.len()];
    for (out, factors) in out.iter_mut().zip(factors) {
        for (factor, x) in factors.iter().zip(x) {
            add(out, *factor, x);
        }
    }
    out
}

fn turned_times(of: &Attention, factors: &Matrix, x: &Matrix, columns: usize) -> Matrix {
    let mut out = vec![vec![0.0; of.width]; columns];
    for (factors, x) in factors.iter().zip(x) {
        for (out, factor) in out.iter_mut().zip(factors) {
            add(out, *factor, x);
        }
    }
    out
}

fn add(out: &mut [f64], factor: f64, x: &[f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += factor * x;
    }
}

/// ∂(x/r)/∂x with r = ε + n and n the root mean square: g/r − x·⟨x, g⟩/(width·n·r²), of which the second vanishes with x.
fn through_norm(of: &Attention, x: &[f64], slope: &[f64], out: &mut [f64]) {
    let r = divisor(of, x);
    let n = (dot(x, x) / of.width as f64).sqrt();
    let along = if of.normalise.is_none() || n == 0.0 {
        0.0
    } else {
        dot(x, slope) / (of.width as f64 * n * r * r)
    };
    for ((out, slope), x) in out.iter_mut().zip(slope).zip(x) {
        *out = slope / r - x * along;
    }
}
