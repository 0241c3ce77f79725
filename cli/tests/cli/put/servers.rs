//! On servers that nobody here wrote.

use futures::TryStreamExt as _;
use headwater::source::Until;
use headwater_kinesis::KinesisSource;
use headwater_tests::Server;

use super::numbered;
use crate::support::Headwater;

#[tokio::test]
async fn lines_arrive_through_each_codec_on_every_server() {
    for server in [Server::Local, Server::Kinesalite, Server::KinesisLocal] {
        for codec in ["string", "kpl-json"] {
            let endpoint = server.shared();
            let name = endpoint.unique("put");
            let lines = numbered(0..=299);
            let put = ["put", &name, "--create", "2", "--codec", codec, "--receipts"];
            let receipts = Headwater::at(endpoint, put).input(lines).run().await.json_lines();
            assert_eq!(receipts.len(), 300, "{server}, {codec}");

            let source = KinesisSource::builder(&name).sdk_config(endpoint.sdk_config()).until(Until::Tip);
            let source = source.connect().await.unwrap();
            let numbers = source.map_ok(|message| {
                let number: u32 = std::str::from_utf8(message.payload()).unwrap().parse().unwrap();
                message.ack();
                number
            });
            let mut numbers: Vec<u32> = numbers.try_collect().await.unwrap();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..300).collect::<Vec<_>>(), "{server}, {codec}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_named_on_every_server() {
    for server in [Server::Local, Server::Kinesalite, Server::KinesisLocal] {
        let told = Headwater::at(server.shared(), ["put", "nowhere", "x"]).run().await.code(1);
        assert!(told.contains("\"nowhere\"") && told.contains("--create 1 creates it"), "{server}: {told}");
    }
}
