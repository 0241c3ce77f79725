//! `headwater man`.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::support::Headwater;

#[tokio::test]
async fn the_page_of_a_command_tells_its_flags_and_examples() {
    let page = Headwater::new(["man", "local"]).run().await.ok();
    assert!(page.contains(".TH headwater-local 1"), "{page}");
    assert!(page.contains("enforce\\-limits") && page.contains("Examples:"), "{page}");
    let page = Headwater::new(["man"]).run().await.ok();
    assert!(page.contains(".TH headwater 1") && page.contains("130 stopped"), "{page}");
}

#[tokio::test]
async fn there_is_a_page_for_every_command_and_man_takes_each_without_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("share").join("man1");
    Headwater::new(["man", "--out", pages.to_str().unwrap()]).run().await.ok();
    let mut names: Vec<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in ["headwater.1", "headwater-put.1", "headwater-local.1", "headwater-completions.1"] {
        assert!(names.contains(&name.to_owned()), "{name} of {names:?}");
    }
    for name in names {
        let page = std::fs::read(pages.join(&name)).unwrap();
        let mut troff = Command::new("man")
            .args(["--warnings", "-l", "-"])
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("man is installed");
        troff.stdin.take().unwrap().write_all(&page).await.unwrap();
        let output = troff.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{name}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("SYNOPSIS"), "{name}");
    }
}

#[tokio::test]
async fn a_page_that_there_is_not_is_named_with_those_that_there_are() {
    let told = Headwater::new(["man", "relais"]).run().await.code(2);
    assert!(told.contains("relais") && told.contains("relay"), "{told}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = file.path().join("man1");
    let told = Headwater::new(["man", "--out", folder.to_str().unwrap()]).run().await.code(1);
    assert!(told.contains("--out") && told.contains("man1"), "{told}");
}
