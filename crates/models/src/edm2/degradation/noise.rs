//! Normal numbers added to weights.

use foil_diffusion::random::{FoilStream, Stream};

use super::super::streams::Purpose;

/// w + amount·RMS(w)·n, where a seed has a draw for each tensor of a network.
pub(super) fn add(weights: &mut [f32], amount: f64, (seed, draw): (u64, u32)) {
    let squares: f64 = weights.iter().map(|&w| f64::from(w).powi(2)).sum();
    let deviation = amount * (squares / weights.len().max(1) as f64).sqrt();
    let mut normal = vec![0.0; weights.len()];
    FoilStream::after(Purpose::Degradation.key(seed), draw).fill_normal(&mut normal);
    for (weight, n) in weights.iter_mut().zip(normal) {
        *weight = (f64::from(*weight) + deviation * f64::from(n)) as f32;
    }
}
