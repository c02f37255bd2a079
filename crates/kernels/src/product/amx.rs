//! AMX: 32 rows by 32 columns in four tiles of sums, fed by two tiles of rows and two of the panel, 32 elements of depth at a time.
//!
//! A tile is loaded from rows at one distance from each other. Where the pointers of a tap are so, as they are within a line of
//! an image, it is loaded from the activations themselves; at borders, between lines, and for the last elements of a depth that is
//! no multiple of 32, its rows are first gathered into a block of zeros.
//!
//! The compiler has no type that lives in tile registers and never touches them, so they keep their contents between the
//! blocks of assembly below.

#![allow(unsafe_code, reason = "inline assembly")]

use std::arch::asm;

use half::bf16;

use super::microkernel::{MOST_ROWS, Tile};

/// Rows and columns.
pub(crate) const TILE: (usize, usize) = (2 * ROWS, 2 * ROWS);
/// Elements of depth that one tile instruction multiplies.
pub(crate) const DEPTH: usize = 32;
const ROWS: usize = 16;
/// A block of the panel: 16 pairs of 32 columns.
const PANEL_BLOCK: usize = DEPTH * TILE.1;

/// All eight tiles as 16 rows of 64 bytes (Intel SDM, LDTILECFG).
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = {
    let mut bytes = [0; 16];
    let mut rows = [0; 16];
    let mut tile = 0;
    while tile < 8 {
        bytes[tile] = 64;
        rows[tile] = ROWS as u8;
        tile += 1;
    }
    Configuration {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        bytes,
        rows,
    }
};

/// Configures this thread's tiles.
///
/// # Safety
/// The processor has AMX and the process leave to use it.
pub(crate) unsafe fn enter() {
    // SAFETY: the caller's; 64 bytes are read.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const CONFIGURATION, options(nostack, readonly)) }
}

/// Gives this thread's tiles back, so that switching threads need not save them.
///
/// # Safety
/// As [`enter`].
pub(crate) unsafe fn leave() {
    // SAFETY: the caller's.
    unsafe { asm!("tilerelease", options(nostack, nomem)) }
}

/// Sixteen rows of 32 elements.
#[repr(C, align(64))]
struct Gathered([[bf16; DEPTH]; ROWS]);

/// Where a tile is loaded from.
#[derive(Clone, Copy)]
struct Place {
    from: *const bf16,
    /// From row to row.
    bytes: isize,
}

/// # Safety
/// As [`Tile`] says; this thread has called [`enter`].
pub(crate) unsafe fn product_bf16(tile: &Tile<bf16>, out: *mut f32) {
    // SAFETY: the caller's.
    unsafe {
        if tile.count > ROWS {
            product::<2>(tile, out);
        } else {
            product::<1>(tile, out);
        }
    }
}

/// # Safety
/// As [`product_bf16`]; `tile` has at most 16 `HALVES` rows.
unsafe fn product<const HALVES: usize>(tile: &Tile<bf16>, out: *mut f32) {
    const ZERO: bf16 = bf16::ZERO;
    let mut gathered = [const { Gathered([[ZERO; DEPTH]; ROWS]) }; HALVES];
    let mut panel = tile.panel;
    // SAFETY: the tiles are configured and the pointers good, as the caller promises.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            options(nostack, nomem)
        );
        for tap in 0..tile.taps {
            let rows = std::slice::from_raw_parts(tile.rows.add(tap * MOST_ROWS), tile.count);
            let mut whole = [None; HALVES];
            for (half, whole) in whole.iter_mut().enumerate() {
                *whole = evenly_spaced(&rows[half * ROWS..tile.count.min((half + 1) * ROWS)]);
            }
            for at in (0..tile.depth).step_by(DEPTH) {
                let depth = DEPTH.min(tile.depth - at);
                let mut places = [Place {
                    from: std::ptr::null(),
                    bytes: 64,
                }; HALVES];
                for half in 0..HALVES {
                    places[half] = match whole[half] {
                        Some(bytes) if depth == DEPTH => Place {
                            from: rows[half * ROWS].add(at),
                            bytes,
                        },
                        _ => {
                            let rows = &rows[half * ROWS..tile.count.min((half + 1) * ROWS)];
                            gather(rows, at, depth, &mut gathered[half])
                        }
                    };
                }
                multiply(&places, panel);
                panel = panel.add(PANEL_BLOCK);
            }
        }
        asm!(
            "tilestored [{out} + {line}], tmm0",
            "tilestored [{right} + {line}], tmm1",
            out = in(reg) out, right = in(reg) out.add(ROWS), line = in(reg) 4 * TILE.1,
            options(nostack),
        );
        if HALVES == 2 {
            let below = out.add(ROWS * TILE.1);
            asm!(
                "tilestored [{out} + {line}], tmm2",
                "tilestored [{right} + {line}], tmm3",
                out = in(reg) below, right = in(reg) below.add(ROWS), line = in(reg) 4 * TILE.1,
                options(nostack),
            );
        }
    }
}

/// The distance in bytes between neighbours, if there are sixteen at the same distance.
fn evenly_spaced(rows: &[*const bf16]) -> Option<isize> {
    let address = |row: usize| rows[row].addr() as isize;
    if rows.len() < ROWS {
        return None;
    }
    let bytes = address(1) - address(0);
    (2..ROWS)
        .all(|row| address(row) - address(row - 1) == bytes)
        .then_some(bytes)
}

/// Copies `depth` elements of every row; the rest stays zero.
///
/// # Safety
/// Every row has elements from `at` to `at + depth`.
unsafe fn gather(rows: &[*const bf16], at: usize, depth: usize, into: &mut Gathered) -> Place {
    for (row, line) in into.0.iter_mut().enumerate() {
        let copied = if row < rows.len() { depth } else { 0 };
        if copied > 0 {
            // SAFETY: the caller's.
            unsafe {
                line.as_mut_ptr()
                    .copy_from_nonoverlapping(rows[row].add(at), copied);
            };
        }
        line[copied..].fill(bf16::ZERO);
    }
    Place {
        from: into.0.as_ptr().cast(),
        bytes: 64,
    }
}

/// Adds 32 elements of depth.
///
/// # Safety
/// Each place has 16 rows of 64 bytes, the panel a block.
#[inline(always)]
unsafe fn multiply<const HALVES: usize>(places: &[Place; HALVES], panel: *const bf16) {
    // SAFETY: the caller's; a line of the panel is 32 columns of pairs, 128 bytes, half of it for each tile.
    unsafe {
        asm!(
            "tileloadd tmm4, [{above} + {distance}]",
            "tileloadd tmm6, [{left} + {line}]",
            "tileloadd tmm7, [{right} + {line}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tdpbf16ps tmm1, tmm4, tmm7",
            above = in(reg) places[0].from, distance = in(reg) places[0].bytes,
            left = in(reg) panel, right = in(reg) panel.add(2 * ROWS), line = in(reg) 4 * TILE.1,
            options(nostack, readonly),
        );
        if HALVES == 2 {
            asm!(
                "tileloadd tmm5, [{below} + {distance}]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                below = in(reg) places[HALVES - 1].from, distance = in(reg) places[HALVES - 1].bytes,
                options(nostack, readonly),
            );
        }
    }
}
