//! Two kinds of memory that plain slices cannot be: aligned to a cache line, and written by several threads at once.

#![allow(unsafe_code, reason = "aligned and shared memory")]

use std::{
    marker::PhantomData,
    ops::{Deref, DerefMut},
    slice,
    sync::{Mutex, PoisonError},
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
        Self::over(vec![0; words::<T>(length)], length)
    }

    fn over(memory: Vec<u32>, length: usize) -> Self {
        let start = memory.as_ptr().align_offset(64);
        Self {
            memory,
            start,
            length,
            element: PhantomData,
        }
    }
}

/// Asks for all pages of memory that is about to be written, at once: one by one, each at its first write, they cost a fifth more. (Pages
/// of 2 MB are no gain: those that the system has at hand are small.)
#[cfg(target_os = "linux")]
pub(super) fn populate<T>(memory: &mut [T]) {
    const PAGE: usize = 4096;
    let start = memory.as_ptr().addr();
    let first = start / PAGE * PAGE;
    let length = start + size_of_val(memory) - first;
    let from = memory.as_mut_ptr().wrapping_byte_sub(start - first);
    // SAFETY: the advice changes nothing that is in memory. It may be refused.
    unsafe { libc::madvise(from.cast(), length, libc::MADV_POPULATE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
pub(super) fn populate<T>(_: &mut [T]) {}

/// How many integers hold so many elements, wherever they begin.
fn words<T>(length: usize) -> usize {
    const { assert!(align_of::<T>() <= align_of::<u32>()) };
    (length * size_of::<T>()).div_ceil(4) + 64 / 4
}

/// Memory of some call before, with whatever numbers are in it: pages that the system hands out anew cost as much as the arithmetic of
/// a small convolution's gradient.
#[derive(Debug)]
pub(crate) struct Scratch<T>(Aligned<T>);

/// What no call uses at the moment.
static UNUSED: Mutex<Vec<Vec<u32>>> = Mutex::new(Vec::new());
/// More are given back to the system, the smallest first. Winograd's convolution takes two for each thread.
const KEPT: usize = 64;
/// Integers of the largest that is kept: 256 MB.
const LARGEST: usize = 64 << 20;

impl<T: crate::Element> Scratch<T> {
    /// `length` numbers of any value.
    pub fn new(length: usize) -> Self {
        let needed = words::<T>(length);
        let mut unused = UNUSED.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |length: usize| (needed..=needed.saturating_mul(4)).contains(&length);
        let fitting = (0..unused.len()).filter(|&index| fits(unused[index].len()));
        let found = fitting.min_by_key(|&index| unused[index].len());
        let memory = found.map(|index| unused.swap_remove(index));
        drop(unused);
        Self(Aligned::over(
            memory.unwrap_or_else(|| vec![0; needed]),
            length,
        ))
    }
}

impl<T> Drop for Scratch<T> {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.0.memory);
        self.0.length = 0;
        if memory.len() > LARGEST {
            return;
        }
        let mut unused = UNUSED.lock().unwrap_or_else(PoisonError::into_inner);
        unused.push(memory);
        if unused.len() > KEPT {
            unused.sort_unstable_by_key(|memory| std::cmp::Reverse(memory.len()));
            unused.pop();
        }
    }
}

impl<T> Deref for Scratch<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
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
}
