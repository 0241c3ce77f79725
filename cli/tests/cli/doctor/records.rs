//! The records, and whether they can be read and written.

use headwater_local::{ErrorCode, Fault, Faults, Operation};

use crate::doctor::orders::{doctor, orders};
use crate::doctor::told::Told;
use crate::support::Headwater;

#[tokio::test]
async fn records_of_another_codec_are_found_with_what_they_look_like() {
    let server = orders().await;
    server.put("orders", "k", r#"{"id":1}"#).unwrap();
    server.put("orders", "k", "an order").unwrap();
    let told = Told::by(doctor(&server, &["--codec", "json"])).await;
    told.found_only(
        "records",
        "1 of 2 records cannot be read as json (1 looking like string)",
        "--codec json",
    );
    let told = Told::by(doctor(&server, &["--codec", "string"])).await;
    told.nothing_found();
    let told = Told::by(doctor(&server, &[])).await;
    told.nothing_found();
    assert!(told.seen("records").contains("1 looking like json, 1 looking like string"), "{told:?}");
}

#[tokio::test]
async fn compressed_records_are_read_for_what_is_in_them() {
    let server = orders().await;
    let line = r#"{"state":"sent and paid, sent and paid, sent and paid, sent and paid"}"#;
    for compress in ["zstd", "lz4", "gzip"] {
        let put = ["put", "orders", line, "--codec", "json-lines", "--compress", compress];
        Headwater::new(put).env("AWS_ENDPOINT_URL", server.endpoint_url()).run().await.ok();
    }
    let told = Told::by(doctor(&server, &[])).await;
    told.nothing_found();
    assert!(told.seen("records").contains("3 looking like compressed json"), "{told:?}");
    Told::by(doctor(&server, &["--codec", "json-lines"])).await.nothing_found();
}

#[tokio::test]
async fn records_behind_the_first_page_are_looked_at_too() {
    let server = orders().await;
    for _ in 0..20 {
        server.put("orders", "k", r#"{"id":1}"#).unwrap();
    }
    server.put("orders", "k", "an order").unwrap();
    let told = Told::by(doctor(&server, &["--codec", "json"])).await;
    told.found_only("records", "1 of 21 records", "--codec json");
}

#[tokio::test]
async fn only_a_probe_writes_and_it_can_be_read_by_its_codec() {
    let server = orders().await;
    Told::by(doctor(&server, &[])).await.nothing_found();
    assert_eq!(server.record_count("orders").unwrap(), 0);
    for codec in ["string", "json", "json-lines", "json-list", "msgpack", "kpl-json", "kpl-string", "bytes"] {
        let server = orders().await;
        for _ in 0..2 {
            let probe = doctor(&server, &["--mode", "write", "--write-probe", "--codec", codec]);
            Told::by(probe).await.nothing_found();
        }
        assert_eq!(server.record_count("orders").unwrap(), 2, "{codec}");
        Told::by(doctor(&server, &["--codec", codec])).await.nothing_found();
    }
}

#[tokio::test]
async fn a_probe_that_is_not_stored_is_found() {
    let server = orders().await;
    let throttled = Fault::fail_entries(ErrorCode::ProvisionedThroughputExceeded);
    server.faults().set(Faults::seeded(0).add(throttled));
    let told = Told::by(doctor(&server, &["--write-probe"])).await;
    told.found_only("kinesis:PutRecords", "ProvisionedThroughputExceeded", "more shards");
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_found_where_records_are_read_and_put() {
    let server = orders().await;
    let denied = ErrorCode::Other { name: "KMSAccessDeniedException", status: 400 };
    for (operation, flags, needed) in [
        (Operation::GetRecords, &[][..], "kms:Decrypt"),
        (Operation::PutRecords, &["--write-probe"], "kms:GenerateDataKey"),
    ] {
        server.faults().set(Faults::seeded(0).add(Fault::fail_calls(denied).on(operation)));
        let action = format!("kinesis:{}", operation.name());
        Told::by(doctor(&server, flags)).await.found_only(&action, "KMSAccessDenied", needed);
    }
}
