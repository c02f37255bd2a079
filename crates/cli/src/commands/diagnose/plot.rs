//! A diagnosis as pictures: sizes, correlation and angle against the noise level.

use std::path::Path;

use anyhow::Result;
use foil_drawing::{Chart, Point, Scale, Series};

use super::report::{Diagnosis, Level};
use crate::output::write_chart;

/// Writes `errors`, `correlation` and `angle`, each as SVG and PNG.
pub fn draw(diagnosis: &Diagnosis, out: &Path) -> Result<()> {
    let Diagnosis { main, guide, .. } = diagnosis;
    let chart = |title: String, up: &str, scale, series| Chart {
        title,
        across: "noise level σ".to_owned(),
        up: up.to_owned(),
        scales: [Scale::Logarithmic, scale],
        series,
    };
    let curve = |name: &str, value: &dyn Fn(&Level) -> Option<f64>| Series {
        name: name.to_owned(),
        points: points(diagnosis, value),
        joined: true,
    };
    let sizes = [
        curve(main, &|level| Some(level.main_error)),
        curve(guide, &|level| Some(level.guide_error)),
        curve("difference", &|level| Some(level.difference)),
    ];
    let truth = format!(
        "Errors of {main} and of its guide, from {}",
        diagnosis.truth
    );
    // On a linear scale only the highest noise levels would be seen.
    let errors = chart(truth, "root mean square", Scale::Logarithmic, sizes.into());
    let correlation = chart(
        format!("How the errors of {main} and of its guide correlate"),
        "correlation",
        Scale::Linear,
        vec![curve(guide, &|level| level.correlation)],
    );
    let angle = chart(
        format!("Difference to the guide, and the way from {main} to the truth"),
        "angle in degrees, 90 is a right one",
        Scale::Linear,
        vec![
            curve(guide, &|level| level.angle),
            curve("right angle", &|_| Some(90.0)),
        ],
    );
    for (name, chart) in [
        ("errors", errors),
        ("correlation", correlation),
        ("angle", angle),
    ] {
        write_chart(&chart, &out.join(name))?;
    }
    Ok(())
}

fn points(diagnosis: &Diagnosis, value: &dyn Fn(&Level) -> Option<f64>) -> Vec<Point> {
    let levels = diagnosis.levels.iter().rev();
    let point = |level: &Level| {
        Some(Point {
            x: level.sigma,
            y: value(level)?,
            margin: 0.0,
        })
    };
    levels.filter_map(point).collect()
}
