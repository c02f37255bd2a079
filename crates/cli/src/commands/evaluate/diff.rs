//! `foil evaluate diff`: in which settings two results differ, and their numbers where these can be compared.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use super::{
    manifest::{Evaluation, Number},
    table::cell,
};
use crate::{arguments::EvaluateDiff, output};

/// What two results have to do with each other.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Difference {
    /// Settings by their place in the manifest: what each result has there.
    settings: BTreeMap<String, [Value; 2]>,
    /// Those among them that change what a number means: with them no numbers are compared.
    protocol: Vec<String>,
    comparable: bool,
    numbers: BTreeMap<String, Compared>,
    /// Metrics that only one of them has.
    alone: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Compared {
    one: Number,
    other: Number,
    /// Other minus one.
    change: f64,
    /// Whether the intervals have no number in common; unknown without intervals.
    #[serde(skip_serializing_if = "Option::is_none")]
    apart: Option<bool>,
}

/// Compares two files of results.
pub fn run(arguments: &EvaluateDiff) -> Result<()> {
    let [one, other] = [&arguments.one, &arguments.other];
    let difference = Difference::between(&read(one)?, &read(other)?)?;
    output::print(&if arguments.json {
        serde_json::to_string(&difference)? + "\n"
    } else {
        difference.text()
    })
}

fn read(path: &Path) -> Result<Evaluation> {
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is no result of `foil evaluate`", path.display()))
}

impl Difference {
    fn between(one: &Evaluation, other: &Evaluation) -> Result<Self> {
        let settings = differences(
            &serde_json::to_value(&one.manifest)?,
            &serde_json::to_value(&other.manifest)?,
        );
        let protocol = settings
            .iter()
            .filter(|(place, pair)| is_protocol(place, pair));
        let protocol: Vec<String> = protocol.map(|(place, _)| place.clone()).collect();
        let comparable = protocol.is_empty();
        let mut numbers = BTreeMap::new();
        let mut alone = Vec::new();
        for (name, here) in &one.results {
            match other.results.get(name) {
                Some(there) if comparable => {
                    numbers.insert(name.clone(), Compared::of(here, there));
                }
                Some(_) => {}
                None => alone.push(name.clone()),
            }
        }
        let there = other.results.keys();
        alone.extend(
            there
                .filter(|name| !one.results.contains_key(*name))
                .cloned(),
        );
        Ok(Self {
            settings,
            protocol,
            comparable,
            numbers,
            alone,
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let wide = self.settings.keys().map(String::len).max().unwrap_or(0);
        // Writing into a text cannot fail.
        for (place, pair) in &self.settings {
            let mark = if is_protocol(place, pair) { '!' } else { ' ' };
            let [one, other] = pair;
            let _ = writeln!(
                text,
                "{mark} {place:<wide$}  {}  →  {}",
                shown(one),
                shown(other)
            );
        }
        if self.settings.is_empty() {
            text.push_str("  all settings are the same\n");
        }
        if !self.alone.is_empty() {
            let _ = writeln!(text, "\nonly in one of them: {}", self.alone.join(", "));
        }
        if !self.comparable {
            text.push_str(
                "\nnot comparable: what is marked with ! changes what the numbers mean\n",
            );
            return text;
        }
        text.push('\n');
        let wide = self.numbers.keys().map(|name| name.chars().count()).max();
        let wide = wide.unwrap_or(0);
        for (name, compared) in &self.numbers {
            let apart = match compared.apart {
                Some(true) => "",
                Some(false) => "  (within each other's intervals)",
                None => "  (no interval is known)",
            };
            let _ = writeln!(
                text,
                "{name:<wide$}  {}  →  {}  {:+.4}{apart}",
                cell(&compared.one),
                cell(&compared.other),
                compared.change,
            );
        }
        text
    }
}

impl Compared {
    fn of(one: &Number, other: &Number) -> Self {
        let apart = one.interval.zip(other.interval);
        Self {
            one: one.clone(),
            other: other.clone(),
            change: other.value - one.value,
            apart: apart.map(|([low, high], [least, most])| high < least || most < low),
        }
    }
}

/// Whether a setting changes what is measured, not only what is measured of.
fn is_protocol(place: &str, pair: &[Value; 2]) -> bool {
    // A network or a reference that only one of them needed: its metrics are not in the other.
    if pair.iter().any(Value::is_null) && pair.iter().any(Value::is_object) {
        return false;
    }
    let first = ["extractors.", "reference", "training"];
    let whole = ["images.count", "images.source.kind", "images.source.labels"];
    // What weights are called says nothing; their digest does.
    let is_name = place.starts_with("extractors.") && place.ends_with(".weights");
    !is_name && (first.iter().any(|first| place.starts_with(first)) || whole.contains(&place))
}

/// Where two values differ, by the path to it.
fn differences(one: &Value, other: &Value) -> BTreeMap<String, [Value; 2]> {
    let mut found = BTreeMap::new();
    descend("", one, other, &mut found);
    found
}

fn descend(path: &str, one: &Value, other: &Value, found: &mut BTreeMap<String, [Value; 2]>) {
    if one == other {
        return;
    }
    let (Some(here), Some(there)) = (one.as_object(), other.as_object()) else {
        found.insert(path.to_owned(), [one.clone(), other.clone()]);
        return;
    };
    let mut keys: Vec<&String> = here.keys().chain(there.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let of = |object: &serde_json::Map<String, Value>| {
            object.get(key).cloned().unwrap_or(Value::Null)
        };
        descend(&path, &of(here), &of(there), found);
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
