//! The published networks and settings by their names, as data: which file, which guide, which weight, and the score that its
//! authors report. What a name means is known here; where a file comes from and where it is kept is not.

mod named;
mod network;
mod table;

pub use named::Named;
pub use network::{DataSet, LICENCE, Network, Snapshot};
pub use table::{Guidance, Method, Preset, Published, all, find};
