//! What can be found: kinds of settings, a method with a guide each, and what is open in them as axes from 0 to 1.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use foil_diffusion::guidance::Plan;
use foil_evaluation::Point;
use foil_models::bundled;
use foil_training::reconstruction::{Moment, Run};

use crate::{
    arguments::{Range, Tune},
    averages::Average,
    commands::{
        method::{Method, Numbers},
        sample::{Role, Settings, network_for, settings_of},
    },
};

/// All kinds of settings.
pub struct Space<'a> {
    arguments: &'a Tune,
    main: Network,
    kinds: Vec<Kind>,
}

struct Kind {
    method: Method,
    neutral: Vec<f64>,
    /// For methods that need one.
    guide: Option<Network>,
}

/// A network, or a run of which averages are rebuilt.
#[derive(Clone)]
enum Network {
    Fixed(String),
    Run {
        folder: String,
        /// Moments of snapshots, in thousands of images.
        moments: Vec<u64>,
    },
}

/// A point in words.
pub struct Found {
    pub settings: Settings,
    pub method: String,
    /// What is open in the method.
    pub numbers: Numbers,
    pub main_length: Option<f64>,
    pub guide_length: Option<f64>,
    /// Thousands of images that the guide has seen.
    pub guide_moment: Option<u64>,
}

/// Guiding networks apart, in every way that the paper found worth while.
const USUAL: [&str; 5] = [
    "auto:W",
    "auto:W@LO..HI",
    "cfg:W",
    "cfg:W@LO..HI",
    "auto:W+cfg:W@LO..HI",
];

/// An interval is at least so many times as high as it is low.
const NARROWEST: f64 = 2.0;

impl<'a> Space<'a> {
    /// Of a command line.
    pub fn of(arguments: &'a Tune) -> Result<Self> {
        let generation = &arguments.generation;
        ensure!(
            arguments.weights.low > 1.0,
            "--weights are above 1, which is no guidance"
        );
        let main = settings_of(generation, &Plan::none())?.model;
        let mut guides: Vec<String> = arguments.other_guide.clone();
        guides.extend(network_for(generation, Role::Guide)?);
        let guides = guides.iter().map(|name| Network::named(name));
        let guides = guides.collect::<Result<Vec<_>>>()?;
        let methods = if arguments.methods.is_empty() {
            Method::allowed(&USUAL, |role| match (role, guides.first()) {
                (Role::Guide, Some(_)) => Ok(Some(String::new())),
                _ => network_for(generation, role),
            })?
        } else {
            let typed = arguments.methods.iter();
            typed.map(|text| Method::new(text)).collect::<Result<_>>()?
        };
        ensure!(
            !methods.is_empty(),
            "no --guide and no --unconditional network; name one, or a --method that needs none"
        );
        let mut kinds = Vec::new();
        for method in methods {
            let neutral = method.neutral()?;
            if !method.needs(Role::Guide)? {
                kinds.push(Kind {
                    method,
                    neutral,
                    guide: None,
                });
                continue;
            }
            ensure!(
                !guides.is_empty(),
                "method '{}' needs --guide MODEL",
                method.name()
            );
            kinds.extend(guides.iter().map(|guide| Kind {
                method: method.clone(),
                neutral: neutral.clone(),
                guide: Some(guide.clone()),
            }));
        }
        let space = Self {
            arguments,
            main: Network::named(&main)?,
            kinds,
        };
        for (kind, axes) in space.axes().into_iter().enumerate() {
            let middle = Point {
                kind,
                positions: vec![0.5; axes],
            };
            let method = space.kinds[kind].method.name();
            let checked = space.at(&middle).and_then(|found| found.settings.check());
            checked.with_context(|| format!("method '{method}'"))?;
        }
        Ok(space)
    }

    /// How many axes each kind has.
    pub fn axes(&self) -> Vec<usize> {
        let of = |kind: &Kind| {
            let guide = kind.guide.as_ref();
            let of_interval = if kind.method.has_open_interval() {
                2
            } else {
                0
            };
            let of_guide = guide.map_or(0, |guide| match guide {
                Network::Fixed(_) => 0,
                Network::Run { .. } => 2,
            });
            kind.method.weights() + of_interval + of_guide + usize::from(self.main.is_run())
        };
        self.kinds.iter().map(of).collect()
    }

    /// What a point means. Numbers are rounded to what can matter, and their text stays short.
    pub fn at(&self, point: &Point) -> Result<Found> {
        let Tune {
            weights,
            sigmas,
            ema,
            generation,
            ..
        } = self.arguments;
        let kind = &self.kinds[point.kind];
        let mut positions = point.positions.iter().copied();
        let mut next = || positions.next().unwrap_or(0.5);
        let excess = excess(*weights);
        let weights: Vec<f64> = kind
            .neutral
            .iter()
            .map(|neutral| round(neutral + excess.at(next()), 100.0))
            .collect();
        let interval = kind.method.has_open_interval().then(|| {
            let low = two_digits(lows(*sigmas).at(next()));
            [low, two_digits(highs(*sigmas, low).at(next()))]
        });
        let plan = kind.method.plan(&weights, interval.unwrap_or([0.0, 1.0]))?;
        let mut found = Found {
            settings: settings_of(generation, &plan)?,
            method: kind.title(),
            numbers: Numbers { weights, interval },
            main_length: None,
            guide_length: None,
            guide_moment: None,
        };
        let mut length = || round(ema.at(next()), 1000.0);
        if self.main.is_run() {
            let length = length();
            found.settings.model = self.main.at(None, length);
            found.main_length = Some(length);
        }
        match &kind.guide {
            None => {}
            Some(Network::Fixed(name)) => found.settings.guide = Some(name.clone()),
            Some(run) => {
                let length = length();
                let moment = run.moment(next());
                found.settings.guide = Some(run.at(moment, length));
                found.guide_length = Some(length);
                found.guide_moment = moment;
            }
        }
        Ok(found)
    }

