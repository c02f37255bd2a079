//! A data set as one file: the zip archives of EDM2's tools, which its programs read too.
//!
//! `00012/img00012345.png` or `00012/img-mean-std-00012345.npy`, nothing compressed, labels in `dataset.json`. The same data set makes the
//! same bytes.

use std::{
    io::{self, Write},
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
};

use foil_files::FileError;
use rayon::prelude::*;
use serde_json::json;
use zip::{
    CompressionMethod, DateTime, System, ZipWriter, result::ZipError, write::SimpleFileOptions,
};

use crate::{Dataset, Error, Flip, Kind, Result, Skipped, encode};

/// Images are made in parallel, as many at a time as have about so many bytes.
const CHUNK_BYTES: usize = 64 << 20;

/// What has been written.
#[derive(Debug)]
pub struct Written {
    /// How many images.
    pub images: usize,
    /// Images that turned out to be damaged when they were read. The others are numbered as if these had not been there.
    pub skipped: Vec<Skipped>,
}

/// Writes a data set, which has at most 10⁸ images, as an archive. The observer is told how many images have been read, and can stop:
/// then the file is what it was before.
pub fn write_archive(
    path: &Path,
    dataset: &Dataset,
    observer: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Written> {
    if dataset.len() > 100_000_000 {
        let problem = format!(
            "{} images are more than an archive can number",
            dataset.len()
        );
        return Err(Error::Options(problem));
    }
    let failed = |error: ZipError| FileError::writing(path)(io::Error::from(error));
    let mut written = Written {
        images: 0,
        skipped: Vec::new(),
    };
    let mut labels = Vec::new();
    let numbers = dataset.shape().iter().product::<usize>();
    let chunk = (CHUNK_BYTES / numbers).clamp(1, 256);
    foil_files::write_with(path, |out| {
        let mut archive = ZipWriter::new(out);
        let mut add = |name: &str, content: &[u8]| -> Result<()> {
            archive.start_file(name, options()).map_err(failed)?;
            archive
                .write_all(content)
                .map_err(FileError::writing(path))?;
            Ok(())
        };
        for start in (0..dataset.len()).step_by(chunk) {
            let indices = start..(start + chunk).min(dataset.len());
            for (index, file) in files(dataset, indices.clone())? {
                match file {
                    Ok(content) => {
                        let name = name(written.images, dataset.kind());
                        add(&name, &content)?;
                        labels.extend(dataset.label(index).map(|label| json!([name, label])));
                        written.images += 1;
                    }
                    Err(skipped) => written.skipped.push(skipped),
                }
            }
            if observer(indices.end).is_break() {
                return Err(Error::Interrupted);
            }
        }
        let labels = (dataset.classes() > 0).then_some(labels);
        add(
            "dataset.json",
            json!({ "labels": labels }).to_string().as_bytes(),
        )?;
        archive.finish().map_err(failed)?;
        match written.skipped.first() {
            Some(Skipped { path, reason }) if written.images == 0 => {
                let problem = format!("no image can be read; '{}': {reason}", path.display());
                Err(Error::Options(problem))
            }
            _ => Ok(()),
        }
    })?;
    Ok(written)
}

/// The same for every member, wherever and whenever it is written.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644)
}

fn name(number: usize, kind: Kind) -> String {
    let folder = number / 1000;
    match kind {
        Kind::Pixels => format!("{folder:05}/img{number:08}.png"),
        Kind::Moments => format!("{folder:05}/img-mean-std-{number:08}.npy"),
    }
}

type File = std::result::Result<Vec<u8>, Skipped>;

/// The files of some images, with their numbers. An error is one of the disk.
fn files(dataset: &Dataset, indices: Range<usize>) -> Result<Vec<(usize, File)>> {
    let files = indices
        .into_par_iter()
        .map(|index| match file(dataset, index) {
            Ok(content) => Ok((index, Ok(content))),
            Err(Error::Foreign { problem, .. }) => {
                let path = PathBuf::from(dataset.name(index).unwrap_or_default());
                let reason = problem;
                Ok((index, Err(Skipped { path, reason })))
            }
            Err(error) => Err(error),
        });
    files.collect()
}

fn file(dataset: &Dataset, index: usize) -> Result<Vec<u8>> {
    let shape = dataset.shape();
    let numbers = shape.iter().product();
    match dataset.kind() {
        Kind::Pixels => {
            let mut pixels = vec![0; numbers];
            dataset.pixels(index, Flip::None, &mut pixels)?;
            encode::png(&pixels, shape).map_err(|error| Error::Request(error.to_string()))
        }
        Kind::Moments => {
            let mut moments = vec![0.0; 2 * numbers];
            dataset.moments(index, Flip::None, &mut moments)?;
            Ok(encode::array(&moments, shape))
        }
    }
}
