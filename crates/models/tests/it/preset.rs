//! The embedded presets against the papers' tables, written out here once more in another form.

use foil_models::preset::{DataSet, Method, Named, Network, Preset, Published, all, find};

/// EDM2, Tables 2 and 5: size, thousand images; then EMA length and value for the least FID and the least FD-DINOv2 without
/// guidance; then EMA length, weight and value for both with classifier-free guidance.
#[rustfmt::skip]
const IMG512: [(&str, &str, Plain, Guided); 6] = [
    ("xs", "2147483", [("0.135", 3.53), ("0.200", 103.39)], [("0.045", 1.4, 2.91), ("0.150", 1.7, 79.94)]),
    ("s", "2147483", [("0.130", 2.56), ("0.190", 68.64)], [("0.025", 1.4, 2.23), ("0.085", 1.9, 52.32)]),
    ("m", "2147483", [("0.100", 2.25), ("0.155", 58.44)], [("0.030", 1.2, 2.01), ("0.015", 2.0, 41.98)]),
    ("l", "1879048", [("0.085", 2.06), ("0.155", 52.25)], [("0.015", 1.2, 1.88), ("0.035", 1.7, 38.20)]),
    ("xl", "1342177", [("0.085", 1.96), ("0.155", 45.96)], [("0.020", 1.2, 1.85), ("0.030", 1.7, 35.67)]),
    ("xxl", "0939524", [("0.070", 1.91), ("0.150", 42.84)], [("0.015", 1.2, 1.81), ("0.015", 1.7, 33.09)]),
];