    /// Points that are such settings, as near as rounding and ranges allow.
    pub fn points_of(&self, settings: &Settings) -> Result<Vec<Point>> {
        let plan = settings.guidance()?;
        let Tune {
            weights,
            sigmas,
            ema,
            ..
        } = self.arguments;
        let mut points = Vec::new();
        for (place, kind) in self.kinds.iter().enumerate() {
            let Some(numbers) = kind.method.numbers_of(&plan)? else {
                continue;
            };
            let excess = excess(*weights);
            let weights = numbers.weights.iter().zip(&kind.neutral);
            let mut positions: Vec<f64> = weights
                .map(|(weight, neutral)| excess.position(weight - neutral))
                .collect();
            if let Some([low, high]) = numbers.interval {
                positions.push(lows(*sigmas).position(low));
                positions.push(highs(*sigmas, low).position(high));
            }
            self.main
                .append_length(&settings.model, *ema, &mut positions)?;
            if let (Some(guide), Some(name)) = (&kind.guide, &settings.guide) {
                if matches!(guide, Network::Fixed(known) if known != name) {
                    continue;
                }
                guide.append_length(name, *ema, &mut positions)?;
                guide.append_moment(name, &mut positions)?;
            }
            points.push(Point {
                kind: place,
                positions,
            });
        }
        Ok(points)
    }
}

impl Kind {
    /// The method, and the guide where there are several.
    fn title(&self) -> String {
        match &self.guide {
            None => self.method.name().to_owned(),
            Some(Network::Fixed(guide) | Network::Run { folder: guide, .. }) => {
                format!("{}, {guide}", self.method.name())
            }
        }
    }
}

impl Network {
    fn named(name: &str) -> Result<Self> {
        // What is part of the program is found first, as everywhere.
        if bundled::file(name).is_some() || !Path::new(name).is_dir() {
            return Ok(Self::Fixed(name.to_owned()));
        }
        let run = Run::open(Path::new(name))?;
        let mut moments: Vec<u64> = run.moments().map(|images| images / 1000).collect();
        moments.dedup();
        Ok(Self::Run {
            folder: name.to_owned(),
            moments,
        })
    }

    fn is_run(&self) -> bool {
        matches!(self, Self::Run { .. })
    }

    /// The average at a position; where a moment is given, of the run as it was then.
    fn at(&self, moment: Option<u64>, length: f64) -> String {
        match (self, moment) {
            (Self::Fixed(name), _) => name.clone(),
            (Self::Run { folder, .. }, None) => format!("{folder}@{length}"),
            (Self::Run { folder, .. }, Some(moment)) => format!("{folder}@{moment}-{length}"),
        }
    }

    /// The moment at a position from 0 to 1.
    fn moment(&self, position: f64) -> Option<u64> {
        let Self::Run { moments, .. } = self else {
            return None;
        };
        let place = (position * moments.len() as f64) as usize;
        moments.get(place.min(moments.len() - 1)).copied()
    }

    /// Appends the position of a network's EMA length, if that is open; the middle where it is of something else.
    fn append_length(&self, name: &str, ema: Range, positions: &mut Vec<f64>) -> Result<()> {
        if self.is_run() {
            let average = Average::parse(name)?;
            positions.push(average.map_or(0.5, |average| ema.position(average.length)));
        }
        Ok(())
    }

    /// The same of its moment.
    fn append_moment(&self, name: &str, positions: &mut Vec<f64>) -> Result<()> {
        let Self::Run { moments, .. } = self else {
            return Ok(());
        };
        let average = Average::parse(name)?;
        let wanted = average.map(|average| average.moment);
        let place = moments
            .iter()
            .position(|&moment| wanted == Some(Moment::Thousands(moment)));
        let place = place.unwrap_or(moments.len() - 1) as f64;
        positions.push((place + 0.5) / moments.len() as f64);
        Ok(())
    }
}

/// Where a weight may be, beyond the one that is no guidance.
fn excess(weights: Range) -> Range {
    Range {
        low: weights.low - 1.0,
        high: weights.high - 1.0,
    }
}

/// Where an interval may begin.
fn lows(sigmas: Range) -> Range {
    Range {
        low: sigmas.low,
        high: (sigmas.high / NARROWEST.powi(2)).max(sigmas.low * NARROWEST),
    }
}

/// Where it may end.
fn highs(sigmas: Range, low: f64) -> Range {
    Range {
        low: NARROWEST * low,
        high: sigmas.high.max(NARROWEST.powi(2) * low),
    }
}

/// To the nearest of so many parts of 1.
fn round(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

/// To two digits that count.
fn two_digits(number: f64) -> f64 {
    let rounded = format!("{number:.1e}").parse();
    rounded.unwrap_or(number)
}
