//! Networks that describe images by numbers, by which sets of images are compared.

pub mod dinov2;
pub mod inception;
