//! Weights of a panel's outputs, transformed and packed for every plane.

use crate::{
    Element, Instructions,
    product::{
        Microkernel,
        lines::{COLUMNS, Rows, Turn, store},
        transforms::{Kernels, Transforms},
    },
};

/// What all panels have in common.
pub(super) struct Panel<'a, T> {
    pub instructions: Instructions,
    pub kernel: &'a Microkernel<T>,
    pub transforms: &'a Transforms<T>,
    pub inputs: usize,
}

impl<T: Element> Panel<'_, T> {
    /// Rows `[inputs, 3, 3]` of the panel's columns, to its planes. What is transformed at a time, sixteen outputs for
    /// a few inputs, stays in the first-level cache.
    pub fn pack(&self, rows: &[T], data: &mut [T]) {
        let group = self.kernel.group;
        let line_length = self.kernel.columns * group;
        let stride = 9 * self.inputs;
        let (mut turn, mut room) = (Turn::new(), Kernels::new(self.transforms));
        let plane_length = data.len() / self.transforms.values();
        for (index, rows) in rows.chunks(COLUMNS * stride).enumerate() {
            let column = index * COLUMNS;
            let rows = Rows {
                data: rows,
                count: rows.len() / stride,
                stride,
                depth: self.inputs,
                taps: 9,
                group,
            };
            let length = COLUMNS.min(self.kernel.columns - column) * group;
            turn.each(&rows, |first, lines| {
                let values = self
                    .transforms
                    .kernels(self.instructions, group, lines, &mut room);
                let start = first * line_length + column * group;
                let values = values.chunks_exact(lines.len() / 9);
                for (plane, lines) in data.chunks_exact_mut(plane_length).zip(values) {
                    let to = plane[start..].chunks_mut(line_length);
                    for (to, line) in to.zip(lines) {
                        store(&mut to[..length], line);
                    }
                }
            });
        }
    }
}
