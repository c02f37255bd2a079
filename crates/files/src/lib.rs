//! Files that are whole or not there: written beside their place, then renamed.
//!
//! Whoever is stopped or killed while writing leaves the file that was there before, or none; a reader never sees half of one.

mod error;
mod folder;
mod read;
mod write;

pub use error::FileError;
pub use folder::{check_writable, folder_of, remove_unfinished};
pub use read::read;
pub use write::{Unfinished, write, write_with};
