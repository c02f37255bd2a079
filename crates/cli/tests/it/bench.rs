//! `foil bench`: its JSON, on rows that take no time.

use serde_json::Value;

use crate::succeed;

#[test]
fn bench_ops_prints_every_field_of_the_rows_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let printed = succeed(
        folder.path(),
        "bench ops --json --only 16x32x32x32 --seconds 0.001",
    );
    let report: Value = serde_json::from_str(&printed).unwrap();
    assert!(report["threads"].as_u64().unwrap() >= 1);
    for dtype in ["f32", "bf16"] {
        assert!(report["peak_gflops"][dtype].as_f64().unwrap() > 0.0);
    }
    let rows = report["rows"].as_array().unwrap();
    let label = |row: &Value| format!("{} {}", row["op"], row["dtype"]).replace('"', "");
    let labels: Vec<String> = rows.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "conv3x3 f32",
            "conv3x3 bf16",
            "conv1x1 f32",
            "conv1x1 bf16",
            "conv3x3-input-gradient f32",
            "conv3x3-input-gradient bf16",
            "conv3x3-weight-gradient f32",
            "conv3x3-weight-gradient bf16",
        ]
    );
    for row in rows {
        assert_eq!(row["shape"], serde_json::json!([16, 32, 32, 32]));
        assert_eq!(row["isa"], report["instructions"]);
        let forward = !row["op"].as_str().unwrap().contains("gradient");
        assert_eq!(row["candle_gflops"].as_f64().is_some(), forward, "{row}");
        for field in ["gflops", "share_of_peak"] {
            assert!(row[field].as_f64().unwrap() > 0.0, "{field} of {row}");
        }
    }
}

#[test]
fn bench_guidance_counts_evaluations_and_what_is_not_spent_in_networks() {
    let folder = tempfile::tempdir().unwrap();
    let printed = succeed(
        folder.path(),
        "bench guidance --guide fashion-guide --steps 3 --runs 1 --guidance auto:2@0.2..5 --guidance auto:3,refresh(every=3) --json",
    );
    let report: Value = serde_json::from_str(&printed).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let evaluations: Vec<String> = rows
        .iter()
        .map(|row| row["evaluations"].to_string())
        .collect();
    // Heun's three steps are five evaluations; of the interval's one step, two.
    assert_eq!(evaluations, ["[5,0]", "[5,5]", "[5,2]", "[5,2]"]);
    for row in rows {
        let overhead = row["overhead"].as_f64().unwrap();
        assert!((0.0..0.9).contains(&overhead), "{row}");
        assert!(row["seconds"].as_f64().unwrap() > 0.0, "{row}");
    }
    assert!(rows[0]["proportion"].is_null() && rows[2]["proportion"].as_f64().unwrap() > 0.0);
}