/// EMA length and value for FID, then for FD-DINOv2.
type Plain = [(&'static str, f64); 2];
/// EMA length, weight and value for FID, then for FD-DINOv2.
type Guided = [(&'static str, f64, f64); 2];

/// EDM2, Table 3.
const IMG64: [(&str, &str, f64); 4] = [
    ("s", "1073741-0.075", 1.58),
    ("m", "2147483-0.060", 1.43),
    ("l", "1073741-0.040", 1.33),
    ("xl", "0671088-0.040", 1.33),
];

/// The autoguidance paper, Table 1: name, main network, guide, weight, value.
#[rustfmt::skip]
const AUTO: [(&str, &str, &str, f64, f64); 8] = [
    ("img512-s-autog-fid", "img512-s-2147483-0.070", "img512-xs-0134217-0.125", 2.10, 1.34),
    ("img512-s-autog-dino", "img512-s-2147483-0.120", "img512-xs-0134217-0.165", 2.45, 36.67),
    ("img512-xxl-autog-fid", "img512-xxl-0939524-0.075", "img512-m-0268435-0.155", 2.05, 1.25),
    ("img512-xxl-autog-dino", "img512-xxl-0939524-0.130", "img512-m-0268435-0.205", 2.30, 24.18),
    ("img512-s-uncond-autog-fid", "img512-s-uncond-2147483-0.070", "img512-xs-uncond-0134217-0.110", 2.85, 3.86),
    ("img512-s-uncond-autog-dino", "img512-s-uncond-2147483-0.090", "img512-xs-uncond-0134217-0.125", 2.90, 90.39),
    ("img64-s-autog-fid", "img64-s-1073741-0.045", "img64-xs-0134217-0.110", 1.70, 1.01),
    ("img64-s-autog-dino", "img64-s-1073741-0.105", "img64-xs-0134217-0.175", 2.20, 31.85),
];

/// Name, main network, method with guide and weight, value.
type Row = (String, String, Option<(Method, String, f64)>, f64);

fn expected() -> Vec<Row> {
    let mut rows = Vec::new();
    for (size, images, plain, guided) in IMG512 {
        for (metric, (ema, value)) in ["fid", "dino"].into_iter().zip(plain) {
            let main = format!("edm2-img512-{size}-{images}-{ema}");
            rows.push((format!("edm2-img512-{size}-{metric}"), main, None, value));
        }
        for (metric, (ema, weight, value)) in ["fid", "dino"].into_iter().zip(guided) {
            let main = format!("edm2-img512-{size}-{images}-{ema}");
            let guide = format!("edm2-img512-xs-uncond-2147483-{ema}");
            let name = format!("edm2-img512-{size}-guid-{metric}");
            rows.push((name, main, Some((Method::Cfg, guide, weight)), value));
        }
    }
    for (size, snapshot, value) in IMG64 {
        let main = format!("edm2-img64-{size}-{snapshot}");
        rows.push((format!("edm2-img64-{size}-fid"), main, None, value));
    }
    for (name, main, guide, weight, value) in AUTO {
        let guide = Some((Method::Auto, format!("edm2-{guide}"), weight));
        rows.push((format!("edm2-{name}"), format!("edm2-{main}"), guide, value));
    }
    rows
}

#[expect(
    clippy::float_cmp,
    reason = "both sides are parsed from the same digits"
)]
#[test]
fn every_published_preset_is_there_and_none_besides() {
    let expected = expected();
    assert_eq!((expected.len(), all().len()), (36, 36));
    for (name, main, guidance, value) in expected {
        let preset = find(&name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(preset.main.to_string(), main, "{name}");
        let found = preset.guidance;
        let found =
            found.map(|guidance| (guidance.method, guidance.guide.to_string(), guidance.weight));
        assert_eq!(found, guidance, "{name}");
        let (metric, published) = match preset.published {
            Published::Fid(value) => ("fid", value),
            Published::FdDinov2(value) => ("dino", value),
        };
        assert!(name.ends_with(metric), "{name}");
        assert_eq!(published, value, "{name}");
    }
}

#[test]
fn every_network_of_a_preset_can_be_built_and_was_trained_on_multiples_of_2_to_the_20() {
    let networks: Vec<Network> = all().iter().flat_map(Preset::networks).collect();
    assert_eq!(networks.len(), 36 + 12 + 8);
    for network in networks {
        network.config().plan().expect("a possible network");
        let snapshot = network.snapshot.expect("a preset has weights");
        assert_eq!(snapshot.images() % (1 << 20), 0);
        assert_eq!(
            snapshot.images() / 1000,
            u64::from(snapshot.thousand_images),
            "{network}"
        );
        assert_eq!(network.to_string().parse(), Ok(network));
        let url = network.url().expect("weights are published somewhere");
        assert!(url.starts_with("https://") && url.ends_with(&format!("/{network}.pkl")));
    }
}

#[test]
fn training_lengths_in_mebi_images_are_the_published_ones() {
    for (name, mebi) in [
        ("edm2-img512-s-2147483-0.130", 2048),
        ("edm2-img512-l-1879048-0.085", 1792),
        ("edm2-img512-xl-1342177-0.085", 1280),
        ("edm2-img512-xxl-0939524-0.070", 896),
        ("edm2-img64-xl-0671088-0.040", 640),
        ("edm2-img512-m-0268435-0.155", 256),
        ("edm2-img512-xs-0134217-0.125", 128),
    ] {
        let network: Network = name.parse().expect("a published name");
        let snapshot = network.snapshot.expect("it has weights");
        assert_eq!(snapshot.images(), mebi << 20, "{name}");
    }
}

#[test]
fn architectures_have_names_without_weights() {
    for (name, data_set, conditional, parameters) in [
        ("edm2-img512-s", DataSet::Img512, true, 280_212_837),
        ("edm2-img64-xs", DataSet::Img64, true, 124_710_949),
        ("edm2-img512-xs-uncond", DataSet::Img512, false, 124_201_253),
        ("edm2-img512-xxs", DataSet::Img512, true, 31_309_029),
    ] {
        let Ok(Named::Network(network)) = Named::parse(name) else {
            panic!("{name} is an architecture");
        };
        assert_eq!(
            (network.data_set, network.conditional),
            (data_set, conditional)
        );
        assert_eq!(network.url(), None);
        assert_eq!(network.bytes(), 2 * parameters, "{name}");
        assert_eq!(network.to_string(), name);
    }
}

#[test]
fn names_that_are_nearly_right_are_answered_with_those_that_are() {
    let said = |name: &str| Named::parse(name).expect_err(name).to_string();
    for (wrong, meant) in [
        ("edm2-img512-s-autg-fid", "edm2-img512-s-autog-fid"),
        ("edm2-img512-s-guid", "edm2-img512-s-guid-fid"),
        ("emd2-img64-m-fid", "edm2-img64-m-fid"),
        ("edm2-img512-s-214783-0.130", "edm2-img512-s-2147483-0.130"),
    ] {
        let said = said(wrong);
        assert!(
            said.contains(&format!("unknown preset '{wrong}'")),
            "{said}"
        );
        assert!(
            said.contains("did you mean") && said.contains(meant),
            "{said}"
        );
        assert!(said.ends_with("`foil models` lists all"), "{said}");
    }
    assert!(!said("stable-diffusion").contains("did you mean"));
}

#[test]
fn names_that_no_file_has_are_refused() {
    for name in [
        "",
        "edm2",
        "edm2-img512",
        "edm2-img256-s",
        "edm2-img512-xxxl",
        "edm2-img512-s-2147483",
        "edm2-img512-s-2147483-1.130",
        "edm2-img512-s-2147483-0.13",
        "edm2-img512-s-+147483-0.130",
        "edm2-img512-s-uncond-uncond",
        "edm2-img512-s-2147483-0.130-x",
        "EDM2-img512-s",
    ] {
        assert!(name.parse::<Network>().is_err(), "{name}");
    }
}
