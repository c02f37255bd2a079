//! `foil tune`: the best setting for a metric, under a budget of images.
//!
//! What is open (method, guide, weight, interval, EMA lengths) is a [`Space`]; in which order it is looked at is [`Halving`]'s affair; images are made and
//! judged as by `foil evaluate`, with common seeds whose classes come in turn, and their features are kept, so that the same command continues. What was found is compared with
//! where the search began by other seeds.

mod network;
mod plots;
mod space;
mod trace;

use anyhow::{Context, Result, ensure};
use foil_evaluation::{Ask, Effort, Halving};

use self::{
    space::{Found, Space},
    trace::{Checked, Trace},
};
use super::{
    evaluate::{Contest, Number, Order, Seeds},
    sample::{Settings, settings},
};
use crate::{arguments::Tune, output};

/// The first seed that the search does not see, unless it sees very many.
const UNSEEN: u64 = 1_000_000;

/// Searches, keeps what was found, and prints it beside where it began.
pub fn run(arguments: &Tune) -> Result<()> {
    // Work handed to the pool from outside it would wait at every operation.
    rayon::scope(|_| Work::begin(arguments)?.finish())
}

struct Work<'a> {
    arguments: &'a Tune,
    space: Space<'a>,
    /// Where the search begins.
    start: Settings,
    contest: Contest<'a>,
}

impl<'a> Work<'a> {
    fn begin(arguments: &'a Tune) -> Result<Self> {
        let Tune {
            least,
            most,
            budget,
            ..
        } = *arguments;
        ensure!(
            least <= most && most <= budget,
            "--least {least}, --most {most} and --budget {budget} must rise: a setting is judged by --least images at first, by --most in the end, all of them by --budget"
        );
        let space = Space::of(arguments)?;
        let generation = &arguments.generation;
        let trials = arguments.out.join("trials");
        let contest = Contest::open(&arguments.deciding, generation, &trials)?;
        Ok(Self {
            start: settings(generation)?,
            arguments,
            space,
            contest: contest.quiet(),
        })
    }

    fn finish(&self) -> Result<()> {
        let search = self.search()?;
        let best = search.best().context("nothing was judged")?;
        let found = self.space.at(&search.trials()[best].point)?.settings;
        let mut checked = Vec::new();
        let start = self.start_of_its_own()?;
        for settings in start
            .iter()
            .filter(|start| **start != found)
            .chain([&found])
        {
            let seeds = Seeds {
                first: UNSEEN.max(10 * self.arguments.most as u64),
                count: self.arguments.images,
                order: Order::Following,
            };
            let evaluation = self.contest.judge(&described(settings), settings, seeds)?;
            checked.push(Checked {
                model: settings.model.clone(),
                guide: settings.guide.clone(),
                guidance: settings.guidance.clone(),
                evaluation,
            });
        }
        if let [start, found] = &checked[..]
            && self.contest.number(&found.evaluation)?.loss()
                >= self.contest.number(&start.evaluation)?.loss()
        {
            self.contest.progress.say(
                "by other images, what was found is no better than where it began: --most and --budget are too small for the difference, or there is none",
            );
        }
        let trace = Trace::new(&self.space, &search, &self.contest.metric, checked)?;
        let out = |name: &str| self.arguments.out.join(name);
        foil_files::write(&out("tuned.toml"), trace.preset(&found)?.as_bytes())?;
        let text = serde_json::to_string_pretty(&trace)? + "\n";
        foil_files::write(&out("trace.json"), text.as_bytes())?;
        let plots = plots::draw(&trace, &self.arguments.out)?;
        let folder = self.arguments.out.display();
        self.contest.progress.say(&format!(
            "{folder}: tuned.toml, which --model takes; trace.json, and as .svg and .png {}",
            plots.join(", ")
        ));
        output::print(&if self.arguments.json {
            text
        } else {
            trace.table()
        })
    }

    /// Where the search began, if that is a setting by itself: a run's folder without an EMA length is none.
    fn start_of_its_own(&self) -> Result<Option<Settings>> {
        let points = self.space.points_of(&self.start)?;
        match points.first() {
            Some(point) => Ok(Some(self.space.at(point)?.settings)),
            None => Ok(Some(self.start.clone())
                .filter(|start| !std::path::Path::new(&start.model).is_dir())),
        }
    }

    fn search(&self) -> Result<Halving> {
        let Tune {
            least,
            most,
            budget,
            ..
        } = *self.arguments;
        let effort = Effort {
            least,
            most,
            budget,
        };
        let start = self.space.points_of(&self.start)?;
        let mut search = Halving::new(&self.space.axes(), effort, start);
        let key = |found: Result<Found>| {
            found.map_or_else(|_| String::new(), |found| described(&found.settings))
        };
        let bar = self.contest.progress.continued("images", 0, budget as u64);
        while let Some(ask) = search.ask(|point| key(self.space.at(point))) {
            let settings = self.space.at(&search.trials()[ask.trial].point)?.settings;
            let title = described(&settings);
            let seeds = Seeds {
                first: 0,
                count: ask.images,
                order: Order::InTurn,
            };
            let evaluation = self.contest.judge(&title, &settings, seeds)?;
            let number = self.contest.number(&evaluation)?.clone();
            search.tell(number.loss());
            self.say(&search, ask, &settings, &number);
            bar.at(search.spent() as u64);
        }
        bar.done(&format!("{} settings", search.trials().len()));
        Ok(search)
    }

    fn say(&self, search: &Halving, ask: Ask, settings: &Settings, number: &Number) {
        let is_best = search.best() == Some(ask.trial);
        self.contest.progress.say(&format!(
            "{} of {} images: {:.4} by {}, {}{}",
            search.spent(),
            self.arguments.budget,
            number.value,
            ask.images,
            described(settings),
            if is_best { ", the best" } else { "" }
        ));
    }
}

/// Networks and guidance in one line.
fn described(settings: &Settings) -> String {
    let guide = settings.guide.as_ref();
    let guide = guide.map_or(String::new(), |guide| format!(" ({guide})"));
    format!("{}, {}{guide}", settings.model, settings.guidance)
}
