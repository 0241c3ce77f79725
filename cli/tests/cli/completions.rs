//! `headwater completions`.

use tokio::process::Command;

use crate::support::Headwater;

#[tokio::test]
async fn there_are_completions_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Headwater::new(["completions", shell]).run().await.ok();
        assert!(script.contains("enforce-limits"), "{shell}");
    }
    let told = Headwater::new(["completions", "tcsh"]).run().await.code(2);
    assert!(told.contains("tcsh") && told.contains("bash"), "{told}");
}

#[tokio::test]
async fn bash_completes_commands_and_flags_by_them() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("headwater.bash");
    std::fs::write(&script, Headwater::new(["completions", "bash"]).run().await.ok()).unwrap();
    for (line, completed) in [("headwater rel", "relay"), ("headwater local --enf", "--enforce-limits")] {
        let words: Vec<&str> = line.split(' ').collect();
        let complete = format!(
            "source {}; COMP_WORDS=({line}); COMP_CWORD={}; _headwater headwater {} {}; echo \"${{COMPREPLY[*]}}\"",
            script.display(),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let output = Command::new("bash").args(["--norc", "-c", &complete]).output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), completed, "{line}: {told}");
    }
}
