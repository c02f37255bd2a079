//! What can go wrong between numbers and a picture.

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// A sample has diverged, or a model is broken.
    #[error("{0} are not all finite")]
    NotFinite(&'static str),
    /// The contour of a region could not be traced.
    #[error("tracing a contour")]
    Contour(#[from] contour::Error),
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
