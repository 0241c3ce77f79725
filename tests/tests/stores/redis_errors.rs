//! What Redis refuses, and how that reads.

use std::time::Duration;

use headwater::checkpoint::{CheckpointStore as _, WorkerId};
use headwater::{Error, ErrorKind};
use headwater_redis::RedisBuilder;
use headwater_tests::StoreServer;
use tokio::net::TcpListener;

use crate::redis_subject::{application, hold, patient_at, patiently, send};

async fn refused(builder: RedisBuilder) -> Error {
    builder.open().await.expect_err("it cannot be opened")
}

/// Checks the kind, that the error names the server, and that it says this.
#[track_caller]
fn assert_reads(error: &Error, kind: ErrorKind, server: &str, says: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    assert!(text.contains(server) && text.contains(says), "{text:?} names {server:?} and says {says:?}");
}

#[tokio::test]
async fn a_wrong_password_is_access_denied_and_shown_nowhere() {
    let server = StoreServer::Redis.start();
    let url = server.url();
    send::<()>(&url, redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("correct-horse")).await;

    let none = refused(patiently(&url)).await;
    assert_reads(&none, ErrorKind::AccessDenied, &url, "REDIS_PASSWORD");
    let builder = patiently(url.replace("://", "://:battery-staple@"));
    assert!(!format!("{builder:?}").contains("battery"), "{builder:?}");
    let wrong = refused(builder).await;
    assert_reads(&wrong, ErrorKind::AccessDenied, &url, "password");
    assert!(!wrong.to_string().contains("battery") && !format!("{wrong:?}").contains("battery"), "{wrong}");

    let builder = patiently(&url).password("correct-horse");
    assert!(!format!("{builder:?}").contains("horse"), "{builder:?}");
    let store = builder.open().await.unwrap();
    assert!(!format!("{store:?} {:?}", store.limits()).contains("horse"), "{store:?}");
    hold(&store, &application("password"), 0).await;
}

#[tokio::test]
async fn a_user_without_permission_is_access_denied() {
    let server = StoreServer::Redis.start();
    let user = redis::cmd("ACL")
        .arg("SETUSER")
        .arg("reader")
        .arg("on")
        .arg(">secret")
        .arg("~*")
        .arg("+@read")
        .arg("+ping")
        .to_owned();
    send::<()>(&server.url(), &user).await;
    let builder = patiently(server.url()).username("reader").password("secret");
    let store = builder.open().await.unwrap();
    let started = store.announce(&application("reader"), &WorkerId::new("worker"), 1).await;
    assert_reads(&started.unwrap_err(), ErrorKind::AccessDenied, &server.url(), "let the user run scripts");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_invalid() {
    let url = StoreServer::Redis.shared().url();
    let error = refused(patiently(format!("{url}/99"))).await;
    assert_reads(&error, ErrorKind::Invalid, &format!("{url}/99"), "no such database");
}

#[tokio::test]
async fn databases_are_apart() {
    let url = StoreServer::Redis.shared().url();
    let application = application("databases");
    let (first, second) = (patient_at(&url).await, patiently(&url).database(7));
    hold(&first, &application, 0).await;
    assert_eq!(second.open().await.unwrap().list(&application).await.unwrap(), []);
}

#[tokio::test]
async fn key_prefixes_are_apart() {
    let url = StoreServer::Redis.shared().url();
    let application = application("prefixes");
    hold(&patient_at(&url).await, &application, 0).await;
    let staging = patiently(&url).key_prefix("staging:").open().await.unwrap();
    assert_eq!(staging.list(&application).await.unwrap(), []);
}

#[tokio::test]
async fn a_server_that_nobody_reaches_is_unavailable() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("redis://{unused}");
    for builder in [patiently(&url), patiently(&url).cluster()] {
        let error = refused(builder.timeout(Duration::from_millis(100))).await;
        assert_reads(&error, ErrorKind::Unavailable, &url, "is a server up there");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_a_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    for builder in [patiently(&url), patiently(&url).cluster()] {
        let error = refused(builder.timeout(Duration::from_millis(100))).await;
        assert_reads(&error, ErrorKind::Timeout, &url, "no answer came in time");
    }
}

#[tokio::test]
async fn a_key_that_holds_something_else_is_named_as_the_trouble() {
    let url = StoreServer::Redis.shared().url();
    let application = application("types");
    let store = patiently(&url).key_prefix("types:").open().await.unwrap();
    let key = format!("types:{{types:{}}}:", application.stream);
    send::<()>(&url, redis::cmd("SET").arg(format!("{key}leases")).arg("a text")).await;
    let claim = crate::redis_subject::claim(&application, 0, "owner");
    for error in [store.list(&application).await.unwrap_err(), store.claim(&claim).await.unwrap_err()] {
        assert_reads(&error, ErrorKind::Store, &url, "choose another key_prefix");
    }
}

#[tokio::test]
async fn a_row_that_nobody_can_read_is_named() {
    let url = StoreServer::Redis.shared().url();
    let application = application("rows");
    let store = patient_at(&url).await;
    let key = format!("headwater:{{rows:{}}}:leases", application.stream);
    send::<()>(&url, redis::cmd("HSET").arg(&key).arg("shardId-7").arg("{\"owner\":7}")).await;
    let error = store.list(&application).await.unwrap_err();
    assert_reads(&error, ErrorKind::Store, "shardId-7", "rows");
}

#[tokio::test]
async fn a_node_of_a_cluster_says_that_it_is_one() {
    let cluster = StoreServer::RedisCluster.shared();
    let store = patient_at(&cluster.url()).await;
    // Not every application has its keys on another node than the first.
    let mut moved = None;
    for number in 0..100 {
        if let Err(error) = store.list(&application(&format!("moved-{number}"))).await {
            moved = Some(error);
            break;
        }
    }
    let error = moved.expect("of 100 applications one is on another node");
    assert_reads(&error, ErrorKind::Invalid, &cluster.url(), "cluster()");
}

#[tokio::test]
async fn a_server_that_is_no_cluster_says_so() {
    let url = StoreServer::Redis.shared().url();
    let error = refused(patiently(&url).cluster()).await;
    assert_reads(&error, ErrorKind::Invalid, &url, "leave out cluster()");
}

#[tokio::test]
async fn a_wrong_password_of_a_cluster_is_access_denied() {
    let cluster = StoreServer::RedisCluster.shared();
    let url = cluster.url().replace("://", "://nobody:battery-staple@");
    let error = refused(patiently(url).cluster()).await;
    assert_reads(&error, ErrorKind::AccessDenied, &cluster.url(), "password");
    assert!(!error.to_string().contains("battery"), "{error}");
}

#[tokio::test]
async fn a_setting_that_cannot_be_is_invalid() {
    let url = StoreServer::Redis.shared().url();
    for (builder, says) in [
        (patiently(&url).key_prefix("{a}"), "key_prefix(\"{a}\"): it must have no braces"),
        (patiently(&url).timeout(Duration::ZERO), "timeout(0 s): it must be longer"),
        (patiently(&url).connection_timeout(Duration::ZERO), "connection_timeout(0 s)"),
    ] {
        let error = refused(builder).await;
        assert_reads(&error, ErrorKind::Invalid, "", says);
    }
}
