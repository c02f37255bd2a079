//! Foil's own file of a network: safetensors, with all that is needed to use it in the metadata.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    problem::{Found, Problem, shown},
    safetensors::Header,
    writer,
};
use crate::{
    Encoder, Error, Result, Weights,
    edm2::{Config, Degradation},
};

const FORMAT: &str = "foil";
/// Of the metadata's layout.
const VERSION: &str = "1";

/// What a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It estimates clean images.
    Denoiser,
    /// It tells classes apart, at whatever noise level.
    NoisyClassifier,
    /// It tells classes apart of images without noise, and describes them.
    CleanClassifier,
}

impl Role {
    const ALL: [Self; 3] = [Self::Denoiser, Self::NoisyClassifier, Self::CleanClassifier];

    /// As files say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Denoiser => "edm2",
            Self::NoisyClassifier => "edm2-noisy-classifier",
            Self::CleanClassifier => "edm2-clean-classifier",
        }
    }
}

/// An EDM2 network as it lies in a file.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What it is for.
    pub role: Role,
    /// Its description.
    pub config: Config,
    /// What stands between it and pixels.
    pub encoder: Encoder,
    /// Its tensors, which are exactly those of the configuration.
    pub weights: Weights,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// What is known about where a network comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Provenance {
    /// Length of the weights' average: the standard deviation of its profile relative to the training time. EDM2, section 3.1.
    pub ema_std: Option<f64>,
    /// Images the network was trained on when it was saved.
    pub images_seen: Option<u64>,
    /// The file or run that it was made from.
    pub origin: Option<String>,
    /// On what terms it may be used.
    pub licence: Option<String>,
    /// Class of the data set in the program that trained it.
    pub dataset_class: Option<String>,
    /// Path of the data set on the machine that trained it.
    pub dataset_path: Option<String>,
    /// What was done to the weights to make them worse, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degradations: Vec<Degradation>,
}

impl Provenance {
    /// What a published file's name says: `….-{thousands of images:07}-{EMA length:.3}.pkl`.
    pub fn from_name(path: &Path) -> Self {
        let name = path.file_stem().and_then(|name| name.to_str());
        let parts = name.and_then(|name| {
            let (rest, length) = name.rsplit_once('-')?;
            let (_, thousands) = rest.rsplit_once('-')?;
            Some((thousands, length))
        });
        let digits = |text: &str, count| {
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let read = parts.and_then(|(thousands, length)| {
            let (whole, decimals) = length.split_once('.')?;
            let named = digits(thousands, 7) && digits(whole, 1) && digits(decimals, 3);
            let ema_std: f64 = length.parse().ok().filter(|_| named)?;
            let thousands: u64 = thousands.parse().ok()?;
            // Snapshots are taken at multiples of 1024 images, and names round down.
            Some((ema_std, (thousands * 1000).next_multiple_of(1024)))
        });
        Self {
            ema_std: read.map(|(ema_std, _)| ema_std),
            images_seen: read.map(|(_, images)| images),
            origin: path.file_name().map(|name| shown(&name.to_string_lossy())),
            ..Self::default()
        }
    }
}

impl Snapshot {
    /// Writes the network. The file is whole or not there; tensors keep their types and are copied one after the other.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.weights.check(&self.tensors()?)?;
        writer::write(path, &self.weights, self.metadata()?)
    }

    /// Names and shapes of its tensors.
    pub fn tensors(&self) -> Result<Vec<(String, Vec<usize>)>> {
        expected(self.role, &self.config)
    }

    pub(super) fn metadata(&self) -> Result<BTreeMap<String, String>> {
        let json = |error: serde_json::Error| Error::Config(error.to_string());
        let mut metadata = BTreeMap::from([
            ("format".to_owned(), FORMAT.to_owned()),
            ("version".to_owned(), VERSION.to_owned()),
            ("kind".to_owned(), self.role.name().to_owned()),
            (
                "config".to_owned(),
                serde_json::to_string(&self.config).map_err(json)?,
            ),
            (
                "encoder".to_owned(),
                serde_json::to_string(&self.encoder).map_err(json)?,
            ),
        ]);
        let Provenance {
            ema_std,
            images_seen,
            origin,
            licence,
            dataset_class,
            dataset_path,
            degradations,
        } = &self.provenance;
        let degradations = match &degradations[..] {
            [] => None,
            some => Some(serde_json::to_string(some).map_err(json)?),
        };
        let entries = [
            ("ema-std", ema_std.map(|length| length.to_string())),
            ("images-seen", images_seen.map(|images| images.to_string())),
            ("origin", origin.clone()),
            ("licence", licence.clone()),
            ("dataset-class", dataset_class.clone()),
            ("dataset-path", dataset_path.clone()),
            ("degradations", degradations),
        ];
        let known = entries
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        metadata.extend(known);
        Ok(metadata)
    }

    /// Whether metadata are those of a file that Foil wrote.
    pub(super) fn is_foils(metadata: &HashMap<String, String>) -> bool {
        metadata
            .get("format")
            .is_some_and(|format| format == FORMAT)
    }

    /// Reads what [`Self::save`] wrote.
    pub(super) fn from_header(origin: &Path, header: Header) -> Found<Self> {
        let Header { tensors, metadata } = header;
        let entry = |key: &str| {
            let value = metadata.get(key);
            value.ok_or_else(|| Problem::new(format!("a snapshot of Foil without '{key}'")))
        };
        let (version, kind) = (entry("version")?, entry("kind")?);
        if version != VERSION {
            return Err(Problem::new(format!(
                "a snapshot of version '{}'; this program knows {VERSION}",
                shown(version)
            )));
        }
        let role = Role::ALL.into_iter().find(|role| role.name() == kind);
        let role = role.ok_or_else(|| {
            let known = Role::ALL.map(Role::name).join(", ");
            Problem::new(format!(
                "a file of Foil's kind '{}'; known as networks are {known}",
                shown(kind)
            ))
        })?;
        let config: Config = parse("config", entry("config")?)?;
        let encoder = parse("encoder", entry("encoder")?)?;
        let optional = |key: &str| metadata.get(key).map(|text| shown(text));
        let provenance = Provenance {
            ema_std: metadata
                .get("ema-std")
                .map(|text| parse("ema-std", text))
                .transpose()?,
            images_seen: metadata
                .get("images-seen")
                .map(|text| parse("images-seen", text))
                .transpose()?,
            origin: optional("origin"),
            licence: optional("licence"),
            dataset_class: optional("dataset-class"),
            dataset_path: optional("dataset-path"),
            degradations: metadata
                .get("degradations")
                .map(|text| parse("degradations", text))
                .transpose()?
                .unwrap_or_default(),
        };
        let weights = Weights::new(origin.display().to_string(), tensors);
        weights.check(&expected(role, &config)?)?;
        Ok(Self {
            role,
            config,
            encoder,
            weights,
            provenance,
        })
    }
}

fn expected(role: Role, config: &Config) -> Result<Vec<(String, Vec<usize>)>> {
    let plan = config.plan()?;
    Ok(match role {
        Role::Denoiser => plan.tensors(config),
        Role::NoisyClassifier | Role::CleanClassifier => plan.classifier_tensors(config),
    })
}

fn parse<T: DeserializeOwned>(key: &str, text: &str) -> Found<T> {
    serde_json::from_str(text).map_err(|error| {
        Problem::new(format!(
            "the snapshot's '{key}': {}",
            shown(&error.to_string())
        ))
    })
}
