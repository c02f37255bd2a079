//! What can go wrong: numbers out of range from outside, and whatever the tensor library reports.

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A noise level that is negative, infinite or not a number.
    #[error("noise level {0} is not allowed: it must be finite and not negative")]
    Sigma(f64),
    /// A list of noise levels that does not go strictly down.
    #[error("noise levels must be at least two and strictly decreasing, but {0}")]
    NoiseLevels(String),
    /// A schedule with impossible parameters.
    #[error("{schedule} schedule: {problem}")]
    Schedule {
        /// Which schedule.
        schedule: &'static str,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// A guidance weight, mix or interval that means nothing.
    #[error("guidance: {0}")]
    Guidance(String),
    /// A text that is no guidance.
    #[error(transparent)]
    GuidanceText(#[from] crate::guidance::TextError),
    /// A sampler asked for something it cannot do.
    #[error("sampler: {0}")]
    Sampler(String),
    /// Tensors that do not fit together.
    #[error("{what} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Which tensor.
        what: &'static str,
        /// The shape it has.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// The observer asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A network failed.
    #[error(transparent)]
    Network(Box<dyn std::error::Error + Send + Sync>),
    /// The tensor library failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

impl Error {
    /// What a network's own crate reports.
    pub fn network(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Network(Box::new(error))
    }
}

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
