//! `foil evaluate`: images, made for it or there, through networks that describe them, to numbers and how these came about.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use foil_models::bundled::{self, Bundle};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::{
    hexadecimal,
    judge::{Asked, Judge, say},
    manifest::{Evaluation, ImagesManifest, SourceManifest},
    source::{FileSource, GeneratedSource, Order, Seeds, Source},
    table,
};
use crate::{
    arguments::{ImagesName, Score, Shown},
    commands::sample::{Settings, bundle_of, settings},
    files::Files,
    output,
};

/// Images that are made, unless it is said.
const IMAGES: usize = 5000;
/// Steps where the program chooses model and guidance: two times 5000 images are to take minutes. With 32, and 2000 images, the bundled networks had
/// 0.028 ± 0.008 where these have 0.037 ± 0.008, and guided 0.018 ± 0.004 where these have 0.017 ± 0.004.
const STEPS: usize = 12;

/// One column of the table: how its images are made, or that they are there.
struct Column {
    title: String,
    settings: Option<Settings>,
}

/// Judges, prints, and keeps what was found.
pub fn run(arguments: &Score) -> Result<()> {
    // Work handed to the pool from outside it would wait at every operation.
    rayon::scope(|_| Work::begin(arguments)?.finish())
}

struct Work<'a> {
    arguments: &'a Score,
    files: Files,
    judge: Judge,
}

impl<'a> Work<'a> {
    fn begin(arguments: &'a Score) -> Result<Self> {
        let files = Files::open(&arguments.generation.connection)?;
        let asked = Asked {
            metrics: &arguments.metrics,
            extractors: &arguments.extractors,
            reference: arguments.reference.as_ref(),
            training: arguments.training.as_ref(),
            shown: &arguments.shown,
            out: &arguments.out,
        };
        Ok(Self {
            judge: Judge::open(&asked, bundle(arguments)?, &files)?,
            arguments,
            files,
        })
    }

    fn finish(&self) -> Result<()> {
        let columns = columns(self.arguments)?;
        let mut evaluations = Vec::new();
        for column in &columns {
            evaluations.push((column.title.as_str(), self.evaluate(column)?));
        }
        output::print(&if self.arguments.json {
            #[derive(Serialize)]
            struct All<'a> {
                evaluations: Vec<&'a Evaluation>,
            }
            let evaluations = evaluations.iter().map(|(_, evaluation)| evaluation);
            serde_json::to_string(&All {
                evaluations: evaluations.collect(),
            })? + "\n"
        } else {
            table::of(&evaluations)
        })
    }

    /// Judges one column, and keeps what was found.
    fn evaluate(&self, column: &Column) -> Result<Evaluation> {
        let (mut source, manifest) = self.source(column)?;
        let (evaluation, path) = self.judge.judge(&column.title, source.as_mut(), manifest)?;
        say(&column.title, &evaluation, &path);
        Ok(evaluation)
    }

    fn source(&self, column: &Column) -> Result<(Box<dyn Source>, ImagesManifest)> {
        let Score {
            images,
            repeats,
            first_seed,
            generation,
            ..
        } = self.arguments;
        let Some(settings) = &column.settings else {
            let Some(ImagesName::Path(path)) = images else {
                anyhow::bail!("--images PATH is needed");
            };
            ensure!(*repeats == 1, "--repeats is for images that are made");
            let resolution = self.judge.resolution();
            let shown = Shown {
                split: None,
                fit: self.arguments.shown.fit,
            };
            let source = FileSource::open(path, &shown, resolution)?;
            let named = source.named();
            let manifest = ImagesManifest {
                count: source.count(),
                repeats: 1,
                source: SourceManifest::Files {
                    name: named.name,
                    fingerprint: named.fingerprint,
                    left_out: source.left_out(),
                },
            };
            return Ok((Box::new(source), manifest));
        };
        let count = match images {
            Some(ImagesName::Count(count)) => *count,
            _ => IMAGES,
        };
        let source = GeneratedSource::open(
            settings.clone(),
            Seeds {
                first: *first_seed,
                count: count * repeats,
                order: Order::Following,
            },
            (generation.batch, &generation.device),
            &self.files,
            &self.judge.progress,
        )?;
        let manifest = ImagesManifest {
            count,
            repeats: *repeats,
            source: SourceManifest::Generated(Box::new(source.manifest())),
        };
        Ok((Box::new(source), manifest))
    }
}

/// The bundle whose model is judged, if it is one.
fn bundle(arguments: &Score) -> Result<Option<&'static Bundle>> {
    match &arguments.images {
        Some(ImagesName::Path(_)) => Ok(None),
        _ => bundle_of(&arguments.generation),
    }
}

/// Without a model the bundled one, unguided and guided; else what the command line says.
fn columns(arguments: &Score) -> Result<Vec<Column>> {
    if let Some(ImagesName::Path(path)) = &arguments.images {
        return Ok(vec![Column {
            title: super::last_part(path),
            settings: None,
        }]);
    }
    let generation = &arguments.generation;
    let typed = settings(generation)?;
    let column = |settings: Settings| Column {
        title: format!("{}, {}", settings.model, settings.guidance),
        settings: Some(settings),
    };
    if generation.model.is_some() || generation.guidance.is_some() {
        return Ok(vec![column(typed)]);
    }
    ensure!(
        [
            &generation.guide,
            &generation.unconditional,
            &generation.classifier
        ] == [&None; 3],
        "--guide is for a --model or a --guidance, and so are --unconditional and --classifier"
    );
    let chosen = Settings {
        steps: generation.steps.unwrap_or(STEPS),
        guidance: format!("auto:{}", bundled::DEFAULT.distance_weight),
        ..typed
    };
    let unguided = Settings {
        guidance: "none".to_owned(),
        guide: None,
        ..chosen.clone()
    };
    Ok(vec![column(unguided), column(chosen)])
}

/// Where features are kept.
pub fn features_folder(out: &Path) -> PathBuf {
    out.join("features")
}

/// A title as part of a file's name.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for letter in title.chars() {
        if letter.is_ascii_alphanumeric() || letter == '.' {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Tells one thing from others of its kind.
pub fn short_digest(thing: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(thing)?;
    Ok(hexadecimal(&digest(&SHA256, text.as_bytes()).as_ref()[..4]))
}
