//! Methods of guidance of which numbers are open: `auto:W@0.2..5`, `auto:W+cfg:W@LO..HI`.

use anyhow::{Context, Result};
use foil_diffusion::guidance::Plan;

use crate::commands::sample::Role;

/// A method, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method(String);

/// What stands for a weight: a word of its own.
const WEIGHT: &str = ":W";
/// What stands for the ends of an interval, the same wherever it stands.
const INTERVAL: &str = "@LO..HI";

impl Method {
    /// Checks that it means something once it has numbers.
    pub fn new(text: &str) -> Result<Self> {
        let method = Self(text.to_owned());
        let plan = method.plan(&method.marks(), SOME);
        plan.with_context(|| format!("method '{text}'"))?;
        Ok(method)
    }

    /// As it was typed.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// How many weights there are to look for.
    pub fn weights(&self) -> usize {
        self.0.matches(WEIGHT).count()
    }

    /// Whether there is an interval to look for.
    pub fn has_open_interval(&self) -> bool {
        self.0.contains(INTERVAL)
    }

    /// With its numbers.
    pub fn plan(&self, weights: &[f64], [low, high]: [f64; 2]) -> Result<Plan> {
        let mut text = self.0.replace(INTERVAL, &format!("@{low}..{high}"));
        for weight in weights {
            text = text.replacen(WEIGHT, &format!(":{weight}"), 1);
        }
        Ok(text.parse()?)
    }

    /// For each weight that is looked for, the one that is no guidance: 0 of a classifier's, else 1.
    pub fn neutral(&self) -> Result<Vec<f64>> {
        let plan = self.plan(&self.marks(), SOME)?;
        let of = |mark: f64| {
            let mut terms = plan.terms().iter();
            let term = terms.find(|term| same(term.strength.value, mark));
            term.map_or(1.0, |term| term.guide.neutral())
        };
        Ok(self.marks().into_iter().map(of).collect())
    }

    /// Whether it needs such a network.
    pub fn needs(&self, role: Role) -> Result<bool> {
        let plan = self.plan(&self.marks(), SOME)?;
        Ok(plan.terms().iter().any(|term| role.serves(&term.guide)))
    }

    /// Those of these methods whose networks are known.
    pub fn allowed(texts: &[&str], has: impl Fn(Role) -> Result<bool>) -> Result<Vec<Self>> {
        let mut known = Vec::new();
        for role in Role::ALL {
            known.push((role, has(role)?));
        }
        let mut methods = Vec::new();
        for text in texts {
            let method = Self::new(text)?;
            let mut possible = true;
            for &(role, is_known) in &known {
                possible &= is_known || !method.needs(role)?;
            }
            if possible {
                methods.push(method);
            }
        }
        Ok(methods)
    }

    /// The open numbers of a plan that is this method with numbers.
    pub fn numbers_of(&self, plan: &Plan) -> Result<Option<Numbers>> {
        let marked = self.plan(&self.marks(), SOME)?;
        let terms = || marked.terms().iter().zip(plan.terms());
        let mut numbers = Numbers::default();
        for mark in self.marks() {
            let mut weights = terms().filter(|(term, _)| same(term.strength.value, mark));
            numbers
                .weights
                .extend(weights.next().map(|(_, term)| term.strength.value));
        }
        if self.has_open_interval() {
            let mut intervals = terms()
                .filter_map(|(term, other)| term.strength.interval.and(other.strength.interval));
            let found = intervals.next();
            numbers.interval = found.map(|found| [found.low(), found.high()]);
        }
        let complete = numbers.weights.len() == self.weights()
            && numbers.interval.is_some() == self.has_open_interval();
        let agrees = complete && {
            let filled = self.plan(&numbers.weights, numbers.interval.unwrap_or(SOME));
            filled.is_ok_and(|filled| filled == *plan)
        };
        Ok(agrees.then_some(numbers))
    }

    /// Weights by which the places of open ones are found again.
    fn marks(&self) -> Vec<f64> {
        (0..self.weights())
            .map(|place| 1.015_625 + place as f64)
            .collect()
    }
}

/// What stands where a method is open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numbers {
    pub weights: Vec<f64>,
    pub interval: Option<[f64; 2]>,
}

/// An interval where any will do.
const SOME: [f64; 2] = [0.2, 5.0];

/// Exact comparison is meant: marks went through their own text.
#[expect(clippy::float_cmp)]
fn same(one: f64, other: f64) -> bool {
    one == other
}

#[cfg(test)]
mod tests {
    use super::{Method, Plan};

    #[test]
    fn open_numbers_are_counted_and_filled_in() {
        let method = Method::new("auto:W+classifier:W@LO..HI,apg").expect("a method");
        assert_eq!(method.weights(), 2);
        assert!(method.has_open_interval());
        assert_eq!(method.neutral().expect("known"), [1.0, 0.0]);
        let plan = method.plan(&[1.5, 0.25], [0.3, 4.0]).expect("a plan");
        let same: Plan = "auto:1.5+classifier:0.25@0.3..4,apg"
            .parse()
            .expect("a plan");
        assert_eq!(plan, same);
        let numbers = method
            .numbers_of(&plan)
            .expect("readable")
            .expect("its own");
        assert_eq!(numbers.weights, [1.5, 0.25]);
        assert_eq!(numbers.interval, Some([0.3, 4.0]));
        for other in ["auto:1.5", "auto:1.5+classifier:0.25,apg", "none"] {
            let other = other.parse().expect("a plan");
            assert_eq!(method.numbers_of(&other).expect("readable"), None);
        }
        let fixed = Method::new("none").expect("a method");
        assert_eq!((fixed.weights(), fixed.has_open_interval()), (0, false));
        for wrong in ["", "auto", "W", "auto:W@5..0.2", "auto:W@LO"] {
            assert!(Method::new(wrong).is_err(), "{wrong}");
        }
    }
}
