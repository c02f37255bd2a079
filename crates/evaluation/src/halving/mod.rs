//! Which of many settings is best, when each has a number that gets surer the more images it is of: successive halving, in the order that needs no rounds
//! (ASHA; Li et al. 2020, *A System for Massively Parallel Hyperparameter Tuning*).
//!
//! Settings are judged by few images first. Whichever is among the best third of those judged by as many is judged by twice as many; where none is, a new
//! one comes: at first spread evenly over the space, then near the best ones, nearer the more of the budget is spent. The last part of the budget brings
//! the leaders to the largest count. Everything follows from the numbers told, so that the same search, told the same, repeats itself.
//!
//! Numbers of different counts are never compared: a distance falls with the number of images, whatever they are.

mod spread;

use spread::Spread;

/// One setting in the space.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Which of the kinds.
    pub kind: usize,
    /// From 0 to 1 along each axis of that kind.
    pub positions: Vec<f64>,
}

/// How many images may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// At first, of each setting.
    pub least: usize,
    /// In the end, of the best ones.
    pub most: usize,
    /// Of all settings together.
    pub budget: usize,
}

/// A setting and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Where it is.
    pub point: Point,
    /// Its losses, by the counts of [`Halving::counts`].
    pub losses: Vec<f64>,
}

/// What to judge next: the trial's setting by so many images, of which [`Ask::made`] were made before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The place of the trial in [`Halving::trials`].
    pub trial: usize,
    /// So many images in all.
    pub images: usize,
    /// Those that it has been judged by.
    pub made: usize,
}

/// The search: it is asked what to judge, and told the loss.
#[derive(Debug)]
pub struct Halving {
    spreads: Vec<Spread>,
    counts: Vec<usize>,
    budget: usize,
    spent: usize,
    /// Settings that were known before, to begin with.
    start: Vec<Point>,
    trials: Vec<Trial>,
    asked: Option<Ask>,
    /// New settings so far, of which some were there before.
    proposed: usize,
}

/// One of so many is judged by more images.
const KEPT: usize = 3;
/// Leaders in whose neighbourhood new settings are.
const PARENTS: usize = 3;
/// Part of the budget for settings that are spread evenly, before any are put near the best.
const SPREAD: f64 = 0.3;
/// Part of the budget that only leaders get.
const LAST: f64 = 0.3;
/// How far from a leader new settings are, along each axis, at first and in the end.
const RADII: [f64; 2] = [0.25, 0.05];
/// New settings that were all there before: there are no others.
const TRIES: usize = 200;

impl Halving {
    /// Over kinds of settings with so many axes each; `start` comes first.
    pub fn new(axes: &[usize], effort: Effort, start: Vec<Point>) -> Self {
        let mut counts = vec![effort.least.max(1)];
        while let Some(&last) = counts.last()
            && last < effort.most
        {
            counts.push((2 * last).min(effort.most));
        }
        Self {
            spreads: axes.iter().map(|&axes| Spread::new(axes)).collect(),
            counts,
            budget: effort.budget,
            spent: 0,
            start,
            trials: Vec::new(),
            asked: None,
            proposed: 0,
        }
    }

    /// The counts of images, rising.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// Images looked at.
    pub fn spent(&self) -> usize {
        self.spent
    }

    /// All settings, in the order in which they came.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The best by the largest count that any was judged by.
    pub fn best(&self) -> Option<usize> {
        self.leaders().first().copied()
    }

    /// What to judge next; `None` when the budget is spent or everything is known. Settings with the same key are the same. Until the loss is told, the
    /// answer stays.
    pub fn ask(&mut self, key: impl Fn(&Point) -> String) -> Option<Ask> {
        if self.asked.is_none() {
            self.asked = self.next(&key);
        }
        self.asked
    }

    /// The loss that was asked for; less is better, and what is no number is worst.
    pub fn tell(&mut self, loss: f64) {
        let Some(ask) = self.asked.take() else {
            return;
        };
        self.spent += ask.images - ask.made;
        let loss = if loss.is_nan() { f64::INFINITY } else { loss };
        self.trials[ask.trial].losses.push(loss);
    }

