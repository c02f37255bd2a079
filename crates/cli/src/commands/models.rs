//! `foil models`: every preset with what it needs and what its authors report.

use anyhow::Result;
use foil_models::{
    bundled::{self, Part},
    preset::{self, LICENCE, Preset, Published},
};
use serde::Serialize;

use crate::{
    arguments::{Connection, Models},
    files::Files,
    output,
};

/// Below the table; lines of at most 80 columns.
const NOTES: &str = "\
FID and FD: the papers' Fréchet distances of Inception and of DINOv2 features,
50,000 images, less is better. MB: all weights in f16. cached: on this machine.";

/// Below the table where it names networks.
const NETWORK_NOTES: &str = "\
main and guide are named without edm2-img512- or edm2-img64-.";

#[derive(Serialize)]
struct Listing {
    bundled: Vec<Bundled>,
    licence: &'static str,
    presets: Vec<Entry>,
}

#[derive(Serialize)]
struct Bundled {
    name: &'static str,
    data: &'static str,
    networks: Vec<String>,
    bytes: u64,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    main: Weights,
    guidance: Option<Guidance>,
    metric: &'static str,
    published: f64,
}

#[derive(Serialize)]
struct Guidance {
    method: &'static str,
    weight: f64,
    guide: Weights,
}

#[derive(Serialize)]
struct Weights {
    name: String,
    #[serde(skip)]
    short_name: String,
    url: Option<String>,
    bytes: u64,
    cached: bool,
}

/// Prints all presets.
pub fn run(arguments: &Models) -> Result<()> {
    let files = Files::open(&Connection { offline: true })?;
    let presets: Result<Vec<Entry>> = preset::all()
        .iter()
        .map(|preset| entry(preset, &files))
        .collect();
    let presets = presets?;
    let bundled: Vec<Bundled> = bundled::ALL.iter().map(Bundled::of).collect();
    if arguments.json {
        let licence = LICENCE;
        let listing = serde_json::to_string(&Listing {
            bundled,
            licence,
            presets,
        })?;
        return output::print(&format!("{listing}\n"));
    }
    let bundled: String = bundled.iter().map(Bundled::lines).collect();
    output::print(&format!("{bundled}{}", table(&presets, terminal_width())))
}

impl Bundled {
    fn of(bundle: &bundled::Bundle) -> Self {
        let networks = Part::ALL.map(|part| bundle.network(part));
        let files = networks.iter().filter_map(|name| bundled::file(name));
        Self {
            name: bundle.name,
            data: bundle.data,
            bytes: files.map(|file| file.length()).sum(),
            networks: networks.into(),
        }
    }

    /// Below the name, its networks; at most 80 columns.
    fn lines(&self) -> String {
        let prefix = format!("{}-", self.name);
        let parts = self.networks.iter();
        let parts: Vec<&str> = parts
            .filter_map(|name| name.strip_prefix(&prefix))
            .collect();
        format!(
            "{}  {} at 32×32, part of this program, {:.1} MB; networks {prefix}…\n  {}\n\n",
            self.name,
            self.data,
            self.bytes as f64 / 1e6,
            parts.join(", ")
        )
    }
}

fn entry(preset: &'static Preset, files: &Files) -> Result<Entry> {
    let weights = |network: &preset::Network| -> Result<Weights> {
        Ok(Weights {
            name: network.to_string(),
            short_name: network.short_name(),
            url: network.url(),
            bytes: network.bytes(),
            cached: files.has(network)?,
        })
    };
    let guidance = preset.guidance.map(|guidance| {
        anyhow::Ok(Guidance {
            method: guidance.method.name(),
            weight: guidance.weight,
            guide: weights(&guidance.guide)?,
        })
    });
    let (metric, published) = match preset.published {
        Published::Fid(value) => ("fid", value),
        Published::FdDinov2(value) => ("fd-dinov2", value),
    };
    Ok(Entry {
        name: &preset.name,
        main: weights(&preset.main)?,
        guidance: guidance.transpose()?,
        metric,
        published,
    })
}

/// Nothing limits a file or a pipe.
fn terminal_width() -> usize {
    let terminal = console::Term::stdout();
    let size = terminal.is_term().then(|| terminal.size_checked());
    size.flatten().map_or(usize::MAX, |(_, width)| width.into())
}

/// One line a preset; the networks are left out where they do not fit.
fn table(entries: &[Entry], width: usize) -> String {
    const NETWORKS: [usize; 2] = [1, 2];
    /// Columns of text; numbers end below each other.
    const TEXT: [usize; 4] = [0, 1, 2, 3];
    let titles = [
        "preset", "main", "guide", "guidance", "FID", "FD", "MB", "cached",
    ];
    let rows: Vec<[String; 8]> = std::iter::once(titles.map(str::to_owned))
        .chain(entries.iter().map(row))
        .collect();
    let widest = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let mut columns: Vec<usize> = (0..titles.len()).collect();
    let needed: usize = columns.iter().map(|&column| widest(column) + 2).sum();
    let fits = needed - 2 <= width;
    if !fits {
        columns.retain(|column| !NETWORKS.contains(column));
    }
    let mut text = String::new();
    for row in &rows {
        let cells = columns.iter().map(|&column| {
            let (cell, width) = (&row[column], widest(column));
            if TEXT.contains(&column) {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text += "\n";
    }
    let notes = [Some(NOTES), fits.then_some(NETWORK_NOTES)];
    for note in notes.into_iter().flatten() {
        text += &["\n", note].concat();
    }
    text + &format!(
        "\n\nThe weights are NVIDIA's, under {LICENCE}. Networks have names as well:\n\
         edm2-img512-s-2147483-0.130; edm2-img512-s is that architecture, random weights.\n"
    )
}

fn row(entry: &Entry) -> [String; 8] {
    let guide = entry.guidance.as_ref().map(|guidance| &guidance.guide);
    let weights: Vec<&Weights> = std::iter::once(&entry.main).chain(guide).collect();
    let cached = weights.iter().filter(|weights| weights.cached).count();
    let bytes: u64 = weights.iter().map(|weights| weights.bytes).sum();
    let value = |metric: &str| {
        let value = format!("{:.2}", entry.published);
        if entry.metric == metric {
            value
        } else {
            String::new()
        }
    };
    let guidance = entry.guidance.as_ref();
    let guidance =
        guidance.map(|guidance| format!("{:<4} {:.2}", guidance.method, guidance.weight));
    [
        entry.name.to_owned(),
        entry.main.short_name.clone(),
        guide.map_or_else(String::new, |guide| guide.short_name.clone()),
        guidance.unwrap_or_else(|| "none".to_owned()),
        value("fid"),
        value("fd-dinov2"),
        ((bytes + 500_000) / 1_000_000).to_string(),
        match cached {
            0 => "no",
            cached if cached == weights.len() => "yes",
            _ => "half",
        }
        .to_owned(),
    ]
}
