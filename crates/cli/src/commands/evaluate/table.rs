//! Results for people.

use std::fmt::Write as _;

use super::manifest::{Better, Evaluation, Number, SourceManifest};

/// One column for each evaluation, one line for each metric.
pub fn of(evaluations: &[(&str, Evaluation)]) -> String {
    let Some((_, first)) = evaluations.first() else {
        return String::new();
    };
    let names: Vec<&String> = first.results.keys().collect();
    let network = only_network(names.iter().map(|name| name.as_str()));
    let label = |name: &str| {
        let better = first.results.get(name).map(|number| number.better);
        let name = short(name, network);
        match better {
            Some(Better::Lower) => format!("{name} ↓"),
            Some(Better::Higher) => format!("{name} ↑"),
            _ => name.to_owned(),
        }
    };
    let labels: Vec<String> = names.iter().map(|name| label(name)).collect();
    let wide = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max();
    let left = wide(&mut labels.iter().map(String::as_str))
        .unwrap_or(0)
        .max(11);
    let cells: Vec<Vec<String>> = evaluations
        .iter()
        .map(|(title, evaluation)| {
            let head = [(*title).to_owned(), images(evaluation), cost(evaluation)];
            let numbers = names.iter().map(|name| evaluation.results.get(*name));
            let numbers = numbers.map(|number| number.map_or("–".to_owned(), cell));
            head.into_iter().chain(numbers).collect()
        })
        .collect();
    let mut text = network.map_or(String::new(), |network| format!("features of {network}\n"));
    let heads = ["", "images", "evaluations"].map(str::to_owned);
    for (row, label) in heads.iter().chain(&labels).enumerate() {
        let mut line = format!("{label:<left$}");
        for column in &cells {
            let width = wide(&mut column.iter().map(String::as_str)).unwrap_or(0);
            let _ = write!(line, "  {:>width$}", column[row]);
        }
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn images(evaluation: &Evaluation) -> String {
    let images = &evaluation.manifest.images;
    match images.repeats {
        1 => images.count.to_string(),
        repeats => format!("{repeats} × {}", images.count),
    }
}

/// Evaluations of the main network and the guide for one image.
fn cost(evaluation: &Evaluation) -> String {
    match &evaluation.manifest.images.source {
        SourceManifest::Generated(made) => {
            let cost = made.evaluations;
            format!("{} + {}", cost.main, cost.guide)
        }
        SourceManifest::Files { .. } => "–".to_owned(),
    }
}

/// A value with half of its interval.
pub fn cell(number: &Number) -> String {
    let value = number.value;
    let margin = number.interval.map(|[low, high]| (high - low) / 2.0);
    let scale = margin.unwrap_or(value.abs() / 1000.0);
    // Two digits of the margin are worth showing, four of a number without one.
    let digits = if scale > 0.0 && scale.is_finite() {
        (1.0 - scale.log10().floor()).clamp(0.0, 8.0) as usize
    } else {
        4
    };
    match margin {
        Some(margin) => format!("{value:.digits$} ± {margin:.digits$}"),
        None => format!("{value:.digits$}"),
    }
}

/// The network that all of these numbers say they are of.
pub fn only_network<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let of = |name: &'a str| name.split_once('@').map(|(_, network)| network);
    let first = of(names.next()?)?;
    names.all(|name| of(name) == Some(first)).then_some(first)
}

/// A number's name where the network is said elsewhere.
pub fn short<'a>(name: &'a str, network: Option<&str>) -> &'a str {
    match (network, name.split_once('@')) {
        (Some(_), Some((short, _))) => short,
        _ => name,
    }
}
