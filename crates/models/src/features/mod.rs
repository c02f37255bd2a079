//! Networks that describe images by numbers, by which sets of images are compared.

pub mod inception;
