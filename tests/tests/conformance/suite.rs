//! How a row of the suite runs against a server.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use headwater_tests::{Deviation, Effect, Endpoint, Server};

/// How long a row may take. On an idle machine each takes about a second. Longer than a single call or wait in it, which
/// says better what was waited for.
const ROW_LIMIT: Duration = Duration::from_mins(5);

/// Makes a module of tests for each endpoint, and the list of their names.
macro_rules! suite {
    ([$($name:ident: $endpoint:expr),* $(,)?] $rows:tt) => {
        suite!(@names $rows);
        $(suite!(@endpoint $name, $endpoint, $rows);)*
    };
    (@names { $($module:ident: $($row:ident)*;)* }) => {
        pub(crate) const ROWS: &[&str] = &[$($(stringify!($row),)*)*];
    };
    (@endpoint $name:ident, $endpoint:expr, { $($module:ident: $($row:ident)*;)* }) => {
        mod $name {
            use super::*;
            $($(
                #[tokio::test]
                async fn $row() {
                    crate::suite::check($endpoint, stringify!($row), super::$module::$row).await;
                }
            )*)*
        }
    };
}

/// Runs a row: it must pass, or deviate in exactly the way that the table says.
pub(crate) async fn check(endpoint: &'static Endpoint, name: &str, row: impl AsyncFn(&'static Endpoint)) {
    let server = endpoint.server();
    let deviation = server.deviations().iter().find(|deviation| deviation.row == name);
    if let Some(Deviation { effect: Effect::Crashes | Effect::Hangs, instead, .. }) = deviation {
        println!("not run against {server}: {instead}");
        return;
    }

    let effect = deviation.map(|deviation| deviation.effect);
    let mut judged = judge(server, run(endpoint, &row).await, effect);
    // Now and then it loses what happens to one stream while another one changes, so it is asked again.
    if judged.is_err() && server == Server::KinesisLocal {
        judged = judge(server, run(endpoint, &row).await, effect);
    }
    judged.unwrap_or_else(|fault| panic!("{fault}"));
}

/// Runs a row, and says why it failed if it did.
async fn run(endpoint: &'static Endpoint, row: &impl AsyncFn(&'static Endpoint)) -> Option<String> {
    let row = tokio::time::timeout(ROW_LIMIT, row(endpoint));
    match AssertUnwindSafe(row).catch_unwind().await {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some(format!("no end within {} s", ROW_LIMIT.as_secs())),
        Err(panic) => Some(message(&*panic)),
    }
}

/// Whether a row went as its table says.
fn judge(server: Server, failure: Option<String>, known: Option<Effect>) -> Result<(), String> {
    match (failure, known) {
        (None, None | Some(Effect::MayFail(_))) => Ok(()),
        (Some(failure), Some(Effect::Fails(known) | Effect::MayFail(known))) => {
            if failure.contains(known) {
                return Ok(());
            }
            Err(format!("{server} deviates in a new way: {failure}, where {known} was known"))
        }
        (Some(failure), _) => Err(format!("{server}: {failure}")),
        (None, Some(_)) => Err(format!("{server} no longer deviates: take the row out of its table")),
    }
}

/// What a row that failed said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
    text.unwrap_or("a panic without a message").to_owned()
}
