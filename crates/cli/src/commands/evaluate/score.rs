//! `foil evaluate`: images, made for it or there, through networks that describe them, to numbers and how these came about.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use foil_files::check_writable;
use foil_models::bundled::{self, Bundle};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::{
    against::Against,
    extractors::Opened,
    gather::{Gathered, Wanted, gather},
    hexadecimal,
    manifest::{Evaluation, ImagesManifest, Manifest, SourceManifest},
    measure::{Compared, Numbers, together},
    plan::{borrowed, check, metrics, open_networks},
    source::{FileSource, GeneratedSource, Source},
    table, warnings,
};
use crate::{
    arguments::{ImagesName, MetricName, Score, Shown, SplitName},
    commands::sample::{Settings, settings},
    files::Files,
    output,
    progress::Progress,
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
    metrics: Vec<MetricName>,
    networks: Vec<(Opened, Wanted)>,
    reference: Option<Against>,
    training: Option<Against>,
}

impl<'a> Work<'a> {
    fn begin(arguments: &'a Score) -> Result<Self> {
        let files = Files::open(&arguments.generation.connection)?;
        let bundle = bundle(arguments);
        let metrics = metrics(
            &arguments.metrics,
            arguments.extractors.features.as_ref(),
            bundle,
        );
        let networks = open_networks(&metrics, &arguments.extractors, &files)?;
        std::fs::create_dir_all(features_folder(&arguments.out))
            .with_context(|| format!("cannot write {}", arguments.out.display()))?;
        check_writable(&arguments.out)?;
        let folder = features_folder(&arguments.out);
        let borrowed = borrowed(&networks);
        let statistics = bundle.map(|bundle| bundle.statistics("test"));
        let reference = match arguments.reference.clone().or(statistics) {
            Some(name) => Some(Against::open(
                &name,
                &arguments.shown,
                &borrowed,
                &folder,
                &files,
            )?),
            None => None,
        };
        check(&metrics, reference.as_ref(), arguments.training.as_ref())?;
        let of_training = |path: &PathBuf| {
            let shown = Shown {
                split: Some(SplitName::Train),
                fit: arguments.shown.fit,
            };
            Against::of_images(path, &shown, &borrowed, &folder)
        };
        let training = arguments.training.as_ref().map(of_training).transpose()?;
        Ok(Self {
            arguments,
            files,
            metrics,
            networks,
            reference,
            training,
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
        let slug = slug(&column.title);
        // The number of images is no part of it: more of them continue.
        let images = short_digest(&manifest.source)?;
        let stem = features_folder(&self.arguments.out).join(format!("{slug}-{images}"));
        let gathered = gather(
            source.as_mut(),
            &borrowed(&self.networks),
            &stem,
            &column.title,
        )?;
        let manifest = Manifest {
            foil: env!("CARGO_PKG_VERSION").to_owned(),
            images: manifest,
            extractors: self
                .networks
                .iter()
                .map(|(opened, _)| (opened.name.clone(), opened.manifest.clone()))
                .collect(),
            reference: self.reference.as_ref().map(|known| known.manifest.clone()),
            training: self.training.as_ref().map(|known| known.manifest.clone()),
        };
        let compared = Compared {
            reference: self.reference.as_ref(),
            training: self.training.as_ref(),
        };
        let warnings = warnings::of(&manifest, &self.metrics, &gathered, &compared)?;
        let evaluation = Evaluation {
            results: self.measure(&compared, &gathered, &manifest.images, column)?,
            manifest,
            warnings,
        };
        let name = format!("{slug}-{}.json", short_digest(&evaluation.manifest)?);
        let path = self.arguments.out.join(name);
        foil_files::write(
            &path,
            (serde_json::to_string_pretty(&evaluation)? + "\n").as_bytes(),
        )?;
        for warning in &evaluation.warnings {
            Progress::new().say(&format!("{}: {warning}", column.title));
        }
        Progress::new().say(&format!("{}: {}", column.title, path.display()));
        Ok(evaluation)
    }

    fn measure(
        &self,
        compared: &Compared<'_>,
        gathered: &Gathered,
        images: &ImagesManifest,
        column: &Column,
    ) -> Result<Numbers> {
        let mut repeats = Vec::new();
        for repeat in 0..images.repeats {
            let part = gathered.part(repeat, images.count)?;
            let mut numbers = Numbers::new();
            for metric in &self.metrics {
                let found = compared.measure(metric, &part);
                numbers.extend(found.with_context(|| format!("{}: {metric}", column.title))?);
            }
            repeats.push(numbers);
        }
        Ok(together(&repeats))
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
            let resolution = self
                .networks
                .iter()
                .find_map(|(opened, _)| opened.resolution);
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
            [*first_seed, (count * repeats) as u64],
            (generation.batch, &generation.device),
            &self.files,
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
fn bundle(arguments: &Score) -> Option<&'static Bundle> {
    match (&arguments.images, &arguments.generation.model) {
        (Some(ImagesName::Path(_)), _) => None,
        (_, None) => Some(bundled::DEFAULT),
        (_, Some(model)) => bundled::find(model),
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
