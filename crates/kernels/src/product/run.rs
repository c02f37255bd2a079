//! Cuts a product into tiles and shares them among the threads of rayon's pool.
//!
//! Every tile is computed by one thread over the whole depth in one order, so that results depend neither on the number of
//! threads nor on how tiles are shared.

#![allow(unsafe_code, reason = "hands pointers to microkernels")]

use rayon::prelude::*;

use super::{
    microkernel::{MOST_ROWS, MOST_SUMS, Microkernel, Session, Tile},
    packing::PackedMatrix,
};
use crate::Element;

/// The first factor: rows that are given by a pointer for each tap.
///
/// # Safety
/// `pointers` writes, for every row and tap, a pointer to `depth` readable elements.
pub(crate) unsafe trait Rows<T>: Sync {
    /// How many.
    fn count(&self) -> usize;
    /// For row `first + i` and tap `t` at `into[t * MOST_ROWS + i]`.
    fn pointers(&self, first: usize, count: usize, into: &mut [*const T]);
}

/// What becomes of a tile's sums.
pub(crate) trait Sink: Sync {
    /// Takes `[rows, stride]` sums, which it may change, of which the columns in `columns` exist. Called once for every tile, from several threads.
    fn take(
        &self,
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        sums: &mut [f32],
        stride: usize,
    );
}

/// Into how many tasks a product is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiling {
    tile_rows: usize,
    tiles_in_task: usize,
    panels_in_task: usize,
}

/// Below this many multiplications waking another thread costs more than it saves.
const ALONE: usize = 1 << 19;
/// Bytes of rows that a task passes over for one panel after another: they stay in the second-level cache.
const ROWS_IN_CACHE: usize = 384 << 10;
/// Bytes of panels that are used in turn for the same rows.
const PANELS_IN_CACHE: usize = 512 << 10;

impl Tiling {
    fn new<T>(kernel: &Microkernel<T>, rows: usize, matrix: &PackedMatrix<T>) -> Self
    where
        T: Element,
    {
        let tiles = rows.div_ceil(kernel.rows).max(1);
        // Tiles of nearly equal height, not full ones and a rest.
        let tile_rows = rows.div_ceil(tiles).max(1);
        let panels = matrix.panels();
        let work = rows * matrix.columns * matrix.depth * matrix.taps;
        if work < ALONE {
            return Self {
                tile_rows,
                tiles_in_task: tiles,
                panels_in_task: panels.max(1),
            };
        }
        let tasks = 4 * rayon::current_num_threads();
        let tile_bytes = tile_rows * matrix.depth * size_of::<T>();
        let mut tiles_in_task = (ROWS_IN_CACHE / tile_bytes.max(1)).clamp(1, tiles);
        let row_tasks = tiles.div_ceil(tiles_in_task);
        let panel_tasks = tasks.div_ceil(row_tasks).min(panels);
        if row_tasks * panel_tasks < tasks {
            tiles_in_task = tiles.div_ceil(tasks.div_ceil(panel_tasks).min(tiles));
        }
        Self {
            tile_rows,
            tiles_in_task,
            panels_in_task: panels.div_ceil(panel_tasks),
        }
    }
}

/// Multiplies all rows by the matrix; with only one task it runs on the calling thread.
pub(crate) fn run<T: Element, R: Rows<T>>(
    kernel: &Microkernel<T>,
    matrix: &PackedMatrix<T>,
    rows: &R,
    sink: &impl Sink,
) {
    let count = rows.count();
    if count == 0 || matrix.columns == 0 {
        return;
    }
    let tiling = Tiling::new(kernel, count, matrix);
    let rows_in_task = tiling.tile_rows * tiling.tiles_in_task;
    let row_tasks = count.div_ceil(rows_in_task);
    let panel_tasks = matrix.panels().div_ceil(tiling.panels_in_task);
    let task = |index: usize| {
        let (row_task, panel_task) = (index / panel_tasks, index % panel_tasks);
        let first = row_task * rows_in_task;
        let last = count.min(first + rows_in_task);
        let panel = panel_task * tiling.panels_in_task;
        let panels = panel..matrix.panels().min(panel + tiling.panels_in_task);
        run_task(
            kernel,
            matrix,
            (rows, sink),
            (first..last, tiling.tile_rows),
            panels,
        );
    };
    if row_tasks * panel_tasks == 1 {
        task(0);
    } else {
        (0..row_tasks * panel_tasks)
            .into_par_iter()
            .with_max_len(1)
            .for_each(task);
    }
}

/// Room for one tile's sums.
#[repr(C, align(64))]
struct Sums([f32; MOST_SUMS]);

/// One thread's means to multiply tile by tile: a kernel that is ready, and room for pointers and sums.
pub(crate) struct Tiles<'a, T> {
    kernel: &'a Microkernel<T>,
    session: Session<'a, T>,
    sums: Sums,
}

