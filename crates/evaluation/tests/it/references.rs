//! Statistics in files, and files that are none.

use std::{collections::HashMap, path::Path};

use foil_evaluation::{Named, Reference, Statistics};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

fn reference() -> Reference {
    let named = |name: &str, fingerprint: &str| Named {
        name: name.to_owned(),
        fingerprint: fingerprint.to_owned(),
    };
    Reference {
        statistics: Statistics {
            images: Some(70_001),
            mean: vec![0.1, -2.0, 1e-300],
            covariance: vec![1.0, 0.5, 0.1, 0.5, 2.0, -0.7, 0.1, -0.7, 1.0 / 3.0],
        },
        network: named("digits-features", "0123456789abcdef"),
        precision: "bf16".to_owned(),
        data: named("a \"quoted\" name, train", "ff"),
    }
}

#[test]
fn what_is_written_is_read_back_and_other_programs_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statistics.safetensors");
    let written = reference();
    written.save(&path).unwrap();
    assert_eq!(Reference::open(&path).unwrap(), written);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.names().len(), 2);
    for (name, shape, numbers) in [
        ("mean", &[3][..], &written.statistics.mean),
        ("covariance", &[3, 3], &written.statistics.covariance),
    ] {
        let tensor = file.tensor(name).unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F64, shape));
        let (found, _) = tensor.data().as_chunks();
        let found: Vec<f64> = found
            .iter()
            .map(|bytes| f64::from_le_bytes(*bytes))
            .collect();
        assert_eq!(&found, numbers);
    }
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone().unwrap();
    for (key, value) in metadata_of_three() {
        assert_eq!(metadata.get(&key), Some(&value), "{key}");
    }
}

fn metadata_of_three() -> HashMap<String, String> {
    let entries = [
        ("foil.kind", "statistics"),
        ("foil.images", "70001"),
        ("foil.network", "digits-features"),
        ("foil.network-fingerprint", "0123456789abcdef"),
        ("foil.precision", "bf16"),
        ("foil.data", "a \"quoted\" name, train"),
        ("foil.data-fingerprint", "ff"),
    ];
    let entries = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
    entries.into()
}

/// Writes such a file as another program would.
fn write(
    path: &Path,
    mean: (Dtype, &[usize]),
    covariance: (&[usize], &[f64]),
    metadata: HashMap<String, String>,
) {
    let width = if mean.0 == Dtype::F64 { 8 } else { 4 };
    let zeros = vec![0; width * mean.1.iter().product::<usize>()];
    let numbers: Vec<u8> = covariance
        .1
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let tensors = [
        ("mean", TensorView::new(mean.0, mean.1.to_vec(), &zeros)),
        (
            "covariance",
            TensorView::new(Dtype::F64, covariance.0.to_vec(), &numbers),
        ),
    ];
    let tensors = tensors.map(|(name, view)| (name, view.unwrap()));
    let bytes = safetensors::serialize(tensors, Some(metadata)).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn files_that_are_no_statistics_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.safetensors");
    let refuse = |words: &str| {
        let said = Reference::open(&path).unwrap_err().to_string();
        assert!(
            said.contains("wrong.safetensors") && said.contains(words),
            "'{words}' is not in {said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    };
    refuse("cannot access");
    std::fs::write(&path, b"no tensors").unwrap();
    refuse("damaged safetensors file");
    reference().save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    refuse("damaged safetensors file");

    let mean = (Dtype::F64, &[2][..]);
    let identity = [1.0, 0.0, 0.0, 1.0];
    let covariance = (&[2, 2][..], &identity[..]);
    let good = metadata_of_three();
    write(&path, mean, covariance, good.clone());
    Reference::open(&path).unwrap();
    for (key, value, words) in [
        ("foil.kind", "samples", "no statistics of images"),
        ("foil.images", "1", "'foil.images'"),
        ("foil.images", "many", "'foil.images'"),
    ] {
        let mut metadata = good.clone();
        metadata.insert(key.to_owned(), value.to_owned());
        write(&path, mean, covariance, metadata);
        refuse(words);
    }
    for key in good.keys() {
        let mut metadata = good.clone();
        metadata.remove(key);
        write(&path, mean, covariance, metadata);
        refuse(if key == "foil.kind" {
            "no statistics of images"
        } else {
            key
        });
    }
    write(&path, (Dtype::F32, &[2]), covariance, good.clone());
    refuse("mean is F32, expected F64");
    write(&path, (Dtype::F64, &[2, 1]), covariance, good.clone());
    refuse("misshapen: mean [2, 1] instead of [2]");
    write(&path, (Dtype::F64, &[3]), covariance, good.clone());
    refuse("misshapen: covariance [2, 2] instead of [3, 3]");
    write(&path, (Dtype::F64, &[0]), (&[0, 0], &[]), good.clone());
    refuse("mean must be finite numbers");
    write(
        &path,
        mean,
        (&[2, 2], &[1.0, 0.0, 0.0, f64::NAN]),
        good.clone(),
    );
    refuse("covariance must be finite numbers");
    write(&path, mean, (&[2, 2], &[1.0, 0.25, 0.5, 1.0]), good);
    refuse("the covariance is not symmetric");
}
