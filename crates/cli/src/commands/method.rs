//! Methods whose weight is open: `auto:W@0.2..5`.

use anyhow::{Context, Result, bail};
use foil_diffusion::guidance::Plan;

use crate::arguments::Generation;
use crate::commands::sample::{Role, Settings, settings_of};

/// A method, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method(String);

/// What stands for a weight: a word of its own.
const OPEN: &str = ":W";

impl Method {
    /// Checks that it means something with a weight.
    pub fn new(text: &str) -> Result<Self> {
        let method = Self(text.to_owned());
        let opened = text.match_indices(OPEN).count();
        if opened > 1 {
            bail!("method '{text}' has W {opened} times; one weight is looked for");
        }
        method
            .plan(2.0)
            .with_context(|| format!("method '{text}'"))?;
        Ok(method)
    }

    /// As it was typed.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether there is a weight to look for.
    pub fn is_open(&self) -> bool {
        self.0.contains(OPEN)
    }

    fn plan(&self, weight: f64) -> Result<Plan> {
        Ok(self.0.replacen(OPEN, &format!(":{weight}"), 1).parse()?)
    }

    /// The settings of its images at a weight.
    pub fn settings(&self, generation: &Generation, weight: f64) -> Result<Settings> {
        settings_of(generation, &self.plan(weight)?)
    }
}

/// The methods of the paper's Table 1 and their neighbours, of which the networks allow each.
pub fn usual(has: impl Fn(Role) -> bool) -> Vec<&'static str> {
    const ALL: [(&str, &[Role]); 12] = [
        ("none", &[]),
        ("cfg:W", &[Role::Unconditional]),
        ("cfg:W@0.2..5", &[Role::Unconditional]),
        ("auto:W", &[Role::Guide]),
        ("auto:W@0.2..5", &[Role::Guide]),
        ("auto:W+cfg:1.25", &[Role::Guide, Role::Unconditional]),
        ("classifier:W", &[Role::Classifier]),
        ("icg:W", &[]),
        ("dropout(p=0.1):W", &[]),
        ("attention-identity:W", &[]),
        ("cfg:W,apg(norm=0,momentum=0)", &[Role::Unconditional]),
        ("cfg:W,zero-star", &[Role::Unconditional]),
    ];
    let allowed = ALL
        .iter()
        .filter(|(_, roles)| roles.iter().all(|role| has(*role)));
    allowed.map(|(method, _)| *method).collect()
}

#[cfg(test)]
mod tests {
    use super::{Method, usual};

    #[test]
    fn usual_methods_mean_something_and_others_are_refused() {
        for method in usual(|_| true) {
            assert!(Method::new(method).is_ok(), "{method}");
        }
        assert_eq!(usual(|_| false).len(), 4);
        for wrong in ["", "auto", "W", "auto:W+cfg:W", "auto:W@5..0.2"] {
            assert!(Method::new(wrong).is_err(), "{wrong}");
        }
    }
}
