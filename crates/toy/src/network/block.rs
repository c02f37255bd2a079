//! Forward, score and parameter gradient of the network for a block of samples that stays in the cache.
//!
//! With h₀ = W₀z, a = φ(h), hₗ = Wₗaₗ₋₁ for the hidden layers, output y = W·a of the last of them and E = mean(y²):
//!
//! 1. forward: h, and φ, φ', φ'' of it from one exponential;
//! 2. back to the input: with M = 2/n·WᵀW the gradient of E by the last activation is u = M·a, so y is never needed and
//!    E = ½a·u; below, gₗ = φ'(hₗ)·uₗ and uₗ₋₁ = Wₗᵀgₗ; ∂E/∂z = W₀ᵀg₀ gives the score;
//! 3. with v = ∂loss/∂(∂E/∂z), the loss changes with the weights as v·∂E/∂z does, which is the derivative Ė of E along v:
//!    the tangents ḣ₀ = W₀v, ȧ = φ'·ḣ, ḣₗ = Wₗȧₗ₋₁ forward;
//! 4. Ė backwards: its gradient by ḣ is g, already known, and by h it is ĥ = φ'·û + φ''·ḣ·u with û = M·ȧ at the top and
//!    û = Wₗᵀĥₗ below; ∂Ė/∂Wₗ = ĥₗaₗ₋₁ᵀ + gₗȧₗ₋₁ᵀ, and for the last layer 2/n·W·(ȧaᵀ + aȧᵀ).
//!
//! Six products a hidden layer and three for the last; automatic differentiation of the same loss does at least seven
//! for each.

use pulp::Simd;

use super::{
    Gradient, Prepared,
    architecture::INPUTS,
    dispatch::{Evaluate, Samples, Train},
    passes::{activate, adjoint, multiply_into},
};
use crate::{
    Point,
    arithmetic::{PAD, Product, accumulate_transposed, multiply},
};

/// Samples in a block: five arrays a layer of this many rows must stay in the second-level cache.
const ROWS: usize = 32;

/// What a hidden layer leaves behind for one block, each `[ROWS, width]`.
#[derive(Debug, Clone, Default)]
pub(super) struct Hidden {
    /// φ(h).
    pub(super) activation: Vec<f32>,
    /// φ'(h).
    pub(super) slope: Vec<f32>,
    /// φ''(h).
    pub(super) curvature: Vec<f32>,
    /// u, the gradient of E by φ(h).
    pub(super) upstream: Vec<f32>,
    /// g, the gradient of E by h.
    pub(super) gradient: Vec<f32>,
    /// ḣ.
    pub(super) tangent: Vec<f32>,
    /// ȧ.
    pub(super) activation_tangent: Vec<f32>,
}

/// The buffers of one thread.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    hidden: Vec<Hidden>,
    /// z and v, `[ROWS, PAD]`.
    input: Vec<f32>,
    pub(super) input_tangent: Vec<f32>,
    /// ∂E/∂z, `[ROWS, PAD]`.
    pub(super) input_gradient: Vec<f32>,
    /// ĥ of one layer, `[ROWS, width]`.
    adjoint: Vec<f32>,
    /// Room for a product.
    product: Vec<f32>,
}

/// What training compares the scores with.
#[derive(Clone, Copy)]
pub(crate) struct Targets<'a> {
    pub(crate) scores: &'a [Point],
    /// Factor of every sample in the loss: one over the batch.
    pub(crate) share: f32,
}

impl Block {
    pub(crate) fn new(network: &Prepared) -> Self {
        let wide = || vec![0.0; ROWS * network.width];
        let narrow = || vec![0.0; ROWS * PAD];
        let hidden = || Hidden {
            activation: wide(),
            slope: wide(),
            curvature: wide(),
            upstream: wide(),
            gradient: wide(),
            tangent: wide(),
            activation_tangent: wide(),
        };
        Self {
            hidden: (0..network.architecture.layers).map(|_| hidden()).collect(),
            input: narrow(),
            input_tangent: narrow(),
            input_gradient: narrow(),
            adjoint: wide(),
            product: wide(),
        }
    }

    /// log p and score of each point at its noise level. One element of `sigmas` serves all points.
    pub(crate) fn evaluate(
        &mut self,
        network: &Prepared,
        points: &[Point],
        sigmas: &[f32],
        (log_densities, scores): (&mut [f32], &mut [Point]),
    ) {
        let sigma = |start: usize, end: usize| {
            if sigmas.len() == 1 {
                sigmas
            } else {
                &sigmas[start..end]
            }
        };
        let outputs = log_densities.chunks_mut(ROWS).zip(scores.chunks_mut(ROWS));
        for (index, (points, (log_densities, scores))) in
            points.chunks(ROWS).zip(outputs).enumerate()
        {
            let start = index * ROWS;
            let sigmas = sigma(start, start + points.len());
            let samples = Samples { points, sigmas };
            pulp::Arch::new().dispatch(Evaluate {
                block: self,
                network,
                samples,
                log_densities,
                scores,
            });
        }
    }

    /// Adds the gradient of share·Σ σ²·½|score − target|² to `gradient`.
    pub(crate) fn train(
        &mut self,
        network: &Prepared,
        points: &[Point],
        sigmas: &[f32],
        targets: Targets<'_>,
        gradient: &mut Gradient,
    ) {
        for (index, points) in points.chunks(ROWS).enumerate() {
            let range = index * ROWS..index * ROWS + points.len();
            let samples = Samples {
                points,
                sigmas: &sigmas[range.clone()],
            };
            let targets = Targets {
                scores: &targets.scores[range],
                share: targets.share,
            };
            pulp::Arch::new().dispatch(Train {
                block: self,
                network,
                samples,
                targets,
                gradient,
            });
        }
    }
}

