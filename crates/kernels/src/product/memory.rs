//! Two kinds of memory that plain slices cannot be: aligned to a cache line, and written by several threads at once.

#![allow(unsafe_code, reason = "aligned and shared memory")]

use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
    slice,
};

/// Numbers aligned to 64 bytes: a vector load that crosses cache lines costs two.
#[derive(Debug)]
pub(crate) struct Aligned<T> {
    /// With room to begin at a multiple of 64 bytes. Integers, because of them the standard library knows that all bytes of zero are
    /// zero, and asks the system for zeroed pages, which come as they are first written, by whichever thread that is.
    memory: Vec<u32>,
    start: usize,
    length: usize,
    element: PhantomData<T>,
}

impl<T: crate::Element> Aligned<T> {
    /// `length` zeros.
    pub fn zeros(length: usize) -> Self {
        const { assert!(align_of::<T>() <= align_of::<u32>()) };
        let words = (length * size_of::<T>()).div_ceil(4);
        let memory = vec![0; words + 64 / 4];
        let start = memory.as_ptr().align_offset(64);
        Self {
            memory,
            start,
            length,
            element: PhantomData,
        }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let from = self.memory[self.start..].as_ptr();
        // SAFETY: the memory holds `length` elements from here, aligned more strictly than they need; any bits are a number.
        unsafe { slice::from_raw_parts(from.cast(), self.length) }
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let from = self.memory[self.start..].as_mut_ptr();
        // SAFETY: as above, and borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(from.cast(), self.length) }
    }
}

/// A slice of which several threads write different parts at the same time.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a, T> {
    data: *mut T,
    length: usize,
    borrowed: PhantomData<&'a mut [T]>,
}

// SAFETY: access is by `part`, whose caller promises that parts do not overlap.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub fn new(slice: &'a mut [T]) -> Self {
        Self {
            data: slice.as_mut_ptr(),
            length: slice.len(),
            borrowed: PhantomData,
        }
    }

    /// `length` elements from `start`; out of range is a panic.
    ///
    /// # Safety
    /// While it lives no other part that overlaps exists.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "that is what it is for; see Safety")]
    pub unsafe fn part(&self, start: usize, length: usize) -> &mut [T] {
        assert!(
            start <= self.length && length <= self.length - start,
            "part outside of the slice"
        );
        // SAFETY: inside the borrowed slice, and not shared, as the caller promises.
        unsafe { slice::from_raw_parts_mut(self.data.add(start), length) }
    }

    /// Where `length` elements from `start` lie, for what writes them with gaps; out of range is a panic.
    pub fn pointer(&self, start: usize, length: usize) -> *mut T {
        assert!(
            start <= self.length && length <= self.length - start,
            "part outside of the slice"
        );
        self.data.wrapping_add(start)
    }
}
