//! Resizing as other programs do it: published data sets and features were made with them, and statistics of images differ with the filter.
//!
//! Both go along lines first and along columns then, and stretch a filter by the factor of reduction, so that every source pixel counts
//! ("antialiasing"). They differ in how they round.

mod adm;
mod filter;
mod pillow;
mod taps;
mod torch;

pub use adm::adm_crop;
pub use filter::Filter;
pub use pillow::resize;
pub use torch::resize_unrounded_bicubic;
