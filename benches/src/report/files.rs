//! The report in a folder.

use std::fs::{OpenOptions, create_dir_all, write};
use std::io;
use std::path::{Path, PathBuf};

use crate::outcome::{Outcome, during};
use crate::report::{Report, page};

/// A folder for the report: `index.html`, which needs no other file, `report.json` with every figure of every round,
/// and the pictures by themselves.
///
/// ```no_run
/// use headwater_benches::{Files, Outcome, Report};
///
/// fn keep(report: &Report) -> Outcome {
///     Files::prepare("bench".as_ref())?.write(report)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Makes the folder, unless it is there, and sees that it can be written: to be known before it is measured.
    ///
    /// # Errors
    ///
    /// When it cannot.
    pub fn prepare(folder: &Path) -> io::Result<Self> {
        create_dir_all(folder)?;
        // A report of an earlier time stays whole until there is another.
        OpenOptions::new().create(true).append(true).open(folder.join("report.json"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes a report.
    ///
    /// # Errors
    ///
    /// When a file could not be written: it names the file.
    pub fn write(&self, report: &Report) -> Outcome {
        let pictures = page::pictures(report)?;
        for picture in &pictures {
            self.file(&format!("{}.svg", picture.name), &picture.svg)?;
        }
        self.file("report.json", &serde_json::to_string_pretty(report)?)?;
        self.file("index.html", &page::page(report, &pictures))
    }

    fn file(&self, name: &str, contents: &str) -> Outcome {
        let path = self.folder.join(name);
        write(&path, contents).map_err(during(format!("write {}", path.display())))
    }
}
