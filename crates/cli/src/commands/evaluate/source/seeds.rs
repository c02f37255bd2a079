//! Which seeds images are of.

use anyhow::Result;
use foil_models::edm2::Generator;

/// So many seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    pub first: u64,
    pub count: usize,
    pub order: Order,
}

/// How they follow each other. More seeds of the same order begin with fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One after the other.
    Following,
    /// So that classes come in turn: of each class the next seed that draws it. Numbers of few images are much surer when no class is there more often
    /// than others.
    InTurn,
}

/// Seeds that are looked at together.
const PART: u64 = 256;

impl Seeds {
    /// All of them.
    pub fn list(self, generator: &Generator<'_>, classes: usize) -> Result<Vec<u64>> {
        let Self {
            first,
            count,
            order,
        } = self;
        if order == Order::Following || classes == 0 || generator.class.is_some() {
            return Ok((first..first + count as u64).collect());
        }
        let rounds = count.div_ceil(classes);
        let mut of_class: Vec<Vec<u64>> = vec![Vec::new(); classes];
        let mut next = first;
        while of_class.iter().any(|seeds| seeds.len() < rounds) {
            let part: Vec<u64> = (next..next + PART).collect();
            for (&seed, class) in part.iter().zip(generator.drawn_classes(&part)?) {
                of_class[class as usize].push(seed);
            }
            next += PART;
        }
        let mut seeds = Vec::new();
        for round in 0..rounds {
            let mut round: Vec<u64> = of_class.iter().map(|seeds| seeds[round]).collect();
            round.sort_unstable();
            seeds.extend(round);
        }
        seeds.truncate(count);
        Ok(seeds)
    }
}
