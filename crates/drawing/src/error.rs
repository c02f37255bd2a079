//! What can go wrong between a drawing and its pixels.

/// Why a drawing could not be rasterised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrawingError {
    /// An image could not be written as PNG.
    #[error("encoding an image")]
    Encode(#[from] png::EncodingError),
    /// The rasteriser does not understand the drawing.
    #[error("reading a drawing")]
    Read(#[from] resvg::usvg::Error),
    /// The scale asks for no pixels or for too many.
    #[error("a drawing of {width} × {height} units cannot be rasterised at scale {scale}")]
    Scale {
        /// Width of the drawing.
        width: u32,
        /// Height of the drawing.
        height: u32,
        /// Pixels per unit.
        scale: f32,
    },
}
