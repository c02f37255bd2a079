//! Other people's checkpoints, read without executing anything, and Foil's own.
//!
//! | folder or file | what it knows |
//! |---|---|
//! | `pickle/` | Python's pickles, as values |
//! | `torch/` | tensors and state dictionaries in PyTorch's three containers |
//! | `numpy/` | arrays: in pickles, and in archives (.npz) |
//! | `nvidia/` | network pickles of EDM2 |
//! | `statistics` | reference statistics, of NVIDIA's pickles and of archives of arrays |
//! | `tensorflow/` | frozen graphs, whose constants are tensors |
//! | `zipped` | the members of zip archives |
//! | `safetensors`, `writer`, `gradual` | that format, and its files written at once or as their numbers are made |
//! | `snapshot` | Foil's files of networks |
//!
//! A file is mapped, not read: a network of gigabytes opens in milliseconds, and its tensors stay where they are until they are
//! needed. Whatever the file claims, opening it costs a bounded amount of memory and time.

mod contents;
mod format;
mod gradual;
mod numpy;
mod nvidia;
mod pickle;
mod problem;
mod safetensors;
mod snapshot;
mod statistics;
mod tensorflow;
mod torch;
mod writer;
mod zipped;

pub use contents::Contents;
pub use format::Format;
pub use gradual::Gradual;
pub use safetensors::Safetensors;
pub use snapshot::{Provenance, Role, Snapshot};
pub use statistics::{Moments, Statistics};
pub use writer::{header, write};
