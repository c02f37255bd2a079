//! Sets of images on disk, and the order in which training sees them.
//!
//! A [`Dataset`] is opened from whatever holds it; what it gives is the same for all: pixels `[channels, height, width]` of 8 bits, or
//! the means and standard deviations of latents. Images are read when they are asked for, from any number of threads.
//!
//! ```no_run
//! use foil_data::{Dataset, Flip, Options};
//!
//! let options = Options { resolution: Some(32), ..Options::default() };
//! let dataset = Dataset::open("mnist".as_ref(), &options)?;
//! let mut pixels = vec![0; dataset.shape().iter().product()];
//! let mut order = dataset.order(0);
//! for images_seen in 0..1000 {
//!     let index = order.index(images_seen);
//!     dataset.pixels(index, Flip::None, &mut pixels)?;
//! }
//! # Ok::<(), foil_data::Error>(())
//! ```

mod archive;
mod collection;
mod dataset;
mod decode;
mod encode;
mod error;
mod fingerprint;
mod fit;
mod idx;
mod labels;
mod members;
mod npy;
mod npz;
mod options;
mod order;
mod picture;
pub mod resize;
mod source;
mod statistics;

pub use archive::{Written, write_archive};
pub use dataset::{Dataset, Kind, Skipped};
pub use error::{Error, Result};
pub use fit::Fit;
pub use options::{Flip, Limit, Options, Split};
pub use order::Order;
pub use statistics::{Spread, Statistics, statistics};
