//! Which images are near which, among very many.
//!
//! Squared distances are |x|² + |y|² − 2·x·y with the products of many pairs at once in single precision. That is fast and not exact, but how wrong it
//! can be is known: wherever the difference could decide, the pair's distance is computed again in f64. So the answers are those of
//! a program that computes every distance in f64, whatever the number of threads.

mod balls;
mod nearest;
mod pairs;

pub use balls::{Edge, Inside, inside};
pub use nearest::{Neighbour, nearest};
