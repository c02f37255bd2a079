//! Reference statistics in every form that numpy writes arrays in.

use std::io::{Cursor, Write};

use candle_core::DType;
use foil_models::{
    SourceFile,
    checkpoint::{Contents, Format, Statistics},
};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{assert_same, fixture, open, refusal, tensors};

fn statistics(name: &str) -> Statistics {
    match Contents::open(fixture("checkpoints").join(name)).unwrap() {
        Contents::Statistics(statistics) => statistics,
        other => panic!("{name} holds {other:?}"),
    }
}

const MEAN: [f64; 3] = [1.0, -2.0, 3.0];
const COVARIANCE: [f64; 9] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];

#[test]
fn published_statistics_are_read() {
    let statistics = statistics("statistics.pkl");
    assert_eq!(statistics.images, Some(50_000));
    let numbers = |name: &str| {
        let moments = &statistics.metrics[name];
        let (mean, covariance) = (&moments.mean, &moments.covariance);
        (
            mean.double_numbers().unwrap(),
            covariance.double_numbers().unwrap(),
        )
    };
    assert_eq!(numbers("fid"), (MEAN.to_vec(), COVARIANCE.to_vec()));
    assert_eq!(
        numbers("fd_dinov2"),
        (MEAN[..2].to_vec(), vec![0.0, 1.0, 3.0, 4.0])
    );
}

#[test]
fn order_and_byte_order_are_honoured_in_every_protocol() {
    for protocol in [2, 3, 5] {
        let statistics = statistics(&format!("statistics-odd-{protocol}.pkl"));
        assert_eq!(statistics.images, Some(10));
        let moments = &statistics.metrics["fid"];
        assert_eq!(moments.mean.double_numbers().unwrap(), MEAN, "{protocol}");
        assert_eq!(
            moments.covariance.double_numbers().unwrap(),
            COVARIANCE,
            "{protocol}"
        );
    }
}

#[test]
fn statistics_of_arrays_are_read_plain_and_compressed() {
    let path = fixture("checkpoints/statistics-adm.npz");
    let format = Format::of_file(&SourceFile::open(&path).unwrap()).unwrap();
    assert_eq!(format, Format::Npz);
    let adm = statistics("statistics-adm.npz");
    let numbers = |statistics: &Statistics, name: &str| {
        let moments = &statistics.metrics[name];
        let [mean, covariance] = [&moments.mean, &moments.covariance];
        [mean, covariance].map(|tensor| tensor.double_numbers().unwrap())
    };
    assert_eq!(adm.images, None);
    assert_eq!(numbers(&adm, "fid"), [MEAN.to_vec(), COVARIANCE.to_vec()]);
    let spatial = [vec![1.0 / 3.0, -2.0 / 3.0], vec![0.0, 1.0, 3.0, 4.0]];
    assert_eq!(numbers(&adm, "sfid"), spatial);
    assert_eq!(adm.metrics.len(), 2);

    let edm = statistics("statistics-edm.npz");
    assert_eq!(edm.metrics["fid"].mean.dtype(), DType::F32);
    assert_eq!(numbers(&edm, "fid"), [MEAN.to_vec(), COVARIANCE.to_vec()]);
    assert_eq!(edm.metrics.len(), 1);
}

#[test]
fn other_archives_of_arrays_are_tensors() {
    let plain = tensors(&fixture("checkpoints/arrays.npz"));
    assert_same(
        &plain,
        &tensors(&fixture("checkpoints/arrays-deflated.npz")),
    );
    let told: Vec<(&str, DType, &[usize])> = plain
        .iter()
        .map(|(name, tensor)| (name, tensor.dtype(), tensor.shape()))
        .collect();
    let expected: [(&str, DType, &[usize]); 7] = [
        ("big/endian", DType::F32, &[3, 3]),
        ("bool", DType::U8, &[2]),
        ("double", DType::F64, &[3]),
        ("empty", DType::F32, &[0, 3]),
        ("long", DType::I64, &[1, 2]),
        ("scalar", DType::F16, &[]),
        ("transposed", DType::F64, &[3, 3]),
    ];
    assert_eq!(told, expected);
    let numbers = |name: &str| plain.get(name).unwrap().double_numbers().unwrap();
    assert_eq!(numbers("double"), MEAN.map(|mean| mean / 7.0));
    assert_eq!(numbers("big/endian"), COVARIANCE);
    let turned = [0.0, 3.0, 6.0, 1.0, 4.0, 7.0, 2.0, 5.0, 8.0];
    assert_eq!(numbers("transposed"), turned);
    let bytes = plain.get("long").unwrap().with_bytes(<[u8]>::to_vec);
    let long = [1_i64, -(1 << 40)].map(i64::to_le_bytes).concat();
    assert_eq!(bytes.unwrap(), long);
}

/// An archive of arrays, each with its type, its shape and its bytes.
fn archive(arrays: &[(&str, &str, &str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, kind, shape, bytes) in arrays {
        let options = SimpleFileOptions::default();
        let options = options.compression_method(zip::CompressionMethod::Stored);
        archive.start_file(format!("{name}.npy"), options).unwrap();
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        let length = (header.len() as u16).to_le_bytes();
        let parts = [&length[..], header.as_bytes(), bytes];
        archive.write_all(&parts.concat()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn arrays_that_are_no_statistics_are_refused() {
    let one = 1.0_f64.to_le_bytes();
    let (mean, covariance) = (
        ("mu", "<f8", "(1,)", &one[..]),
        ("sigma", "<f8", "(1, 1)", &one[..]),
    );
    assert!(matches!(
        open(&archive(&[mean, covariance])),
        Ok(Contents::Statistics(_))
    ));
    assert!(matches!(open(&archive(&[mean])), Ok(Contents::Tensors(_))));
    let two = one.repeat(2);
    for (arrays, words) in [
        (
            vec![mean, ("sigma", "<f8", "(1, 2)", &two)],
            "mu: mean F64 [1] and covariance F64 [1, 2] do not belong together",
        ),
        (
            vec![mean, ("sigma", "<i8", "(1, 1)", &one)],
            "covariance I64 [1, 1] do not belong together",
        ),
        (
            vec![mean, ("sigma", "<f8", "(2, 2)", &one)],
            "sigma: 8 bytes cannot be an array of [2, 2] numbers",
        ),
        (
            vec![mean, ("sigma", "<c16", "(1, 1)", &two)],
            "sigma: arrays of type 'c16' cannot be read",
        ),
        (
            vec![mean, covariance, ("mu_s", "<f8", "(1,)", &one)],
            "sigma_s: not in the archive",
        ),
    ] {
        let said = refusal(&archive(&arrays));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn compressed_arrays_are_held_to_their_announcements() {
    let whole = std::fs::read(fixture("checkpoints/statistics-edm.npz")).unwrap();
    let place = |pattern: &[u8]| {
        let found = whole
            .windows(pattern.len())
            .rposition(|window| window == pattern);
        found.unwrap()
    };
    // The directory's entry of sigma: the checksum at 16, the size at 24, the name at 46.
    let entry = place(b"sigma.npy") - 46;
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = whole.clone();
        bytes[entry + at..][..to.len()].copy_from_slice(to);
        refusal(&bytes)
    };
    assert!(changed(16, &[1, 2, 3, 4]).contains("sigma: damaged in the archive"));
    assert!(changed(24, &[16, 0, 0, 0]).contains("sigma: damaged in the archive"));
    assert!(changed(24, &[0, 0, 0, 0x20]).contains("the 256 MiB that are decompressed"));
    // bzip2
    assert!(changed(10, &[12, 0]).contains("another method than deflate"));
}
