//! Post-hoc EMA of whole networks: averages of any length from the snapshots of a run, which kept only a few lengths.
//!
//! | file | what it knows |
//! |---|---|
//! | `run` | a folder of snapshots, and that they are of one run |
//! | `plan` | which snapshots add up to which averages, with which coefficients |
//! | `rebuild` | all averages at once in one pass over the snapshots, a part of a tensor at a time |

mod error;
mod plan;
mod rebuild;
mod run;

pub use error::{Error, Result};
pub use plan::{Precision, Reconstruction};
pub use run::{Moment, Run};
