//! `refresh(every)`: the weak network every k steps. What it makes of the difference is kept: Δ = D_m − D_weak of the last evaluation at
//! which it ran serves the next k − 1 steps.
//!
//! A step in which it runs runs it at each of its evaluations. Steps in which the term does not act count as well. Not one paper's
//! method: the same saving is part of many programs that skip or cache the unconditional branch.
//! Cost: the weak network's, divided by k.

use crate::guidance::text::{Keys, Method, Read};

/// The weak network every few steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// k, 1 to 1000; 2 by default. 1 is every step.
    pub every: usize,
}

impl Method for Refresh {
    const NAME: &'static str = "refresh";
    const KEYS: &'static [&'static str] = &["every"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            every: keys.count("every", Some(2), 1..=1000)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![self.every.to_string()]
    }
}
