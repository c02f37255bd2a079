//! What can be found: kinds of settings, a method with a guide each, and what is open in them as axes from 0 to 1.

use anyhow::{Context, Result, ensure};
use foil_diffusion::guidance::Plan;
use foil_evaluation::Point;

use super::network::Network;
use crate::{
    arguments::{Range, Tune},
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
        ensure!(
            arguments.weights.low > 1.0,
            "--weights are above 1, which is no guidance"
        );
        let guides = guides(arguments)?;
        let mut kinds = Vec::new();
        for method in methods(arguments, !guides.is_empty())? {
            kinds.extend(Kind::all(&method, &guides)?);
        }
        let main = settings_of(&arguments.generation, &Plan::none())?.model;
        let space = Self {
            arguments,
            main: Network::named(&main)?,
            kinds,
        };
        space.check()?;
        Ok(space)
    }

    /// That each kind means something.
    fn check(&self) -> Result<()> {
        for (kind, axes) in self.axes().into_iter().enumerate() {
            let middle = Point {
                kind,
                positions: vec![0.5; axes],
            };
            let method = self.kinds[kind].method.name();
            let checked = self.at(&middle).and_then(|found| found.settings.check());
            checked.with_context(|| format!("method '{method}'"))?;
        }
        Ok(())
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
            let of_guide = guide.map_or(0, |guide| if guide.is_run() { 2 } else { 0 });
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
            Some(guide) if guide.is_run() => {
                let length = length();
                let moment = guide.moment(next());
                found.settings.guide = Some(guide.at(moment, length));
                found.guide_length = Some(length);
                found.guide_moment = moment;
            }
            Some(guide) => found.settings.guide = Some(guide.name().to_owned()),
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
                if !guide.is_run() && guide.name() != name {
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

/// All guides for auto that may be chosen.
fn guides(arguments: &Tune) -> Result<Vec<Network>> {
    let typed = arguments.other_guide.iter().cloned();
    let known = network_for(&arguments.generation, Role::Guide)?;
    typed
        .chain(known)
        .map(|name| Network::named(&name))
        .collect()
}

/// The methods that were typed, or those that the networks allow.
fn methods(arguments: &Tune, has_guide: bool) -> Result<Vec<Method>> {
    let typed = arguments.methods.iter();
    let typed: Vec<Method> = typed.map(|text| Method::new(text)).collect::<Result<_>>()?;
    if !typed.is_empty() {
        return Ok(typed);
    }
    let allowed = Method::allowed(&USUAL, |role| {
        let known = network_for(&arguments.generation, role)?.is_some();
        Ok(known || role == Role::Guide && has_guide)
    })?;
    ensure!(
        !allowed.is_empty(),
        "no --guide and no --unconditional network; name one, or a --method that needs none"
    );
    Ok(allowed)
}

impl Kind {
    /// A method with each guide, or by itself if it needs none.
    fn all(method: &Method, guides: &[Network]) -> Result<Vec<Self>> {
        let neutral = method.neutral()?;
        let kind = |guide| Self {
            method: method.clone(),
            neutral: neutral.clone(),
            guide,
        };
        if !method.needs(Role::Guide)? {
            return Ok(vec![kind(None)]);
        }
        ensure!(
            !guides.is_empty(),
            "method '{}' needs --guide MODEL",
            method.name()
        );
        Ok(guides.iter().cloned().map(Some).map(kind).collect())
    }

    /// The method, and the guide where there are several.
    fn title(&self) -> String {
        match &self.guide {
            None => self.method.name().to_owned(),
            Some(guide) => format!("{}, {}", self.method.name(), guide.name()),
        }
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
