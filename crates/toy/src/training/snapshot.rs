//! Networks and training states on disk: safetensors with the configuration in the metadata. Reading is strict.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use foil_files::FileError;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use super::{Config, Training, adam::Adam, state::AVERAGE_LENGTH};
use crate::{
    network::DensityModel,
    numbers::{bytes_of, finite_numbers},
};

/// No file of the laboratory comes near this size.
const LARGEST_FILE: u64 = 256 << 20;
const MODEL: &str = "toy-density-model";
const STATE: &str = "toy-training-state";

/// What can be wrong with a file of weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is something else, or damaged.
    #[error("{path} is not a {expected} of Foil: {problem}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
        /// What was found.
        problem: String,
    },
}

/// A trained network from disk.
#[derive(Debug, Clone)]
pub struct SavedModel {
    /// How it was trained.
    pub config: Config,
    /// For how long.
    pub iterations: u32,
    /// The averaged network.
    pub model: DensityModel,
}

impl SavedModel {
    /// Reads and checks a file written by [`Training::save_model`].
    pub fn load(path: &Path) -> Result<Self, SnapshotError> {
        let bytes = foil_files::read(path, LARGEST_FILE)?;
        let file = Opened::new(path, &bytes, MODEL)?;
        let architecture = file.config.architecture;
        let mut parameters = Vec::with_capacity(architecture.parameters());
        let mut names = Vec::new();
        for (layer, (range, inputs)) in architecture.ranges().enumerate() {
            let name = layer_name(layer);
            parameters.extend(file.numbers(&name, &[range.len() / inputs, inputs])?);
            names.push(name);
        }
        parameters.extend(file.numbers("gain", &[])?);
        names.push("gain".into());
        file.refuse_others(&names)?;
        let model = DensityModel::new(architecture, &parameters);
        Ok(Self {
            config: file.config,
            iterations: file.iterations,
            model,
        })
    }
}

fn layer_name(layer: usize) -> String {
    format!("layers.{layer}.weight")
}

impl Training {
    /// Writes the averaged network.
    pub fn save_model(&self, path: &Path) -> Result<(), SnapshotError> {
        let architecture = self.config().architecture;
        let bytes = bytes_of(&self.average);
        let mut tensors = Vec::new();
        for (layer, (range, inputs)) in architecture.ranges().enumerate() {
            let shape = vec![range.len() / inputs, inputs];
            tensors.push((
                layer_name(layer),
                shape,
                &bytes[4 * range.start..4 * range.end],
            ));
        }
        tensors.push(("gain".into(), vec![], &bytes[bytes.len() - 4..]));
        write(path, tensors, self.metadata(MODEL))
    }

    /// Writes all that is needed to continue.
    pub fn save_state(&self, path: &Path) -> Result<(), SnapshotError> {
        let parts = [
            &self.weights,
            &self.average,
            &self.adam.first,
            &self.adam.second,
        ]
        .map(|part| bytes_of(part));
        let named = STATE_PARTS.iter().zip(&parts);
        let shape = vec![self.weights.len()];
        let tensors = named
            .map(|(name, bytes)| ((*name).to_owned(), shape.clone(), bytes.as_slice()))
            .collect();
        write(path, tensors, self.metadata(STATE))
    }

    /// Reads a state.
    pub fn load_state(path: &Path) -> Result<Self, SnapshotError> {
        let bytes = foil_files::read(path, LARGEST_FILE)?;
        let file = Opened::new(path, &bytes, STATE)?;
        file.refuse_others(&STATE_PARTS.map(str::to_owned))?;
        let part = |name| file.numbers(name, &[file.config.architecture.parameters()]);
        let [weights, average, first, second] = STATE_PARTS.map(part);
        let adam = Adam {
            first: first?,
            second: second?,
        };
        let seconds = file
            .entry("foil.seconds")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0.0);
        Ok(Self::resume(
            file.config,
            (file.iterations, seconds),
            weights?,
            average?,
            adam,
        ))
    }

    fn metadata(&self, kind: &str) -> HashMap<String, String> {
        let config = serde_json::to_string(&self.config()).expect("a configuration is plain data");
        let entries = [
            ("foil.kind", kind.to_owned()),
            ("foil.version", env!("CARGO_PKG_VERSION").to_owned()),
            ("foil.config", config),
            ("foil.iterations", self.iteration().to_string()),
            ("foil.ema-length", AVERAGE_LENGTH.to_string()),
            ("foil.seconds", self.seconds().to_string()),
        ];
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }
}

