//! The file of dead letters, as --dead-letter names it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::failure::Failure;
use crate::place::{is_standard, sync_name};

/// Opens it to be written at its end, before anything is done, so that nothing fails for a path that is wrong. A line
/// that an earlier run did not finish is ended.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    if is_standard(path) {
        return Err(Failure::usage("--dead-letter -: what is printed is not kept; name a file"));
    }
    at_its_end(path).map_err(|error| {
        Failure::usage(format!(
            "--dead-letter {}: {error}: a file that can be written is right",
            path.display()
        ))
    })
}

fn at_its_end(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    // A device has no end.
    if !file.metadata()?.is_file() {
        return Ok(file);
    }
    if file.seek(SeekFrom::End(0))? == 0 {
        sync_name(path);
    } else {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::open;

    #[test]
    fn a_line_that_was_cut_off_is_ended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("letters.ndjson");
        for (before, after) in [("", ""), ("{}\n", "{}\n"), ("{\"rea", "{\"rea\n")] {
            std::fs::write(&path, before).unwrap();
            open(&path).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }

    #[test]
    fn what_keeps_no_letters_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        for wrong in [Path::new("-"), directory.path(), &directory.path().join("none/letters")] {
            let told = format!("{:?}", open(wrong).unwrap_err());
            assert!(told.starts_with("Usage") && told.contains("a file"), "{told}");
        }
    }
}
