//! What can go wrong: tensors that do not fit together, and whatever the tensor library reports.

use candle_core::{DType, Tensor};

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two tensors of one operation that do not fit together.
    #[error("{operation}: {left} {left_shape:?} against {right} {right_shape:?}: {problem}")]
    Mismatch {
        /// Which operation.
        operation: &'static str,
        /// The role of the first tensor.
        left: &'static str,
        /// Its shape.
        left_shape: Box<[usize]>,
        /// The role of the second tensor.
        right: &'static str,
        /// Its shape.
        right_shape: Box<[usize]>,
        /// What does not fit.
        problem: String,
    },
    /// A tensor whose shape the operation has no meaning for.
    #[error("{operation}: {name} {shape:?}: {problem}")]
    Shape {
        /// Which operation.
        operation: &'static str,
        /// The role of the tensor.
        name: &'static str,
        /// Its shape.
        shape: Box<[usize]>,
        /// What is wrong.
        problem: String,
    },
    /// Two tensors of one operation that are stored differently.
    #[error("{operation}: {left} is {left_type:?}, {right} is {right_type:?}")]
    Type {
        /// Which operation.
        operation: &'static str,
        /// The role of the first tensor.
        left: &'static str,
        /// What it is stored as.
        left_type: DType,
        /// The role of the second tensor.
        right: &'static str,
        /// What it is stored as.
        right_type: DType,
    },
    /// The tensor library failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

/// The result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A tensor in its role in an operation, as messages name it.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) operation: &'static str,
    pub(crate) name: &'static str,
    pub(crate) shape: &'a [usize],
    pub(crate) dtype: DType,
}

impl<'a> Named<'a> {
    pub(crate) fn new(operation: &'static str, name: &'static str, tensor: &'a Tensor) -> Self {
        Self {
            operation,
            name,
            shape: tensor.dims(),
            dtype: tensor.dtype(),
        }
    }

    /// The dimensions, of which there must be exactly `N`.
    pub(crate) fn dimensions<const N: usize>(self, meaning: &str) -> Result<[usize; N]> {
        let dimensions = self.shape.try_into();
        dimensions.map_err(|_| self.problem(format!("expected {meaning}")))
    }

    /// The last dimension, of a tensor that has at least `rank`.
    pub(crate) fn channels(self, rank: usize) -> Result<usize> {
        match self.shape {
            [.., channels] if self.shape.len() >= rank => Ok(*channels),
            _ => Err(self.problem(format!(
                "expected at least {rank} dimensions, channels last"
            ))),
        }
    }

    pub(crate) fn problem(self, problem: impl Into<String>) -> Error {
        Error::Shape {
            operation: self.operation,
            name: self.name,
            shape: self.shape.into(),
            problem: problem.into(),
        }
    }

    /// The error that this tensor and another do not fit together.
    pub(crate) fn against(self, right: Named<'_>, problem: impl Into<String>) -> Error {
        Error::Mismatch {
            operation: self.operation,
            left: self.name,
            left_shape: self.shape.into(),
            right: right.name,
            right_shape: right.shape.into(),
            problem: problem.into(),
        }
    }

    /// That `right` has exactly this shape.
    pub(crate) fn shaped(self, right: Named<'_>, shape: &[usize]) -> Result<()> {
        if right.shape == shape {
            return Ok(());
        }
        Err(self.against(right, format!("expected {} {shape:?}", right.name)))
    }

    /// That `right` has exactly this shape and is stored as this tensor is.
    pub(crate) fn with(self, right: Named<'_>, shape: &[usize]) -> Result<()> {
        self.shaped(right, shape)?;
        self.same_type(right)
    }

    pub(crate) fn same_type(self, right: Named<'_>) -> Result<()> {
        if self.dtype == right.dtype {
            return Ok(());
        }
        Err(Error::Type {
            operation: self.operation,
            left: self.name,
            left_type: self.dtype,
            right: right.name,
            right_type: right.dtype,
        })
    }

    /// Another tensor of the same operation.
    pub(crate) fn beside<'b>(self, name: &'static str, tensor: &'b Tensor) -> Named<'b> {
        Named::new(self.operation, name, tensor)
    }
}
