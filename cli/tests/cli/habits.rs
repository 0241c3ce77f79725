//! What all commands have in common.

use crate::support::Headwater;

#[tokio::test]
async fn without_a_command_it_shows_its_help_and_fails_as_wrong_usage() {
    let told = Headwater::new::<&str>([]).run().await.code(2);
    assert!(told.contains("Usage: headwater"), "{told}");
}

#[tokio::test]
async fn help_tells_every_exit_code() {
    let help = Headwater::new(["--help"]).run().await.ok();
    for code in ["0 done", "1 failed", "2 wrong usage", "3 partly delivered", "130 stopped"] {
        assert!(help.contains(code), "{help}");
    }
}