    fn next(&mut self, key: &impl Fn(&Point) -> String) -> Option<Ask> {
        let left = self.budget.saturating_sub(self.spent);
        let affordable = |ask: &Ask| ask.images - ask.made <= left;
        let last = left as f64 <= LAST * self.budget as f64;
        if !last {
            if let Some(ask) = self.promoted().filter(affordable) {
                return Some(ask);
            }
            if self.counts[0] <= left
                && let Some(point) = self.newcomer(key)
            {
                self.trials.push(Trial {
                    point,
                    losses: Vec::new(),
                });
                return Some(self.ask_of(self.trials.len() - 1));
            }
        }
        let leaders = self.leaders();
        let mut asks = leaders
            .into_iter()
            .filter(|&trial| self.trials[trial].losses.len() < self.counts.len())
            .map(|trial| self.ask_of(trial));
        asks.find(affordable)
    }

    fn ask_of(&self, trial: usize) -> Ask {
        let known = self.trials[trial].losses.len();
        Ask {
            trial,
            images: self.counts[known],
            made: known.checked_sub(1).map_or(0, |before| self.counts[before]),
        }
    }

    /// One that is among the best third at its count and was not judged by more; those of larger counts first.
    fn promoted(&self) -> Option<Ask> {
        (0..self.counts.len() - 1).rev().find_map(|place| {
            let mut there: Vec<usize> = (0..self.trials.len())
                .filter(|&trial| self.trials[trial].losses.len() > place)
                .collect();
            there.sort_by(|&a, &b| {
                let loss = |trial: usize| self.trials[trial].losses[place];
                loss(a).total_cmp(&loss(b)).then(a.cmp(&b))
            });
            let best = &there[..there.len() / KEPT];
            let waiting = |trial: &&usize| self.trials[**trial].losses.len() == place + 1;
            best.iter().find(waiting).map(|&trial| self.ask_of(trial))
        })
    }

    /// By the largest count each was judged by, then by loss.
    fn leaders(&self) -> Vec<usize> {
        let mut known: Vec<usize> = (0..self.trials.len())
            .filter(|&trial| !self.trials[trial].losses.is_empty())
            .collect();
        known.sort_by(|&a, &b| {
            let (one, other) = (&self.trials[a].losses, &self.trials[b].losses);
            let counts = other.len().cmp(&one.len());
            let last = |losses: &[f64]| losses.last().copied().unwrap_or(f64::INFINITY);
            counts.then(last(one).total_cmp(&last(other)))
        });
        known
    }

    /// A setting that was not there before.
    fn newcomer(&mut self, key: &impl Fn(&Point) -> String) -> Option<Point> {
        let known: Vec<String> = self.trials.iter().map(|trial| key(&trial.point)).collect();
        for _ in 0..TRIES {
            let point = self.proposal()?;
            if !known.contains(&key(&point)) {
                return Some(point);
            }
        }
        None
    }

    fn proposal(&mut self) -> Option<Point> {
        let number = self.proposed;
        self.proposed += 1;
        if let Some(known) = self.start.get(number) {
            return Some(known.clone());
        }
        let number = number - self.start.len();
        let kinds = self.spreads.len();
        let share = self.spent as f64 / self.budget as f64;
        let leaders = self.leaders();
        // Some stay spread: the leaders may all be of one corner.
        if share < SPREAD || number.is_multiple_of(5) || leaders.is_empty() {
            let kind = number.checked_rem(kinds)?;
            return Some(Point {
                kind,
                positions: self.spreads[kind].point(),
            });
        }
        let parent = leaders[number % PARENTS.min(leaders.len())];
        let parent = self.trials[parent].point.clone();
        let radius = RADII[0] + (RADII[1] - RADII[0]) * share.min(1.0);
        let steps = self.spreads[parent.kind].point();
        let moved = parent.positions.iter().zip(steps).map(|(position, step)| {
            let moved = position + radius * (2.0 * step - 1.0);
            // What would leave comes back.
            let moved = moved.abs();
            if moved > 1.0 { 2.0 - moved } else { moved }
        });
        Some(Point {
            kind: parent.kind,
            positions: moved.collect(),
        })
    }
}

#[cfg(test)]
mod tests;
