//! Values that remember how they were made, and the gradients of what became of them: what networks are trained with on the CPU.
//!
//! candle has a graph of its own, and every operation of this crate is a node of it, on every device. It adds each gradient to
//! zeros first, by loops of its own, and that takes most of a small network's time. Here the first gradient of a value is kept as
//! it comes and later ones are added in place, every step is a pass of `foil-kernels`, and gradients of weights stay in `f32`.
//! The steps are the very operations of the other graph, and each is tested against it.

mod gradients;
mod image;
mod modulate;
mod operations;
mod product;
mod step;
mod weight;

use std::{
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};

use candle_core::Tensor;

pub use gradients::{Gradients, gradients};
pub use product::Mixed;
pub(crate) use step::Buffer;
use step::Step;
pub use weight::RowOrder;

use crate::{
    error::{Named, Result},
    operation::is_fast,
};

/// A tensor on the CPU that remembers how it was made.
#[derive(Clone)]
pub struct Traced(Rc<Node>);

struct Node {
    /// Grows with every value: a value's number is above those it was made of.
    number: u64,
    value: Tensor,
    /// Whether a variable had a part in it.
    wanted: bool,
    history: Option<History>,
}

struct History {
    step: Box<dyn Step>,
    inputs: Vec<Traced>,
}

impl Traced {
    /// Whose gradient is wanted.
    pub fn variable(value: Tensor) -> Self {
        Self::node(value, true, None)
    }

    /// Whose gradient is not.
    pub fn constant(value: Tensor) -> Self {
        Self::node(value, false, None)
    }

    /// Its value.
    pub fn value(&self) -> &Tensor {
        &self.0.value
    }

    /// Its value in its role, if the kernels can take it.
    fn named(&self, operation: &'static str, name: &'static str) -> Result<Named<'_>> {
        let named = Named::new(operation, name, self.value());
        if is_fast(&[self.value()]) {
            return Ok(named);
        }
        Err(named
            .problem("a traced value has at least one number, in F32 or BF16, and lies on the CPU"))
    }

    /// What a step made of other values.
    fn made(value: Tensor, step: impl Step + 'static, inputs: Vec<Self>) -> Self {
        let wanted = inputs.iter().any(|input| input.0.wanted);
        let history = wanted.then(|| History {
            step: Box::new(step),
            inputs,
        });
        Self::node(value, wanted, history)
    }

    fn node(value: Tensor, wanted: bool, history: Option<History>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Rc::new(Node {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            value,
            wanted,
            history,
        }))
    }
}

impl std::fmt::Debug for Traced {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let made = self.0.history.is_some();
        formatter
            .debug_struct("Traced")
            .field("shape", &self.0.value.dims())
            .field("wanted", &self.0.wanted)
            .field("made", &made)
            .finish()
    }
}
