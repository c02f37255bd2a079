//! Guidance: denoisers made of denoisers.
//!
//! A [`Plan`] is a composition, and text says which: `auto:2.1@0.2..5+cfg:1.3`. The order in which it acts is always the same.
//!
//! 1. The strong model estimates D_m. A term acts where its weight w(σ), after schedule and interval, is not neutral: 1, or 0 of a
//!    classifier's scale s. A weak model whose term does not act is not run, and shapes that remember do not see that evaluation.
//! 2. Each acting term turns D_m, its weak estimate D_i and w_i(σ) into an addition: g_i = (w_i − 1)·Δ_i with Δ_i = D_m − D_i, changed by
//!    its shapes in the order written; of a classifier g = s·σ²·∇ₓ log p(y | x; σ).
//! 3. D = D_m + Σ g_i, in the order written. Terms do not see each other: with two this is the three-network formula of Karras et al.
//!    2024, section 5, D_m + (w_u − 1)(D_m − D_u) + (w_c − 1)(D_m − D_g).
//! 4. Finishes change D, in the order written.
//!
//! No image depends on the batch it is in: norms, products and quantiles are of one image.
//!
//! Costs are evaluations beside the strong model's one, where the term acts.
//!
//! | guide | what is weak | source | cost |
//! |---|---|---|---|
//! | `auto` | another, weaker network | arXiv 2406.02507 | the guide's |
//! | `cfg` | an unconditional network | 2207.12598 | 1 |
//! | `truncate` | the noisy image | 2406.02507 | 0 |
//! | `classifier(dialect)` | a classifier's gradient, added with scale s | 2105.05233 | its forward and backward pass |
//! | `icg` | a random other class | 2407.02687 | 1 |
//! | `time-step(scale,exponent)` | a disturbed embedding of σ | 2407.02687 | 1 |
//! | `self(shift)` | a higher noise level | 2412.05827 | 1 |
//! | `dropout(p)` | dropout | 2510.17136 | 1 |
//! | `noise(amount)` | a noisier image | 2406.02507 | 1 |
//! | `skip(blocks)` | missing blocks | Stable Diffusion 3.5 | below 1 |
//! | `attention-identity` | attention that sees nothing | 2403.17377 | 1 |
//! | `attention-blur(sigma)` | blurred queries | 2408.00760 | 1 |
//! | `weight-noise(amount)` | noisy weights | – | 1 |
//! | `bits(n)` | coarse weights | – | 1 |
//! | `ema(std)` | another average of the training | 2406.02507 | 1 |
//! | `window(size,stride)` | crops | 2411.10257 | windows·(size/side)² |
//!
//! | shape | what it makes of Δ | source | cost |
//! |---|---|---|---|
//! | `apg(eta,norm,momentum,dialect)` | momentum, a limit, less along D_m | 2410.02416 | 0 |
//! | `zero-star(zero)` | a scaled weak velocity, and none at the start | 2503.18886 | 0, less at the start |
//! | `tcfg(space)` | no second singular direction in D_weak | 2503.18137 | 0 |
//! | `fdg(low,high,levels)` | a weight for each frequency | 2506.19713 | 0 |
//! | `mambo(alpha)` | less where Δ is large | 2508.03442 | 0 |
//! | `adaptive(threshold,space)` | none once both agree | 2312.12487 | none from there on |
//! | `refresh(every)` | the same for k steps | – | 1/k |
//! | `plus-plus` | noise from D_weak | 2406.08070 | 0 |
//!
//! | finish | what it makes of D | source |
//! |---|---|---|
//! | `rescale(share)` | D_m's contrast | 2305.08891 |
//! | `threshold(max)` | nothing beyond a range | 2205.11487 |
//! | `dynamic-threshold(percentile,max,cap)` | the range, squeezed | 2205.11487 |
//!
//! | schedule | the weight's excess over time | source |
//! |---|---|---|
//! | `~linear` | 2·(1 − t) | 2404.13040 |
//! | `~cosine` | 1 + cos πt | 2404.13040 |
//! | `~power(exponent)` | (p + 1)·(1 − t)ᵖ | – |
//! | `~beta(a,b)` | the beta distribution's density | 2502.10574 |
//!
//! Rust that needs no text has [`Guided`], a term of two known types, and [`Blend`], the mean of two weak models.

pub mod finish;
mod gauge;
pub mod guide;
mod guided;
mod images;
mod plan;
pub mod shape;
mod text;
pub mod weight;

pub use finish::Finish;
pub use gauge::Gauge;
pub use guide::{Blend, Classifier, Flat, Guide};
pub use guided::Guided;
pub use plan::{Composed, Guides, Plan, Term};
pub use shape::Shape;
pub use text::TextError;
pub use weight::{Gate, Interval, Schedule, Strength, Weight};
