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
    /// The drawing could not be rasterised.
    #[error(transparent)]
    Drawing(#[from] foil_drawing::DrawingError),
}
