//! Sums over one row. Floating-point addition is not associative and the compiler respects that, so the order is spelled out:
//! 32 partial sums, which every instruction set can keep in registers, folded by halves.

use crate::element::Element;

pub(super) const LANES: usize = 32;

/// What is summed.
pub(super) trait Term: Copy {
    fn of(self, x: f32) -> f32;
}

/// The number itself.
#[derive(Clone, Copy)]
pub(super) struct Itself;

impl Term for Itself {
    #[inline(always)]
    fn of(self, x: f32) -> f32 {
        x
    }
}

/// Its distance from another.
#[derive(Clone, Copy)]
pub(super) struct About(pub(super) f32);

impl Term for About {
    #[inline(always)]
    fn of(self, x: f32) -> f32 {
        x - self.0
    }
}

/// Its squared distance from another.
#[derive(Clone, Copy)]
pub(super) struct SquareAbout(pub(super) f32);

impl Term for SquareAbout {
    #[inline(always)]
    fn of(self, x: f32) -> f32 {
        (x - self.0) * (x - self.0)
    }
}

/// As many terms as there are partial sums; what is missing at the end of a row is 0.
pub(super) type Terms = [f32; LANES];

/// Partial sums. Terms come by the block, never by the index: that would keep the sums in memory.
pub(super) struct Sums(Terms);

impl Sums {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self([0.0; LANES])
    }

    #[inline(always)]
    pub(super) fn add(&mut self, terms: &Terms) {
        for (sum, term) in self.0.iter_mut().zip(terms) {
            *sum += term;
        }
    }

    #[inline(always)]
    pub(super) fn total(self) -> f32 {
        let halves: [f32; 16] = fold(&self.0);
        let quarters: [f32; 8] = fold(&halves);
        let four: [f32; 4] = fold(&quarters);
        let two: [f32; 2] = fold(&four);
        two[0] + two[1]
    }
}

#[inline(always)]
fn fold<const ALL: usize, const HALF: usize>(sums: &[f32; ALL]) -> [f32; HALF] {
    let mut folded = [0.0; HALF];
    for lane in 0..HALF {
        folded[lane] = sums[lane] + sums[lane + HALF];
    }
    folded
}

/// Σ term(x).
#[inline(always)]
pub(super) fn sum<T: Element>(term: impl Term, x: &[T]) -> f32 {
    let mut sums = Sums::new();
    let (blocks, tail) = x.as_chunks::<LANES>();
    for block in blocks {
        sums.add(&terms_of(term, block));
    }
    if !tail.is_empty() {
        sums.add(&terms_of(term, tail));
    }
    sums.total()
}

#[inline(always)]
fn terms_of<T: Element>(term: impl Term, x: &[T]) -> Terms {
    let mut terms = [0.0; LANES];
    for (x, value) in x.iter().zip(terms.iter_mut()) {
        *value = term.of(x.to_f32());
    }
    terms
}

/// Σ ab.
#[inline(always)]
pub(super) fn dot<T: Element>(a: &[T], b: &[T]) -> f32 {
    let mut sums = Sums::new();
    let (a_blocks, a_tail) = a.as_chunks::<LANES>();
    let (b_blocks, b_tail) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        sums.add(&products(a, b));
    }
    if !a_tail.is_empty() {
        sums.add(&products(a_tail, b_tail));
    }
    sums.total()
}

#[inline(always)]
fn products<T: Element>(a: &[T], b: &[T]) -> Terms {
    let mut products = [0.0; LANES];
    for ((a, b), product) in a.iter().zip(b).zip(products.iter_mut()) {
        *product = a.to_f32() * b.to_f32();
    }
    products
}

/// The largest, −∞ for none; a NaN counts as nothing.
#[inline(always)]
pub(super) fn largest<T: Element>(x: &[T]) -> f32 {
    let mut most = [f32::NEG_INFINITY; LANES];
    let (blocks, tail) = x.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            most[lane] = larger(block[lane].to_f32(), most[lane]);
        }
    }
    let mut result = f32::NEG_INFINITY;
    for x in tail {
        result = larger(x.to_f32(), result);
    }
    for most in most {
        result = larger(most, result);
    }
    result
}

#[inline(always)]
fn larger(x: f32, y: f32) -> f32 {
    if x > y { x } else { y }
}
