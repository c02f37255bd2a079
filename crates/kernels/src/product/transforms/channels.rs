//! Neighbouring channels as vectors of f32, whatever they are stored as.

#![allow(unsafe_code, reason = "vector instructions")]

use std::marker::PhantomData;

use half::bf16;

use super::Vectors;
use crate::Element;

/// Channels as f32.
type Vector<L> = <L as Vectors>::Vector;

/// Reads and stores as many channels as a vector of f32 has lanes.
///
/// # Safety
/// The methods may be called only where the instruction set is enabled, with pointers to that many elements.
pub(crate) unsafe trait Channels<T> {
    /// What computes with them.
    type Lanes: Vectors;

    unsafe fn read(from: *const T) -> Vector<Self::Lanes>;
    /// Rounded.
    unsafe fn write(channels: Vector<Self::Lanes>, to: *mut T);
}

// SAFETY: `Lanes` promises the same.
unsafe impl<L: Vectors> Channels<f32> for L {
    type Lanes = L;

    #[inline(always)]
    unsafe fn read(from: *const f32) -> L::Vector {
        // SAFETY: the caller's.
        unsafe { L::load(from) }
    }
    #[inline(always)]
    unsafe fn write(channels: L::Vector, to: *mut f32) {
        // SAFETY: the caller's.
        unsafe { L::store(channels, to) }
    }
}

/// Channels of bf16 by way of memory, for instruction sets that do not round to them.
pub(crate) struct Widened<L>(PhantomData<L>);

/// Lanes of the widest vector.
const MOST: usize = 16;

// SAFETY: as many elements are read and written as a vector has.
unsafe impl<L: Vectors> Channels<bf16> for Widened<L> {
    type Lanes = L;

    #[inline(always)]
    unsafe fn read(from: *const bf16) -> L::Vector {
        let mut values = [0.0; MOST];
        for (lane, value) in values.iter_mut().enumerate().take(L::LANES) {
            // SAFETY: the caller's.
            *value = unsafe { Element::to_f32(*from.add(lane)) };
        }
        // SAFETY: the caller's; a vector has no more lanes than there are values.
        unsafe { L::load(values.as_ptr()) }
    }
    #[inline(always)]
    unsafe fn write(channels: L::Vector, to: *mut bf16) {
        let mut values = [0.0; MOST];
        // SAFETY: as above.
        unsafe { L::store(channels, values.as_mut_ptr()) }
        for (lane, value) in values.iter().enumerate().take(L::LANES) {
            // SAFETY: the caller's.
            unsafe { *to.add(lane) = Element::from_f32(*value) }
        }
    }
}
