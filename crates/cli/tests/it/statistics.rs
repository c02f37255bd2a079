//! Statistics in other programs' files, of Inception-v3 with weights of a formula.

use std::{collections::BTreeMap, fs, path::Path};

use safetensors::{Dtype, tensor::TensorView};
use serde_json::Value;

use crate::{checkpoints::inspect, names, refusals::refuse, succeed};

/// Numbers from −1 to 1.
fn noise(seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

/// `inception.safetensors` in torchvision's layout.
pub fn inception(folder: &Path) {
    let names = include_str!("../../../models/tests/golden/inception.names");
    let mut tensors = BTreeMap::new();
    for (seed, line) in names.lines().enumerate() {
        let (name, shape) = line.split_once(' ').unwrap();
        let shape: Vec<usize> = shape.split('x').map(|side| side.parse().unwrap()).collect();
        let row: usize = shape[1..].iter().product();
        let scale = (6.0 / row as f32).sqrt();
        let number = |noise: f32| match name.rsplit_once('.').unwrap().1 {
            "running_var" => 1.0,
            "weight" if name.contains(".bn.") => 1.0,
            "weight" => scale * noise,
            _ => 0.1 * noise,
        };
        let count = shape.iter().product();
        let numbers = noise(seed as u64 + 1).take(count).map(number);
        let bytes: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
        tensors.insert(name, (shape, bytes));
    }
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.to_owned(), view)
    });
    let path = folder.join("inception.safetensors");
    safetensors::serialize_to_file(views, None, &path).unwrap();
}

/// Images in colour, as an IDX file: of each its own brightness.
fn images(path: &Path, count: u8, light: u8) {
    let mut file = vec![
        0, 0, 8, 4, 0, 0, 0, count, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 3,
    ];
    for image in 0..count {
        let levels = noise(u64::from(image) + 9).take(4 * 5 * 3);
        file.extend(levels.map(|level| (level * 40.0) as u8 ^ (light + 8 * image)));
    }
    fs::write(path, file).unwrap();
}

pub fn evaluation(folder: &Path, arguments: &str) -> Value {
    let command = format!("evaluate --inception inception.safetensors --json {arguments}");
    let said: Value = serde_json::from_str(&succeed(folder, &command)).unwrap();
    said["evaluations"][0].clone()
}

pub fn number(evaluation: &Value, name: &str) -> f64 {
    let value = &evaluation["results"][name]["value"];
    value.as_f64().unwrap_or_else(|| panic!("{evaluation}"))
}

#[test]
fn statistics_in_every_form_measure_the_same_distance() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    inception(place);
    images(&place.join("real"), 6, 100);
    images(&place.join("made"), 5, 60);
    let reference = "evaluate reference real --inception inception.safetensors --out";
    for out in ["own.safetensors", "edm2.pkl", "adm.npz"] {
        succeed(place, &format!("{reference} {out}"));
    }
    let told = ["edm2.pkl", "adm.npz"].map(|name| inspect(place, name));
    assert_eq!(told[0]["images"], 6);
    assert_eq!(told[0]["features"], serde_json::json!({"fid": 2048}));
    assert!(told[1]["images"].is_null());
    let features = serde_json::json!({"fid": 2048, "sfid": 2023});
    assert_eq!(told[1]["features"], features);

    let own = evaluation(
        place,
        "--images made --metrics fid --reference own.safetensors",
    );
    let edm2 = evaluation(place, "--images made --metrics fid --reference edm2.pkl");
    let adm = evaluation(
        place,
        "--images made --metrics fid,sfid --reference adm.npz",
    );
    let data = evaluation(place, "--images made --metrics fid,sfid --reference real");
    let distance = number(&own, "fid");
    assert!(distance > 1e-3, "{distance}");
    assert_eq!(number(&edm2, "fid").to_bits(), distance.to_bits());
    assert_eq!(number(&adm, "fid").to_bits(), distance.to_bits());
    assert_eq!(number(&data, "fid").to_bits(), distance.to_bits());
    let spatial = number(&data, "sfid");
    assert!(spatial > 1e-3 && (spatial - distance).abs() > 1e-3 * spatial);
    assert_eq!(number(&adm, "sfid").to_bits(), spatial.to_bits());

    let known = |evaluation: &Value| evaluation["manifest"]["reference"]["images"].clone();
    assert_eq!(known(&edm2), 6);
    assert!(known(&adm).is_null());
    // Six images are fewer than features; of how many the archive is, nobody knows.
    let warned = |evaluation: &Value| {
        let warnings = evaluation["warnings"].to_string();
        warnings.contains("the reference has no more images")
    };
    assert!(warned(&edm2) && warned(&own) && !warned(&adm));

    let before = names(place);
    for (arguments, words) in [
        (
            "evaluate --inception inception.safetensors --images made --metrics sfid --reference edm2.pkl",
            &["edm2.pkl has no sfid", "fid"][..],
        ),
        (
            "evaluate --inception inception.safetensors --features inception-pytorch --images made --metrics fd --reference adm.npz",
            &["adm.npz", "not of inception-pytorch"],
        ),
        (
            "evaluate reference real --inception inception.safetensors --features inception-pytorch --out x.npz",
            &[
                "x.npz",
                "inception only, not of inception-pytorch",
                ".safetensors",
            ],
        ),
        (
            "evaluate reference real --inception inception.safetensors --out x.pt",
            &["x.pt", ".safetensors, .pkl or .npz"],
        ),
        (
            "evaluate reference real --inception inception.safetensors --out adm.npz",
            &["adm.npz exists", "--force"],
        ),
    ] {
        refuse(place, arguments, words);
    }
    assert_eq!(names(place), before);
    let whole = fs::read(place.join("adm.npz")).unwrap();
    fs::write(place.join("adm.npz"), &whole[..whole.len() / 2]).unwrap();
    refuse(place, "inspect adm.npz", &["adm.npz: damaged zip archive"]);
}
