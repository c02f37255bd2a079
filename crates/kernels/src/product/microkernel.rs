//! The tile product that an instruction set provides, and its terms.

#![allow(unsafe_code, reason = "holds the functions of instruction sets")]

use std::marker::PhantomData;

use half::bf16;

#[cfg(target_arch = "aarch64")]
use super::neon;
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{amx, avx2, avx512};
use crate::instructions::{InstructionSet, Instructions};

/// The most rows that any tile has; the distance between taps in [`Tile::rows`].
pub(crate) const MOST_ROWS: usize = 32;
/// The most sums in any tile.
pub(crate) const MOST_SUMS: usize = 32 * 32;

/// What one call multiplies: `count` rows, each the concatenation over taps of `depth` elements at a pointer, by a packed panel.
///
/// A call's promise: `count` is from 1 to the kernel's rows; `rows` points to `[taps][MOST_ROWS]` pointers, of which `count` a
/// tap point to `depth` readable elements each; `panel` points to `taps` times the padded depth times the kernel's columns.
pub(crate) struct Tile<T> {
    pub count: usize,
    pub rows: *const *const T,
    pub taps: usize,
    pub depth: usize,
    pub panel: *const T,
}

/// The tile product of one instruction set for one element type, with the shape of its tile.
#[derive(Debug)]
pub struct Microkernel<T> {
    /// Most rows of a tile.
    pub(crate) rows: usize,
    /// Columns of a tile, and of a packed panel.
    pub(crate) columns: usize,
    /// Elements along the depth that lie together in a panel.
    pub(crate) group: usize,
    /// The depth of each tap is padded with zeros to a multiple of this.
    pub(crate) depth_multiple: usize,
    function: unsafe fn(&Tile<T>, *mut f32),
    /// Whether the thread's tile registers must be configured first.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(dead_code, reason = "only AMX has tile registers")
    )]
    configured: bool,
}

impl<T> Clone for Microkernel<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Microkernel<T> {}

impl<T> Microkernel<T> {
    /// Most rows of a tile.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of a panel.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Readies this thread; products are asked of the session.
    pub(crate) fn session(&self) -> Session<'_, T> {
        #[cfg(target_arch = "x86_64")]
        if self.configured {
            // SAFETY: the kernel was chosen because the processor has AMX and the process leave to use it.
            unsafe { amx::enter() }
        }
        Session(self, PhantomData)
    }

    const fn new(
        (rows, columns): (usize, usize),
        (group, depth_multiple): (usize, usize),
        function: unsafe fn(&Tile<T>, *mut f32),
    ) -> Self {
        assert!(rows <= MOST_ROWS && rows * columns <= MOST_SUMS);
        Self {
            rows,
            columns,
            group,
            depth_multiple,
            function,
            configured: depth_multiple > 2,
        }
    }
}

/// A thread that is ready for a kernel's products.
pub(crate) struct Session<'a, T>(&'a Microkernel<T>, PhantomData<*const ()>);

impl<T> Session<'_, T> {
    /// Writes `[tile.count, columns]` sums to `out`.
    ///
    /// # Safety
    /// As [`Tile`] says, and `out` has room for the kernel's whole tile.
    #[inline(always)]
    pub(crate) unsafe fn multiply(&self, tile: &Tile<T>, out: *mut f32) {
        // SAFETY: the caller's promise; the constructor chose a function that the processor can run.
        unsafe { (self.0.function)(tile, out) }
    }
}

impl<T> Drop for Session<'_, T> {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.0.configured {
            // SAFETY: as when it was made; a session is not `Send`.
            unsafe { amx::leave() }
        }
    }
}

impl Microkernel<f32> {
    pub(crate) fn f32(instructions: Instructions) -> Self {
        match instructions.set() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 | InstructionSet::Avx512Bf16 | InstructionSet::Amx => {
                Self::new(avx512::TILE, (1, 1), avx512::product_f32)
            }
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => Self::new(avx2::TILE_F32, (1, 1), avx2::product_f32),
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => Self::new(neon::TILE_F32, (1, 1), neon::product_f32),
            _ => Self::new(portable::TILE, (1, 1), portable::product_f32),
        }
    }
}

impl Microkernel<bf16> {
    pub(crate) fn bf16(instructions: Instructions) -> Self {
        match instructions.set() {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Amx => Self::new(amx::TILE, (2, amx::DEPTH), amx::product_bf16),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512Bf16 => Self::new(avx512::TILE, (2, 2), avx512::product_bf16),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => {
                Self::new(avx512::TILE_SPLIT, (2, 2), avx512::product_bf16_split)
            }
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => Self::new(avx2::TILE_BF16, (2, 2), avx2::product_bf16),
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => Self::new(neon::TILE_BF16, (2, 2), neon::product_bf16),
            _ => Self::new(portable::TILE, (2, 2), portable::product_bf16),
        }
    }
}
