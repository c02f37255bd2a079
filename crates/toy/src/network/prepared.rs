//! Weights as the arithmetic wants them: normalised, padded, and in both orientations.

use pulp::{Arch, Simd, WithSimd};

use super::Architecture;
use crate::arithmetic::{Product, accumulate_transposed, multiply, padded};

/// Added to the root mean square of a row before dividing by it. Karras et al. 2024 (EDM2), section 2.
const EPSILON: f32 = 1e-4;

/// ε + root mean square.
fn magnitude(row: &[f32]) -> f32 {
    let square: f32 = row.iter().map(|weight| weight * weight).sum();
    EPSILON + (square / row.len() as f32).sqrt()
}

/// Forced weight normalisation: every row of every layer gets unit mean square.
pub(crate) fn normalise_rows(architecture: Architecture, parameters: &mut [f32]) {
    for (range, inputs) in architecture.ranges() {
        for row in parameters[range].chunks_exact_mut(inputs) {
            let magnitude = magnitude(row);
            for weight in row.iter_mut() {
                *weight /= magnitude;
            }
        }
    }
}

/// One layer's effective weights w = W/(magnitude·√inputs).
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// `[outputs, inputs]`, padded: for the way back.
    pub(super) rows: Vec<f32>,
    /// `[inputs, outputs]`, padded: for the way forward.
    pub(super) columns: Vec<f32>,
}

/// All layers.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(super) architecture: Architecture,
    pub(super) layers: Vec<Layer>,
    /// 2/n·WᵀW of the last layer of n outputs, `[inputs, inputs]`: see [`super::block`].
    pub(super) last_square: Vec<f32>,
    pub(super) gain: f32,
    /// Padded width.
    pub(super) width: usize,
}

impl Prepared {
    pub(crate) fn new(architecture: Architecture, parameters: &[f32]) -> Self {
        let width = padded(architecture.width);
        let layers = architecture.ranges().map(|(range, inputs)| {
            let stride = padded(inputs);
            let (mut rows, mut columns) = (vec![0.0; width * stride], vec![0.0; stride * width]);
            for (output, row) in parameters[range].chunks_exact(inputs).enumerate() {
                let scale = 1.0 / (magnitude(row) * (inputs as f32).sqrt());
                for (input, weight) in row.iter().enumerate() {
                    rows[output * stride + input] = weight * scale;
                    columns[input * width + output] = weight * scale;
                }
            }
            Layer { rows, columns }
        });
        let layers: Vec<Layer> = layers.collect();
        let last = &layers[layers.len() - 1].rows;
        let mut last_square = vec![0.0; width * width];
        let product = Product {
            a: last,
            stride: width,
            b: last,
            inner: width,
            columns: width,
        };
        Arch::new().dispatch(AccumulateTransposed(&product, &mut last_square));
        let share = 2.0 / architecture.width as f32;
        for square in &mut last_square {
            *square *= share;
        }
        Self {
            architecture,
            layers,
            last_square,
            gain: parameters[parameters.len() - 1],
            width,
        }
    }
}

struct AccumulateTransposed<'a>(&'a Product<'a>, &'a mut [f32]);

impl WithSimd for AccumulateTransposed<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        accumulate_transposed(simd, self.0, self.1);
    }
}

struct Multiply<'a>(&'a Product<'a>, &'a mut [f32]);

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        multiply(simd, self.0, self.1);
    }
}

/// The gradient of the loss by the effective weights, summed over samples.
#[derive(Debug, Clone)]
pub(crate) struct Gradient {
    /// Per layer `[outputs, inputs]`, padded like [`Layer::rows`]; for the last layer Σ ȧaᵀ `[inputs, inputs]`.
    pub(super) layers: Vec<Vec<f32>>,
    pub(super) gain: f64,
    /// Sum of the samples' losses.
    pub(crate) loss: f64,
}

impl Gradient {
    pub(crate) fn zero(architecture: Architecture) -> Self {
        let width = padded(architecture.width);
        let layers = architecture
            .inputs()
            .map(|inputs| vec![0.0; width * padded(inputs)])
            .collect();
        Self {
            layers,
            gain: 0.0,
            loss: 0.0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.layers.iter_mut().for_each(|layer| layer.fill(0.0));
        (self.gain, self.loss) = (0.0, 0.0);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (layer, other) in self.layers.iter_mut().zip(&other.layers) {
            layer
                .iter_mut()
                .zip(other)
                .for_each(|(sum, part)| *sum += part);
        }
        self.gain += other.gain;
        self.loss += other.loss;
    }

    /// The gradient by the stored parameters, through normalisation, in their flat order.
    ///
    /// With m = ε + ρ, ρ the root mean square of a row W of n weights, and G the gradient by w = W/(m√n):
    /// ∂L/∂W = (G − W·(G·W)/(n·ρ·m))/(m√n).
    pub(crate) fn by_parameters(&self, network: &Prepared, parameters: &[f32], out: &mut [f32]) {
        let last = self.last_layer(network);
        let (_, inner) = self.layers.split_last().expect("a network has layers");
        let gradients = inner.iter().chain([&last]);
        for ((range, inputs), gradient) in network.architecture.ranges().zip(gradients) {
            let weights = parameters[range.clone()].chunks_exact(inputs);
            let rows = gradient.chunks_exact(padded(inputs));
            for ((out, weights), row) in out[range].chunks_exact_mut(inputs).zip(weights).zip(rows)
            {
                let (magnitude, count) = (magnitude(weights), inputs as f32);
                let along: f32 = row
                    .iter()
                    .zip(weights)
                    .map(|(gradient, weight)| gradient * weight)
                    .sum();
                // A row of zeros has no direction that normalisation could take away.
                let share =
                    along / (count * (magnitude - EPSILON).max(f32::MIN_POSITIVE) * magnitude);
                let scale = 1.0 / (magnitude * count.sqrt());
                for ((out, gradient), weight) in out.iter_mut().zip(row).zip(weights) {
                    *out = (gradient - weight * share) * scale;
                }
            }
        }
        out[out.len() - 1] = self.gain as f32;
    }

    /// The last layer's part: 2/n·W·(Σ ȧaᵀ + Σ aȧᵀ).
    fn last_layer(&self, network: &Prepared) -> Vec<f32> {
        let width = network.width;
        let sum = &self.layers[self.layers.len() - 1];
        let share = 2.0 / network.architecture.width as f32;
        let entry =
            |index: usize| share * (sum[index] + sum[index % width * width + index / width]);
        let both: Vec<f32> = (0..width * width).map(entry).collect();
        let weights = &network.layers[network.layers.len() - 1].rows;
        let mut gradient = vec![0.0; width * width];
        let product = Product {
            a: weights,
            stride: width,
            b: &both,
            inner: width,
            columns: width,
        };
        Arch::new().dispatch(Multiply(&product, &mut gradient));
        gradient
    }
}
