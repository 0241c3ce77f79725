//! Fleets: worker processes that share a stream, and join, leave, die, freeze and wake while the store comes and goes.

/// Makes a test of a sentence for each store, from a function that takes the kind of store.
macro_rules! on_every_store {
    ($sentence:ident: $prove:ident) => {
        on_every_store! { @each $sentence: $prove;
            sqlite: StoreKind::Sqlite;
            redis: StoreKind::Server(StoreServer::Redis);
            redis_cluster: StoreKind::Server(StoreServer::RedisCluster);
            dynamodb_local: StoreKind::Server(StoreServer::DynamoDbLocal);
            dynoxide: StoreKind::Server(StoreServer::Dynoxide);
        }
    };
    (@each $sentence:ident: $prove:ident; $($store:ident: $kind:expr;)+) => {$(
        mod $store {
            use headwater_tests::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $sentence() {
                super::$prove($kind).await;
            }
        }
    )+};
}

mod histories;
mod relay;
mod sharing;
mod stored;
mod traffic;
mod verdict;
mod world;
mod zombies;
