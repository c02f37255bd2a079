//! Files that are whole or not there, also when something goes wrong on the way.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

use std::{fs, io::Write, path::Path};

use foil_files::{
    FileError, check_writable, folder_of, read, remove_unfinished, write, write_with,
};

/// What is in a folder, hidden files too.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_takes_the_place_of_the_one_before_and_everyone_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let stream = |bytes: &[u8]| {
        write_with(&path, |out| {
            let (first, second) = bytes.split_at(2);
            out.write_all(first).map_err(FileError::writing(&path))?;
            out.write_all(second).map_err(FileError::writing(&path))
        })
    };
    for content in [&b"seven b"[..], b"and three more", b"xyz"] {
        write(&path, content).unwrap();
        assert_eq!(fs::read(&path).unwrap(), content);
        stream(&[content, b"!"].concat()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), [content, b"!"].concat());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o644
            );
        }
    }
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn what_fails_half_way_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write(&path, b"before").unwrap();
    let failed = write_with(&path, |out| {
        // More than any buffer keeps back.
        out.write_all(&vec![7; 100_000])
            .map_err(FileError::writing(&path))?;
        Err(FileError::reading(Path::new("origin"))(
            std::io::Error::other("is gone"),
        ))
    });
    assert_eq!(failed.unwrap_err().to_string(), "cannot read origin");
    assert_eq!(fs::read(&path).unwrap(), b"before");
    // A folder in the way.
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    let said = write(&taken, b"after").unwrap_err().to_string();
    assert!(
        said.starts_with("cannot write") && said.ends_with("taken"),
        "{said}"
    );
    write_with::<FileError>(&taken, |_| Ok(())).unwrap_err();
    assert_eq!(names(folder.path()), ["file", "taken"]);
}

#[test]
fn folders_are_made_for_bytes_and_not_for_streams() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/file");
    let said = write_with::<FileError>(&path, |_| Ok(())).unwrap_err();
    assert!(said.to_string().ends_with("a/b/file"), "{said}");
    assert!(names(folder.path()).is_empty());
    write(&path, b"content").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"content");
    assert_eq!(folder_of(&path), folder.path().join("a/b"));
    assert_eq!(folder_of(Path::new("file")), Path::new("."));
}

#[test]
fn a_folder_that_cannot_be_written_is_known_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder");
    check_writable(&path).unwrap();
    assert!(names(&path).is_empty());
    write(&folder.path().join("file"), b"").unwrap();
    let said = check_writable(&folder.path().join("file/below")).unwrap_err();
    assert!(said.to_string().ends_with("file/below"), "{said}");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write(&path, b"seven b").unwrap();
    assert_eq!(read(&path, 7).unwrap(), b"seven b");
    let Err(FileError::Read { source, .. }) = read(&path, 6) else {
        panic!("read");
    };
    let said = source.to_string();
    assert!(said.contains('7') && said.contains('6'), "{said}");
    let missing = read(&folder.path().join("missing"), 6).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read"), "{missing}");
}

#[test]
fn what_a_killed_writer_left_is_removed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    // A writer that is killed does not clean up.
    let left = write_with(&path, |out| {
        out.write_all(b"half").map_err(FileError::writing(&path))?;
        let unfinished = names(folder.path()).remove(0);
        fs::copy(
            folder.path().join(&unfinished),
            folder.path().join(format!("{unfinished}-left")),
        )
        .map_err(FileError::writing(&path))?;
        Ok::<(), FileError>(())
    });
    left.unwrap();
    fs::write(folder.path().join(".hidden"), "mine").unwrap();
    assert_eq!(names(folder.path()).len(), 3);
    remove_unfinished(folder.path()).unwrap();
    assert_eq!(names(folder.path()), [".hidden", "file"]);
    remove_unfinished(&folder.path().join("gone")).unwrap();
}
