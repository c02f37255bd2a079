//! How well samples match class A, in numbers whose truth is known.

mod energy_distance;
mod judge;
mod table;

pub use energy_distance::{energy_distance, mean_distance};
pub use judge::{Judge, Measures};
pub use table::{GuideRow, Metrics, Row, TrainingRow};
