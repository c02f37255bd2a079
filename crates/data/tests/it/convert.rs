//! Archives that are written, against what went into them.

use std::{fs, ops::ControlFlow, path::Path};

use foil_data::{Dataset, Error, Flip, Kind, Limit, Options, Written, write_archive};
use png::ColorType::{Grayscale, Rgb};

use crate::files::{folder, golden, labels, names, open, pixels, png};

fn write(dataset: &Dataset, path: &Path) -> Written {
    write_archive(path, dataset, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(bytes);
    file
}

#[test]
fn what_is_written_is_read_again_with_its_labels() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out.zip");
    let source = open(&golden("images.zip"));
    let written = write(&source, &out);
    assert_eq!((written.images, written.skipped.len()), (5, 0));
    let copy = open(&out);
    assert_eq!(
        (copy.shape(), copy.classes()),
        (source.shape(), source.classes())
    );
    assert_eq!(labels(&copy), labels(&source));
    // Numbers are new and without gaps.
    assert_eq!(
        names(&copy),
        (0..5)
            .map(|number| format!("00000/img{number:08}.png"))
            .collect::<Vec<_>>()
    );
    for index in 0..5 {
        assert_eq!(
            pixels(&copy, index, Flip::None),
            pixels(&source, index, Flip::None)
        );
    }
    // As other programs write it.
    let bytes = fs::read(&out).unwrap();
    let json = br#"{"labels":[["00000/img00000000.png",3],["00000/img00000001.png",0],"#;
    assert!(bytes.windows(json.len()).any(|window| window == json));
}

#[test]
fn latents_are_copied_to_the_bit() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out.zip");
    let options = Options {
        limit: Some(Limit { images: 2, seed: 0 }),
        ..Options::default()
    };
    let source = Dataset::open(&golden("latents.zip"), &options).unwrap();
    write(&source, &out);
    let copy = open(&out);
    assert_eq!(
        (copy.kind(), copy.shape(), copy.classes()),
        (Kind::Moments, [3, 3, 2], 0)
    );
    assert_eq!(names(&copy)[1], "00000/img-mean-std-00000001.npy");
    for index in 0..2 {
        let (mut found, mut expected) = (vec![0.0; 36], vec![1.0; 36]);
        copy.moments(index, Flip::None, &mut found).unwrap();
        source.moments(index, Flip::None, &mut expected).unwrap();
        assert_eq!(found, expected);
    }
    // numpy writes the same bytes for the same array.
    let member = |path: &Path, name: &str| {
        let bytes = fs::read(path).unwrap();
        let start = bytes
            .windows(name.len())
            .position(|window| window == name.as_bytes())
            .unwrap();
        let start = start
            + bytes[start..]
                .windows(6)
                .position(|window| window == b"\x93NUMPY")
                .unwrap();
        bytes[start..start + 128 + 4 * 36].to_vec()
    };
    let source_name = &names(&source)[1];
    assert_eq!(
        member(&out, "img-mean-std-00000001"),
        member(&golden("latents.zip"), source_name)
    );
}

#[test]
fn the_same_data_make_the_same_bytes() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    let source = open(&golden("deflated.zip"));
    write(&source, &path("a.zip"));
    std::thread::sleep(std::time::Duration::from_millis(2100));
    write(&source, &path("b.zip"));
    let (a, b) = (
        fs::read(path("a.zip")).unwrap(),
        fs::read(path("b.zip")).unwrap(),
    );
    assert!(a == b);
    // Grey stays grey.
    assert_eq!(open(&path("b.zip")).shape(), [1, 16, 16]);
}

#[test]
fn more_members_than_a_plain_archive_can_count_are_read_again() {
    const COUNT: usize = 66_001;
    let pixels_of = |index: usize| [(index % 251) as u8, (index / 251) as u8];
    let bytes: Vec<u8> = (0..COUNT).flat_map(pixels_of).collect();
    let classes: Vec<u8> = (0..COUNT).map(|index| (index % 13) as u8).collect();
    let files = folder(&[
        (
            "train-images-idx3-ubyte",
            idx(&[COUNT as u32, 1, 2], &bytes),
        ),
        ("train-labels-idx1-ubyte", idx(&[COUNT as u32], &classes)),
    ]);
    let out = files.path().join("out.zip");
    write(&open(files.path()), &out);
    let copy = open(&out);
    assert_eq!((copy.len(), copy.classes()), (COUNT, 13));
    for index in [0, 1000, 65_534, 65_535, 65_536, 66_000] {
        assert_eq!(
            copy.name(index).unwrap(),
            format!("{:05}/img{index:08}.png", index / 1000)
        );
        assert_eq!(copy.label(index), Some((index % 13) as u32));
        assert_eq!(pixels(&copy, index, Flip::None), pixels_of(index));
    }
}

#[test]
fn damaged_images_are_left_out_and_named() {
    let mut cut = png(4, 4, Grayscale, 0);
    cut.truncate(60);
    let files = folder(&[
        ("a/0.png", png(4, 4, Grayscale, 0)),
        ("a/1.png", cut),
        ("b/2.png", png(4, 4, Rgb, 7)),
    ]);
    let source = open(files.path());
    assert_eq!((source.len(), source.skipped().len()), (3, 0));
    let out = files.path().join("out.zip");
    let written = write(&source, &out);
    assert_eq!((written.images, written.skipped.len()), (2, 1));
    assert_eq!(written.skipped[0].path, Path::new("a/1.png"));
    let copy = open(&out);
    assert_eq!((copy.len(), labels(&copy)), (2, vec![Some(0), Some(1)]));
    assert_eq!(pixels(&copy, 1, Flip::None), pixels(&source, 2, Flip::None));
    // Nothing is written if nothing is left.
    fs::remove_file(files.path().join("a/0.png")).unwrap();
    fs::remove_dir_all(files.path().join("b")).unwrap();
    fs::remove_file(&out).unwrap();
    let none = open(files.path());
    let error = write_archive(&out, &none, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no image can be read; 'a/1.png': damaged PNG"),
        "{error}"
    );
    assert!(!out.exists());
}

#[test]
fn whoever_stops_leaves_what_was_there() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out.zip");
    fs::write(&out, b"before").unwrap();
    let source = open(&golden("images.zip"));
    let mut told = Vec::new();
    let error = write_archive(&out, &source, &mut |images| {
        told.push(images);
        ControlFlow::Break(())
    });
    assert!(matches!(error, Err(Error::Interrupted)));
    assert_eq!(told, [5]);
    assert_eq!(fs::read(&out).unwrap(), b"before");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    let nowhere = place.path().join("nowhere/out.zip");
    let error = write_archive(&nowhere, &source, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().contains("nowhere/out.zip"), "{error}");
}
