//! The one algorithm of all vector microkernels: a register tile of sums is kept over the whole depth.
//!
//! Each instruction set says in its own file how it holds a vector ([`Lanes`]) and how large a tile its registers hold; the loop is
//! here. A row of the first factor is given by one pointer for each tap, so that a convolution needs no copy of its input.

#![allow(
    unsafe_code,
    reason = "pointers into rows and panels, checked once for a tile"
)]

use std::marker::PhantomData;

use half::bf16;

use super::microkernel::{MOST_ROWS, Tile};

/// Vectors of one instruction set for elements `T`, in groups along the depth: one `f32`, or two `bf16` that are multiplied together.
///
/// # Safety
/// The methods may be called only where the instruction set is enabled, with pointers to as many elements as they say.
pub(crate) unsafe trait Lanes<T>: Copy {
    /// `LANES` sums.
    type Sum: Copy;
    /// `LANES` groups.
    type Factor: Copy;
    /// Sums in a vector.
    const LANES: usize;
    /// Elements multiplied together.
    const GROUP: usize;

    unsafe fn zero() -> Self::Sum;
    /// The group at `from`, in every lane.
    unsafe fn splat(from: *const T) -> Self::Factor;
    /// The element at `from` and zeros in the rest of its group: nothing behind it is read.
    unsafe fn splat_one(from: *const T) -> Self::Factor;
    /// `LANES` groups.
    unsafe fn load(from: *const T) -> Self::Factor;
    /// `sum + Σ a·b` over the group.
    unsafe fn multiply_add(a: Self::Factor, b: Self::Factor, sum: Self::Sum) -> Self::Sum;
    unsafe fn store(sum: Self::Sum, to: *mut f32);
}

/// Pairs of bf16 as two vectors of f32, the even elements and the odd, for instruction sets that do not multiply bf16.
///
/// # Safety
/// As [`Lanes`].
pub(crate) unsafe trait SplitPairs: Lanes<f32> {
    /// One pair in every lane; the first element is the lower half of its bits.
    unsafe fn splat_pair(pair: u32) -> [Self::Factor; 2];
    /// `LANES` pairs.
    unsafe fn load_pairs(from: *const bf16) -> [Self::Factor; 2];
}

/// Vectors of pairs made of the vectors of f32 of `L`.
#[derive(Clone, Copy)]
pub(crate) struct Pairs<L>(PhantomData<L>);

// SAFETY: every method does what the trait says if those of `L` do.
unsafe impl<L: SplitPairs> Lanes<bf16> for Pairs<L> {
    type Sum = L::Sum;
    type Factor = [L::Factor; 2];
    const LANES: usize = L::LANES;
    const GROUP: usize = 2;

    #[inline(always)]
    unsafe fn zero() -> L::Sum {
        // SAFETY: the caller's.
        unsafe { L::zero() }
    }
    #[inline(always)]
    unsafe fn splat(from: *const bf16) -> [L::Factor; 2] {
        // SAFETY: the caller's. Both elements of a pair are read at once.
        unsafe {
            let (first, second) = ((*from).to_bits(), (*from.add(1)).to_bits());
            L::splat_pair(u32::from(first) | u32::from(second) << 16)
        }
    }
    #[inline(always)]
    unsafe fn splat_one(from: *const bf16) -> [L::Factor; 2] {
        // SAFETY: the caller's.
        unsafe { L::splat_pair(u32::from((*from).to_bits())) }
    }
    #[inline(always)]
    unsafe fn load(from: *const bf16) -> [L::Factor; 2] {
        // SAFETY: the caller's.
        unsafe { L::load_pairs(from) }
    }
    #[inline(always)]
    unsafe fn multiply_add(a: [L::Factor; 2], b: [L::Factor; 2], sum: L::Sum) -> L::Sum {
        // SAFETY: the caller's.
        unsafe { L::multiply_add(a[1], b[1], L::multiply_add(a[0], b[0], sum)) }
    }
    #[inline(always)]
    unsafe fn store(sum: L::Sum, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { L::store(sum, to) }
    }
}

/// `ROWS` by `VECTORS·LANES` sums over all taps and the whole depth, written to `out` row by row.
///
/// # Safety
/// As [`Tile`] says, with `ROWS` rows, and the instruction set of `L` must be enabled in the caller.
#[inline(always)]
pub(crate) unsafe fn tile<T, L: Lanes<T>, const ROWS: usize, const VECTORS: usize>(
    tile: &Tile<T>,
    out: *mut f32,
) {
    // SAFETY: the caller's promise covers every pointer below; see `Tile`.
    unsafe {
        let mut sums = [[L::zero(); VECTORS]; ROWS];
        let mut panel = tile.panel;
        let whole = tile.depth - tile.depth % L::GROUP;
        for tap in 0..tile.taps {
            let rows = tile
                .rows
                .add(tap * MOST_ROWS)
                .cast::<[*const T; ROWS]>()
                .read();
            let mut at = 0;
            while at < whole {
                multiply::<T, L, ROWS, VECTORS, false>(&rows, at, panel, &mut sums);
                panel = panel.add(VECTORS * L::LANES * L::GROUP);
                at += L::GROUP;
            }
            if at < tile.depth {
                multiply::<T, L, ROWS, VECTORS, true>(&rows, at, panel, &mut sums);
                panel = panel.add(VECTORS * L::LANES * L::GROUP);
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                L::store(*sum, out.add((row * VECTORS + vector) * L::LANES));
            }
        }
    }
}

/// Adds one group of the depth.
///
/// # Safety
/// As [`tile`].
#[inline(always)]
unsafe fn multiply<T, L: Lanes<T>, const ROWS: usize, const VECTORS: usize, const ONE: bool>(
    rows: &[*const T; ROWS],
    at: usize,
    panel: *const T,
    sums: &mut [[L::Sum; VECTORS]; ROWS],
) {
    // SAFETY: the caller's.
    unsafe {
        let mut b = [L::load(panel); VECTORS];
        for (vector, b) in b.iter_mut().enumerate().skip(1) {
            *b = L::load(panel.add(vector * L::LANES * L::GROUP));
        }
        for row in 0..ROWS {
            let from = rows[row].add(at);
            let a = if ONE {
                L::splat_one(from)
            } else {
                L::splat(from)
            };
            for vector in 0..VECTORS {
                sums[row][vector] = L::multiply_add(a, b[vector], sums[row][vector]);
            }
        }
    }
}

/// Calls [`tile`] with the number of rows as a constant.
macro_rules! tile_of_rows {
    ($tile:expr, $out:expr, $lanes:ty, $vectors:literal, $($rows:literal)+) => {
        match $tile.count {
            $($rows => {
                // SAFETY: the caller's promise; the instruction set is enabled here.
                unsafe { $crate::product::lanes::tile::<_, $lanes, $rows, $vectors>($tile, $out) }
            })+
            count => unreachable!("a tile of {count} rows"),
        }
    };
}
pub(crate) use tile_of_rows;
