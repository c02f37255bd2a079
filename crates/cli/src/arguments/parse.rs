//! What several verbs are told, from text.

use std::path::PathBuf;

use foil_diffusion::{
    guidance::{Gate, Interval},
    sampler::SamplerChoice,
};

pub(super) fn interval(text: &str) -> Result<Interval, String> {
    let allowed = "allowed is LO..HI with 0 <= LO < HI, such as 0.1..1.5";
    let (low, high) = text.split_once("..").ok_or(allowed)?;
    let number = |part: &str| {
        part.trim()
            .parse::<f64>()
            .map_err(|_| format!("'{part}' is no number; {allowed}"))
    };
    // The gate is another flag; it is set when settings are made.
    Interval::new(number(low)?, number(high)?, Gate::Step).map_err(|_| allowed.to_owned())
}

pub(super) fn sampler(name: &str) -> Result<SamplerChoice, String> {
    name.parse()
        .map_err(|error: foil_diffusion::Error| error.to_string())
}

pub(super) fn in_range(
    least: usize,
    most: usize,
) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| match text.parse::<usize>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("allowed are whole numbers from {least} to {most}")),
    }
}

pub(super) fn safetensors_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(extension) if extension == "safetensors" => Ok(path),
        _ => Err("the name must end in .safetensors".to_owned()),
    }
}

pub(super) fn statistics_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str());
    match ending {
        Some("safetensors" | "pkl" | "npz") => Ok(path),
        _ => Err("the name must end in .safetensors, .pkl or .npz".to_owned()),
    }
}
