//! Arrays of numpy's: inside of pickles, and as files in an archive.

mod array;
mod kind;
mod npy;
mod npz;
mod pickled;
mod writer;

pub(super) use npz::{Npz, is_npz};
pub(super) use pickled::{array, number};
pub(super) use writer::write;
