//! Python pickles, read by a machine that cannot execute anything.
//!
//! A pickle is a program for a small stack machine, and two of its instructions call functions of the program's choice. Here they
//! make nodes that say what would have been called with what; whoever reads a checkpoint looks for the few calls
//! that it knows and understands them itself. Nothing else has any effect.
//!
//! All values lie in one list and refer to each other by their places: what refers to itself is no trouble, and neither is the
//! end of a value nested a million deep. Texts and bytes stay in the file. The memory is bounded whatever the file says.

mod budget;
mod input;
mod machine;
mod node;
mod opcode;
mod operands;
mod value;
mod writer;

use std::{cell::Cell, ops::Range};

pub(crate) use node::Node;
use value::{Id, Value};
pub(crate) use writer::Writer;

use super::problem::{Found, Problem};

/// A program that has run: its values, and which of them is the result.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    bytes: &'a [u8],
    values: Vec<Value>,
    root: Id,
    end: usize,
    /// How many elements readers have gone through: a large part that a million others refer to must not be read a million
    /// times.
    walked: Cell<usize>,
}

impl<'a> Pickle<'a> {
    /// Memory of a checkpoint's values. The largest published network needs a hundredth.
    pub(crate) const LARGE: usize = 64 << 20;
    /// Memory of the few values in the header of a torch stream.
    pub(crate) const SMALL: usize = 64 << 10;

    /// Runs the program in `range` of a file, with about `memory` bytes of memory.
    pub(crate) fn read(bytes: &'a [u8], range: Range<usize>, memory: usize) -> Found<Self> {
        machine::Machine::new(bytes, range, memory).run()
    }

    /// Elements that may be gone through. The largest published network needs a thousandth.
    const PATIENCE: usize = 1 << 25;

    /// Its result.
    pub(crate) fn root(&self) -> Node<'_> {
        Node::new(self, self.root)
    }

    /// Every value that was made on the way.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        let places = 0..self.values.len();
        places.map(|place| Node::new(self, Id(place as u32)))
    }

    /// Counts elements that are about to be gone through; false if there have been too many.
    fn walk(&self, elements: usize) -> bool {
        let walked = self.walked.get().saturating_add(elements);
        self.walked.set(walked);
        walked <= Self::PATIENCE
    }

    /// That whatever has been read was all there: after too many elements, containers no longer open.
    pub(crate) fn check_patience(&self) -> Found<()> {
        if self.walk(0) {
            return Ok(());
        }
        Err(Problem::new(
            "its parts refer to each other more often than those of any network",
        ))
    }

    /// Where in the file the program ends.
    pub(crate) fn end(&self) -> usize {
        self.end
    }
}
