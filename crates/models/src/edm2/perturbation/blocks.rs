//! Which blocks of a network are meant.

use super::super::{BlockPlan, Config, Plan};
use crate::{Error, Result};

/// Blocks of a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Blocks {
    /// All that can be meant: those with attention, where it is about attention.
    #[default]
    All,
    /// By their numbers in the order in which they run, from 0: the encoder's, then the decoder's.
    Numbered(Vec<usize>),
}

impl Blocks {
    /// Blocks by their numbers or their published names, such as `dec.8x8_in0`.
    pub fn named(config: &Config, names: &[impl AsRef<str>]) -> Result<Self> {
        let plan = config.plan()?;
        let number = |name: &str| {
            let by_name = plan.blocks().position(|block| block.name == name);
            by_name.or_else(|| name.parse().ok()).ok_or_else(|| {
                Error::Perturbation(format!(
                    "no block is called '{name}'; they are {}",
                    listed(&plan, |_| true)
                ))
            })
        };
        let numbers = names.iter().map(|name| number(name.as_ref()));
        let blocks = Self::Numbered(numbers.collect::<Result<_>>()?);
        blocks.of(config)?;
        Ok(blocks)
    }

    /// Whether each block is meant.
    pub(super) fn of(&self, config: &Config) -> Result<Vec<bool>> {
        self.among(&config.plan()?, |_| true)
    }

    /// Whether each block is meant, of those with attention.
    pub(super) fn attending(&self, config: &Config) -> Result<Vec<bool>> {
        self.among(&config.plan()?, |block| block.attention)
    }

    fn among(&self, plan: &Plan, possible: fn(&BlockPlan) -> bool) -> Result<Vec<bool>> {
        let blocks: Vec<&BlockPlan> = plan.blocks().collect();
        let Self::Numbered(numbers) = self else {
            return Ok(blocks.into_iter().map(possible).collect());
        };
        let mut meant = vec![false; blocks.len()];
        for &number in numbers {
            let problem = match blocks.get(number) {
                None => format!("block {number} does not exist"),
                Some(block) if !possible(block) => {
                    format!("block {number}, {}, has no attention", block.name)
                }
                Some(_) => {
                    meant[number] = true;
                    continue;
                }
            };
            let allowed = listed(plan, possible);
            return Err(Error::Perturbation(format!(
                "{problem}; allowed are {allowed}"
            )));
        }
        Ok(meant)
    }
}

/// "0 (enc.64x64_block0), 1 (enc.64x64_block1)"
fn listed(plan: &Plan, possible: fn(&BlockPlan) -> bool) -> String {
    let blocks = plan.blocks().enumerate();
    let possible = blocks.filter(|(_, block)| possible(block));
    let shown: Vec<String> = possible
        .map(|(number, block)| format!("{number} ({})", block.name))
        .collect();
    shown.join(", ")
}
