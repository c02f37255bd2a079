//! Colours of the classes.

/// Fill of the region of both classes.
pub(super) const BOTH_CLASSES: &str = "#e6e6e6";
/// Its edge.
pub(super) const BOTH_CLASSES_EDGE: &str = "#c6c6c6";
/// The class that is sampled.
pub(super) const SAMPLED_CLASS: &str = "#e07b00";
