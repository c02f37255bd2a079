//! The trace as pictures, after Figure 3 of the autoguidance paper: how much is lost away from the best weight, interval, training time and EMA lengths.
//!
//! Settings were judged by different numbers of images, and a distance falls with these: what is drawn is how much worse a setting is than the best of
//! those judged by as many.

use std::path::Path;

use anyhow::Result;
use foil_drawing::{Chart, Point, Scale, Series};

use super::trace::{Trace, Tried};
use crate::output::write_chart;

/// An axis: the name of its files, its title, and what it is of a setting.
type Axis = (&'static str, &'static str, Scale, fn(&Tried) -> Option<f64>);

const AXES: [Axis; 6] = [
    ("weights", "weight W", Scale::Linear, |tried| {
        tried.weights.first().copied()
    }),
    (
        "interval-low",
        "where guidance ends, σ",
        Scale::Logarithmic,
        |tried| Some(tried.interval?[0]),
    ),
    (
        "interval-high",
        "where guidance begins, σ",
        Scale::Logarithmic,
        |tried| Some(tried.interval?[1]),
    ),
    (
        "main-ema",
        "EMA length of the main network",
        Scale::Linear,
        |tried| tried.main_ema,
    ),
    (
        "guide-ema",
        "EMA length of the guide",
        Scale::Linear,
        |tried| tried.guide_ema,
    ),
    (
        "guide-training",
        "thousands of images seen by the guide",
        Scale::Linear,
        |tried| Some(tried.guide_kimg? as f64),
    ),
];

/// Writes those in which something differs, each as SVG and PNG; their names.
pub fn draw(trace: &Trace, out: &Path) -> Result<Vec<&'static str>> {
    let mut drawn = Vec::new();
    let metric = trace.metric.split('@').next().unwrap_or_default();
    for (name, across, scale, of) in AXES {
        let mut values: Vec<f64> = trace.tried.iter().filter_map(of).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        if values.len() < 2 {
            continue;
        }
        let chart = Chart {
            title: format!("What {} settings lose in {metric}", trace.tried.len()),
            across: across.to_owned(),
            up: "beyond the best by as many images".to_owned(),
            scales: [scale, Scale::Linear],
            series: series(trace, of),
        };
        write_chart(&chart, &out.join(name))?;
        drawn.push(name);
    }
    Ok(drawn)
}

/// A series for each method with its guide.
fn series(trace: &Trace, of: fn(&Tried) -> Option<f64>) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for tried in &trace.tried {
        let (Some(x), Some(y)) = (of(tried), trace.excess(tried)) else {
            continue;
        };
        let point = Point { x, y, margin: 0.0 };
        match series.iter_mut().find(|known| known.name == tried.method) {
            Some(known) => known.points.push(point),
            None => series.push(Series {
                name: tried.method.clone(),
                points: vec![point],
                joined: false,
            }),
        }
    }
    series
}