const STATE_PARTS: [&str; 4] = ["weights", "average", "first-moment", "second-moment"];

fn write(
    path: &Path,
    tensors: Vec<(String, Vec<usize>, &[u8])>,
    metadata: HashMap<String, String>,
) -> Result<(), SnapshotError> {
    let views = tensors.into_iter().map(|(name, shape, bytes)| {
        (
            name,
            TensorView::new(Dtype::F32, shape, bytes)
                .expect("a shape of as many numbers as there are"),
        )
    });
    let bytes = safetensors::serialize(views, Some(metadata)).expect("names are unique");
    Ok(foil_files::write(path, &bytes)?)
}

/// A safetensors file whose metadata says that it is the expected kind.
struct Opened<'a> {
    path: &'a Path,
    kind: &'static str,
    tensors: SafeTensors<'a>,
    metadata: HashMap<String, String>,
    config: Config,
    iterations: u32,
}

impl<'a> Opened<'a> {
    fn new(path: &'a Path, bytes: &'a [u8], kind: &'static str) -> Result<Self, SnapshotError> {
        let foreign = |problem: String| SnapshotError::Foreign {
            path: path.to_owned(),
            expected: kind,
            problem,
        };
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| foreign(format!("no safetensors ({error})")))?;
        let (_, header) =
            SafeTensors::read_metadata(bytes).map_err(|error| foreign(error.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let entry = |key: &str| {
            metadata
                .get(key)
                .ok_or_else(|| foreign(format!("its metadata has no {key}")))
        };
        let found = entry("foil.kind")?;
        if found != kind {
            return Err(foreign(format!("it is a {found}")));
        }
        let config: Config = serde_json::from_str(entry("foil.config")?)
            .map_err(|error| foreign(format!("its configuration is unreadable ({error})")))?;
        if !config.architecture.is_valid() {
            return Err(foreign(format!(
                "its architecture {:?} is out of range",
                config.architecture
            )));
        }
        let iterations = entry("foil.iterations")?;
        let iterations = iterations
            .parse()
            .map_err(|_| foreign(format!("its number of iterations is '{iterations}'")))?;
        Ok(Self {
            path,
            kind,
            tensors,
            metadata,
            config,
            iterations,
        })
    }

    fn entry(&self, key: &str) -> Option<&String> {
        self.metadata.get(key)
    }

    fn foreign(&self, problem: String) -> SnapshotError {
        SnapshotError::Foreign {
            path: self.path.to_owned(),
            expected: self.kind,
            problem,
        }
    }

    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, SnapshotError> {
        let tensor = self
            .tensors
            .tensor(name)
            .map_err(|_| self.foreign(format!("it has no tensor {name}")))?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            let (dtype, found) = (tensor.dtype(), tensor.shape());
            return Err(self.foreign(format!(
                "{name} is {dtype:?} {found:?}, expected F32 {shape:?}"
            )));
        }
        finite_numbers(tensor.data())
            .ok_or_else(|| self.foreign(format!("{name} holds numbers that are not finite")))
    }

    fn refuse_others(&self, known: &[String]) -> Result<(), SnapshotError> {
        let mut others: Vec<&str> = self.tensors.names();
        others.retain(|name| !known.iter().any(|known| known == name));
        if others.is_empty() {
            return Ok(());
        }
        others.sort_unstable();
        Err(self.foreign(format!("it has unknown tensors: {}", others.join(", "))))
    }
}
