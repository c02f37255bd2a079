//! x
use crate::arguments::EvaluateRobustness;
use anyhow::Result;
pub fn run(_arguments: &EvaluateRobustness) -> Result<()> {
    Ok(())
}
