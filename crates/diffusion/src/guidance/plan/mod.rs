//! A composition of guidance: what was asked for, in the order in which it acts.

mod at_work;
mod build;
mod composed;

pub use build::Guides;
pub use composed::Composed;

use super::{
    Finish, Guide, Interval, Shape, Strength,
    text::{self, TextError},
};

/// One guide with its weight, and what is made of the difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What is weak.
    pub guide: Guide,
    /// How strongly it guides, and where.
    pub strength: Strength,
    /// What is made of the difference, in this order.
    pub shapes: Vec<Shape>,
}

/// Terms and finishes that may stand together: what a text of guidance means.
///
/// ```
/// use foil_diffusion::guidance::Plan;
///
/// let plan: Plan = "auto:2.1 @ 0.2..5 + cfg:4, apg, rescale(0.7)".parse()?;
/// let canonical = "auto:2.1@0.2..5+cfg:4,apg(eta=0,norm=2.5,momentum=-0.75,dialect=paper),rescale(share=0.7)";
/// assert_eq!(plan.to_string(), canonical);
///
/// let wrong = "cfg:4,apg(eat=0)".parse::<Plan>().unwrap_err();
/// assert_eq!(wrong.position(), 10);
/// assert_eq!(wrong.problem(), "unknown key 'eat'; allowed are eta, norm, momentum, dialect");
/// # Ok::<(), foil_diffusion::guidance::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub(super) terms: Vec<Term>,
    pub(super) finishes: Vec<Finish>,
}

impl Plan {
    /// No guidance.
    pub fn none() -> Self {
        Self::default()
    }

    /// A plan of parts. They are checked as their text is, so that whatever can be made can also be written down.
    pub fn new(terms: Vec<Term>, finishes: Vec<Finish>) -> Result<Self, TextError> {
        Self { terms, finishes }.to_string().parse()
    }

    /// With an interval for the terms that have none of their own.
    #[must_use]
    pub fn within(mut self, interval: Option<Interval>) -> Self {
        for term in &mut self.terms {
            term.strength.interval = term.strength.interval.or(interval);
        }
        self
    }

    /// The guides, in the order written.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// What is done to the guided estimate, in the order written.
    pub fn finishes(&self) -> &[Finish] {
        &self.finishes
    }
}

impl std::str::FromStr for Plan {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        text::plan(text)
    }
}

impl std::fmt::Display for Term {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.guide, self.strength)?;
        self.shapes
            .iter()
            .try_for_each(|shape| write!(formatter, ",{shape}"))
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.terms.is_empty() {
            formatter.write_str("none")?;
        }
        for (index, term) in self.terms.iter().enumerate() {
            let sign = if index == 0 { "" } else { "+" };
            write!(formatter, "{sign}{term}")?;
        }
        self.finishes
            .iter()
            .try_for_each(|finish| write!(formatter, ",{finish}"))
    }
}
