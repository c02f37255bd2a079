//! Training of diffusion models. So far: the mathematics of averaging weights.

pub mod ema;
