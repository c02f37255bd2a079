//! `foil toy reproduce` makes the paper's qualitative result, as numbers and as pictures.

use std::{collections::HashMap, io::Cursor, path::Path};

use serde_json::Value;

use crate::{foil, names, ordering, succeed};

/// The rows of metrics.json by "method weight", intervals aside.
fn rows(folder: &Path) -> HashMap<String, Value> {
    let metrics: Value =
        serde_json::from_slice(&std::fs::read(folder.join("metrics.json")).unwrap()).unwrap();
    let rows = metrics["rows"].as_array().unwrap().clone();
    let plain = rows.into_iter().filter(|row| row["interval"].is_null());
    plain
        .map(|row| {
            (
                format!("{} {}", row["method"].as_str().unwrap(), row["weight"]),
                row,
            )
        })
        .collect()
}

fn number(row: &Value, name: &str) -> f64 {
    row[name].as_f64().unwrap()
}

/// The whole of it, as a user runs it, and what its networks say of the order of methods; about three minutes on two cores.
#[test]
fn autoguidance_does_what_the_paper_says() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), "toy reproduce --out result");
    let result = folder.path().join("result");
    let rows = rows(&result);
    let row = |name: &str| {
        rows.get(name)
            .unwrap_or_else(|| panic!("{name} is not in {:?}", rows.keys()))
    };
    let (truth, none, auto, cfg) = (
        row("true samples 1.0"),
        row("none 1.0"),
        row("autoguidance 3.0"),
        row("cfg 4.0"),
    );

    assert!(
        number(auto, "outlier_rate") <= 0.65 * number(none, "outlier_rate"),
        "{auto} {none}"
    );
    let off =
        |row: &Value| (number(row, "log_density_mean") - number(truth, "log_density_mean")).abs();
    assert!(
        off(auto) < off(none) && off(auto) < off(cfg),
        "{auto} {none} {cfg}"
    );
    assert!(
        number(auto, "energy_distance") <= 0.1 * number(cfg, "energy_distance"),
        "{auto} {cfg}"
    );
    assert!(
        number(auto, "coverage") > number(cfg, "coverage"),
        "{auto} {cfg}"
    );

    // Near the figures of an independent program.
    for (row, name, low, high) in [
        (truth, "outlier_rate", 0.0005, 0.002),
        (truth, "coverage", 0.97, 1.0),
        (none, "outlier_rate", 0.04, 0.07),
        (none, "coverage", 0.85, 0.95),
        (none, "energy_distance", -0.0002, 0.0005),
        (auto, "energy_distance", 0.0005, 0.01),
        (cfg, "energy_distance", 0.15, 0.45),
        (row("truncation 1.25"), "energy_distance", 0.04, 0.08),
    ] {
        let value = number(row, name);
        assert!(
            (low..=high).contains(&value),
            "{name} of {row} is not in {low}..{high}"
        );
    }
    assert_eq!(none["samples"], 65_536);
    let ends = [
        ("interpolation a=0 3.0", 0.1),
        ("interpolation a=1 3.0", 0.0),
    ];
    for (name, least) in ends {
        assert!(
            (number(row(name), "energy_distance") - number(auto, "energy_distance")).abs() >= least,
            "{name}"
        );
    }
    assert_eq!(
        row("interpolation a=1 3.0")["outlier_rate"],
        auto["outlier_rate"]
    );

    let expected = ["figure-1", "figure-2", "figure-9"]
        .map(|name| [format!("{name}.png"), format!("{name}.svg")]);
    let mut expected: Vec<String> = expected.into_iter().flatten().collect();
    expected.extend(["metrics.json", "models", "training"].map(str::to_owned));
    assert_eq!(names(&result), expected);
    assert_eq!(
        names(&result.join("models")),
        [
            "guide.safetensors",
            "main.safetensors",
            "unconditional.safetensors"
        ]
    );
    for name in ["figure-1.png", "figure-2.png", "figure-9.png"] {
        let bytes = std::fs::read(result.join(name)).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert!(
            frame.width >= 2000 && pixels.iter().any(|value| *value < 50) && pixels.contains(&255),
            "{name}"
        );
    }
    ordering::check(&result.join("models"));
}

#[test]
fn the_same_command_again_trains_nothing_anew() {
    let folder = tempfile::tempdir().unwrap();
    let command = "toy reproduce --out result --percent 1 --samples 1000 --seed 2";
    succeed(folder.path(), command);
    let path = folder.path().join("result/metrics.json");
    let first: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let again = foil(folder.path(), command);
    assert!(String::from_utf8_lossy(&again.stderr).contains("was finished"));
    let second: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        first, second,
        "training seconds included: they are those of the training"
    );
}
