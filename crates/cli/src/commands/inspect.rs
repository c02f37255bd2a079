//! `foil inspect`: what is in a checkpoint, as TOML or JSON.

use std::collections::BTreeMap;

use anyhow::Result;
use foil_evaluation::Reference;
use foil_models::{
    StoredTensor, Weights,
    checkpoint::{Contents, Format, Role, Snapshot, Statistics},
};
use serde_json::{Map, json};

use crate::{arguments::Inspect, open, output, report::Report};

/// Looks into a file and prints what it found.
pub fn run(arguments: &Inspect) -> Result<()> {
    let file = open::file(&arguments.file)?;
    let contents = Contents::of(&file)?;
    let mut report = Report::new();
    report.add("format", &Format::of_file(&file)?.to_string())?;
    let weights = match &contents {
        Contents::Edm2(network) | Contents::Classifier(network) => {
            report.network(network)?;
            Some(&network.weights)
        }
        Contents::Toy(weights) => {
            report.add("kind", &"toy")?;
            Some(weights)
        }
        Contents::Statistics(statistics) => {
            report.statistics(statistics)?;
            None
        }
        Contents::Reference(weights) => {
            report.reference(&Reference::of(&file)?)?;
            Some(weights)
        }
        Contents::Tensors(weights) => {
            report.add("kind", &"tensors")?;
            Some(weights)
        }
        _ => None,
    };
    if let Some(weights) = weights {
        report.weights(weights)?;
        if arguments.tensors {
            report.tensors(weights)?;
        }
    }
    let text = if arguments.json {
        report.json()?
    } else {
        report.toml()
    };
    output::print(&text)
}

impl Report {
    fn network(&mut self, network: &Snapshot) -> Result<()> {
        let config = &network.config;
        let plan = config.plan()?;
        let operations = 2 * plan.multiply_adds(config);
        let provenance = &network.provenance;
        self.add("kind", &network.role.name())?;
        self.add("ema-std", &provenance.ema_std)?;
        self.add("images-seen", &provenance.images_seen)?;
        self.add("origin", &provenance.origin)?;
        self.add("licence", &provenance.licence)?;
        self.add("dataset-class", &provenance.dataset_class)?;
        self.add("dataset-path", &provenance.dataset_path)?;
        let degradations = provenance.degradations.iter();
        let numbered: BTreeMap<String, _> = degradations
            .enumerate()
            .map(|(number, degradation)| (number.to_string(), degradation))
            .collect();
        if !numbered.is_empty() {
            self.add("degradations", &numbered)?;
        }
        if network.role == Role::Denoiser {
            self.add("parameters", &plan.parameters(config))?;
            // Two operations for a multiply-add.
            self.add("gflop-per-evaluation", &(operations as f64 / 1e9))?;
        }
        self.add("encoder", &network.encoder)?;
        self.add("config", config)
    }

    fn statistics(&mut self, statistics: &Statistics) -> Result<()> {
        let features = |moments: &StoredTensor| moments.count();
        let metrics = statistics.metrics.iter();
        let metrics: BTreeMap<&str, usize> = metrics
            .map(|(name, moments)| (name.as_str(), features(&moments.mean)))
            .collect();
        self.add("kind", &"statistics")?;
        self.add("images", &statistics.images)?;
        self.add("features", &metrics)
    }

    fn reference(&mut self, reference: &Reference) -> Result<()> {
        let Reference {
            statistics,
            network,
            precision,
            data,
        } = reference;
        self.add("kind", &"statistics")?;
        self.add("images", &statistics.images)?;
        self.add("features", &statistics.mean.len())?;
        self.add("network", &network.name)?;
        self.add("network-fingerprint", &network.fingerprint)?;
        self.add("precision", precision)?;
        self.add("data", &data.name)?;
        self.add("data-fingerprint", &data.fingerprint)
    }

    fn weights(&mut self, weights: &Weights) -> Result<()> {
        let mut types: BTreeMap<String, usize> = BTreeMap::new();
        let (mut numbers, mut bytes) = (0, 0);
        for (_, tensor) in weights.iter() {
            *types.entry(format!("{:?}", tensor.dtype())).or_default() += 1;
            numbers += tensor.count() as u64;
            bytes += tensor.count() as u64 * tensor.dtype().size_in_bytes() as u64;
        }
        self.add("tensor-count", &weights.iter().count())?;
        self.add("numbers", &numbers)?;
        self.add("bytes", &bytes)?;
        self.add("types", &types)
    }

    fn tensors(&mut self, weights: &Weights) -> Result<()> {
        let tensors = weights.iter().map(|(name, tensor)| {
            let dtype = format!("{:?}", tensor.dtype());
            (name.to_owned(), json!([dtype, tensor.shape()]))
        });
        self.add("tensors", &tensors.collect::<Map<_, _>>())
    }
}
