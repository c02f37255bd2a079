//! Classes as they are typed: a number, or a name of ImageNet.

use foil_models::{Result, classes};

/// The class's number; whether a network knows it is another matter.
pub fn number(text: &str) -> Result<u32> {
    text.parse().or_else(|_| classes::imagenet_number(text))
}