impl Block {
    /// Step 1. Rows beyond the samples are zero inputs, whose tangents stay zero.
    #[inline(always)]
    pub(super) fn forward<S: Simd, const TRAINING: bool>(
        &mut self,
        simd: S,
        network: &Prepared,
        samples: Samples<'_>,
    ) {
        self.input.fill(0.0);
        for (index, point) in samples.points.iter().enumerate() {
            let scale = samples.scale(index);
            let row = [
                scale * point[0],
                scale * point[1],
                0.25 * samples.sigma(index).ln(),
                1.0,
            ];
            self.input[index * PAD..index * PAD + row.len()].copy_from_slice(&row);
        }
        let width = network.width;
        let (mut below, mut stride, mut inner) = (&self.input, PAD, INPUTS);
        for (layer, hidden) in network.layers.iter().zip(&mut self.hidden) {
            let product = Product {
                a: below,
                stride,
                b: &layer.columns,
                inner,
                columns: width,
            };
            multiply(simd, &product, &mut self.product);
            activate::<S, TRAINING>(simd, &self.product, hidden);
            (below, stride, inner) = (&hidden.activation, width, width);
        }
    }

    /// Step 2.
    #[inline(always)]
    pub(super) fn back_to_input<S: Simd>(&mut self, simd: S, network: &Prepared) {
        let width = network.width;
        let mut above: Option<&[f32]> = None;
        for (index, hidden) in self.hidden.iter_mut().enumerate().rev() {
            let (a, b) = match above {
                Some(gradient) => (gradient, &network.layers[index + 1].rows),
                None => (hidden.activation.as_slice(), &network.last_square),
            };
            multiply(
                simd,
                &Product {
                    a,
                    stride: width,
                    b,
                    inner: width,
                    columns: width,
                },
                &mut hidden.upstream,
            );
            multiply_into(simd, &hidden.slope, &hidden.upstream, &mut hidden.gradient);
            above = Some(&hidden.gradient);
        }
        let (a, b) = (&self.hidden[0].gradient, &network.layers[0].rows);
        let product = Product {
            a,
            stride: width,
            b,
            inner: width,
            columns: PAD,
        };
        multiply(simd, &product, &mut self.input_gradient);
    }

    /// E = ½a·u.
    #[inline(always)]
    pub(super) fn energy(&self, network: &Prepared, index: usize) -> f32 {
        let row = index * network.width..(index + 1) * network.width;
        let last = &self.hidden[self.hidden.len() - 1];
        0.5 * last.activation[row.clone()]
            .iter()
            .zip(&last.upstream[row])
            .map(|(a, u)| a * u)
            .sum::<f32>()
    }

    /// c·gain/σ·∂E/∂z − c²x.
    #[inline(always)]
    pub(super) fn score(&self, network: &Prepared, samples: Samples<'_>, index: usize) -> Point {
        let scale = samples.scale(index);
        let factor = scale * network.gain / samples.sigma(index);
        let [x, y] = samples.points[index];
        let gradient = &self.input_gradient[index * PAD..];
        [
            factor * gradient[0] - scale * scale * x,
            factor * gradient[1] - scale * scale * y,
        ]
    }

    /// Step 3.
    #[inline(always)]
    pub(super) fn tangents<S: Simd>(&mut self, simd: S, network: &Prepared) {
        let width = network.width;
        // v has two coordinates.
        let (mut below, mut stride, mut inner) = (&self.input_tangent, PAD, 2);
        for (layer, hidden) in network.layers.iter().zip(&mut self.hidden) {
            let product = Product {
                a: below,
                stride,
                b: &layer.columns,
                inner,
                columns: width,
            };
            multiply(simd, &product, &mut hidden.tangent);
            multiply_into(
                simd,
                &hidden.slope,
                &hidden.tangent,
                &mut hidden.activation_tangent,
            );
            (below, stride, inner) = (&hidden.activation_tangent, width, width);
        }
    }

    /// Step 4.
    #[inline(always)]
    pub(super) fn weight_gradients<S: Simd>(
        &mut self,
        simd: S,
        network: &Prepared,
        gradient: &mut Gradient,
    ) {
        let width = network.width;
        let (last, inner) = gradient
            .layers
            .split_last_mut()
            .expect("a network has layers");
        let top = &self.hidden[self.hidden.len() - 1];
        let (a, b) = (&top.activation_tangent, &top.activation);
        accumulate_transposed(
            simd,
            &Product {
                a,
                stride: width,
                b,
                inner: ROWS,
                columns: width,
            },
            last,
        );
        for index in (0..self.hidden.len()).rev() {
            let hidden = &self.hidden[index];
            let (a, b) = match network
                .layers
                .get(index + 1)
                .filter(|_| index + 1 < self.hidden.len())
            {
                Some(above) => (&self.adjoint, &above.rows),
                None => (&hidden.activation_tangent, &network.last_square),
            };
            multiply(
                simd,
                &Product {
                    a,
                    stride: width,
                    b,
                    inner: width,
                    columns: width,
                },
                &mut self.product,
            );
            adjoint(simd, &self.product, hidden, &mut self.adjoint);
            let (activation, tangent, columns) = match index.checked_sub(1) {
                Some(below) => (
                    &self.hidden[below].activation,
                    &self.hidden[below].activation_tangent,
                    width,
                ),
                None => (&self.input, &self.input_tangent, PAD),
            };
            for (a, b) in [(&self.adjoint, activation), (&hidden.gradient, tangent)] {
                let product = Product {
                    a,
                    stride: width,
                    b,
                    inner: ROWS,
                    columns,
                };
                accumulate_transposed(simd, &product, &mut inner[index]);
            }
        }
    }
}