impl<'a, T: Element> Tiles<'a, T> {
    pub fn new(kernel: &'a Microkernel<T>) -> Self {
        Self {
            kernel,
            session: kernel.session(),
            sums: Sums([0.0; MOST_SUMS]),
        }
    }

    /// The sums of `count` rows of `a`, of which each is `stride` after the one before, for one panel: `[count, columns of a panel]`.
    pub fn multiply(
        &mut self,
        matrix: &PackedMatrix<T>,
        panel: usize,
        rows: (&[T], usize),
        count: usize,
    ) -> &[f32] {
        assert_eq!(matrix.taps, 1, "rows in one piece");
        let pointers = self.pointers(matrix, rows, count);
        // SAFETY: the rows were checked.
        unsafe { self.multiply_at(matrix, panel, &pointers, count) }
    }

    /// The sums of one of the matrix's taps alone, to `to`, where a whole tile must have room: all of it may be written.
    pub fn multiply_to(
        &self,
        matrix: &PackedMatrix<T>,
        [panel, tap]: [usize; 2],
        rows: (&[T], usize),
        count: usize,
        to: &mut [f32],
    ) {
        let room = self.kernel.rows * self.kernel.columns;
        assert!(room <= to.len(), "room for {room} sums");
        let pointers = self.pointers(matrix, rows, count);
        let tile = Tile {
            count,
            rows: pointers.as_ptr(),
            taps: 1,
            depth: matrix.depth,
            panel: matrix.tap(panel, tap).as_ptr(),
        };
        // SAFETY: the rows and the room were checked; the packing has the kernel's own layout.
        unsafe { self.session.multiply(&tile, to.as_mut_ptr()) };
    }

    fn pointers(
        &self,
        matrix: &PackedMatrix<T>,
        (a, stride): (&[T], usize),
        count: usize,
    ) -> [*const T; MOST_ROWS] {
        assert!((1..=self.kernel.rows).contains(&count), "{count} rows");
        assert!(
            (count - 1) * stride + matrix.depth <= a.len(),
            "{count} rows of {}",
            matrix.depth
        );
        let mut pointers = [std::ptr::null(); MOST_ROWS];
        for (row, pointer) in pointers[..count].iter_mut().enumerate() {
            *pointer = a[row * stride..].as_ptr();
        }
        pointers
    }

    /// The same where each row is given by a pointer for each tap, `[tap][MOST_ROWS]`.
    ///
    /// # Safety
    /// `count` pointers of each tap, at most the kernel's rows, point to as many elements as the matrix is deep.
    unsafe fn multiply_at(
        &mut self,
        matrix: &PackedMatrix<T>,
        panel: usize,
        pointers: &[*const T],
        count: usize,
    ) -> &mut [f32] {
        let tile = tile(matrix, panel, pointers, count);
        // SAFETY: the caller's for the pointers; the packing has the kernel's own layout, `Sums` holds any tile.
        unsafe { self.session.multiply(&tile, self.sums.0.as_mut_ptr()) };
        &mut self.sums.0[..count * self.kernel.columns]
    }
}

/// `count` rows by a panel.
fn tile<T: Element>(
    matrix: &PackedMatrix<T>,
    panel: usize,
    pointers: &[*const T],
    count: usize,
) -> Tile<T> {
    Tile {
        count,
        rows: pointers.as_ptr(),
        taps: matrix.taps,
        depth: matrix.depth,
        panel: matrix.panel(panel).as_ptr(),
    }
}

fn run_task<T: Element, R: Rows<T>>(
    kernel: &Microkernel<T>,
    matrix: &PackedMatrix<T>,
    (rows, sink): (&R, &impl Sink),
    (range, tile_rows): (std::ops::Range<usize>, usize),
    panels: std::ops::Range<usize>,
) {
    let mut pointers = vec![std::ptr::null(); matrix.taps * MOST_ROWS];
    let mut tiles = Tiles::new(kernel);
    // As many panels as stay in the second-level cache are used for one tile of rows after another.
    let together = (PANELS_IN_CACHE / matrix.panel_bytes().max(1)).clamp(1, panels.len());
    for group in panels.clone().step_by(together) {
        for first in range.clone().step_by(tile_rows) {
            let count = tile_rows.min(range.end - first);
            rows.pointers(first, count, &mut pointers);
            for panel in group..panels.end.min(group + together) {
                // SAFETY: `Rows` promises the pointers.
                let sums = unsafe { tiles.multiply_at(matrix, panel, &pointers, count) };
                let columns =
                    panel * kernel.columns..matrix.columns.min((panel + 1) * kernel.columns);
                sink.take(first..first + count, columns, sums, kernel.columns);
            }
        }
    }
}
