//! How much memory and work a pickle may cost.

use super::super::problem::{Found, Problem};

/// What is left to be spent, in bytes. An instruction costs one, so that time is bounded as well.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    /// Spends, or refuses to go on.
    pub(super) fn spend(&mut self, bytes: usize) -> Found<()> {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Problem::new(
                "the pickle makes more values than any checkpoint has",
            )),
        }
    }
}
