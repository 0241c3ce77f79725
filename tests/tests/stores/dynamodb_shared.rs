//! A lease table as Headwater and a KCL see it, with the writes of a KCL made by hand as it makes them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use headwater::checkpoint::{Application, CheckpointStore, Claim, Lease, LeaseRow, WorkerId};
use headwater::{ErrorKind, Position};
use headwater_dynamodb::DynamoDbCheckpoints;
use headwater_tests::StoreServer;

use crate::dynamodb::{application, like_a_kcl};

pub(crate) const SHARD: &str = "shardId-000000000000";
/// A worker of Headwater, and two of a KCL.
pub(crate) const OURS: &str = "headwater";
pub(crate) const THEIRS: &str = "kcl";
pub(crate) const OTHER: &str = "another kcl";

/// A store, and the same table as a KCL sees it.
pub(crate) struct Shared {
    pub(crate) store: DynamoDbCheckpoints,
    pub(crate) client: Client,
    pub(crate) application: Application,
}

impl Shared {
    /// Makes a table with a lease of one shard, as a KCL made it, at a counter of 7. KCL 3 has a leader, which keeps its
    /// lock there.
    pub(crate) async fn with(server: StoreServer, owner: Option<&str>, has_leader: bool) -> Self {
        let (store, client) = like_a_kcl(server).await;
        let shared = Self { store, client, application: application("shared") };
        // Makes the tables.
        shared.store.announce(&shared.application, &WorkerId::new(OURS), 1).await.unwrap();
        let mut lease = HashMap::from([
            ("leaseKey".to_owned(), text(SHARD)),
            ("leaseCounter".to_owned(), number(7)),
            ("ownerSwitchesSinceCheckpoint".to_owned(), number(2)),
            ("checkpoint".to_owned(), text("100")),
            ("checkpointSubSequenceNumber".to_owned(), number(3)),
        ]);
        if let Some(owner) = owner {
            lease.insert("leaseOwner".to_owned(), text(owner));
        }
        shared.put(lease).await;
        if has_leader {
            let lock =
                [("leaseKey", text("Leader")), ("entityType", text("LEADER")), ("ownerName", text(OTHER))];
            shared.put(lock.map(|(name, value)| (name.to_owned(), value)).into()).await;
        }
        shared
    }

    pub(crate) async fn put(&self, item: HashMap<String, AttributeValue>) {
        self.client.put_item().table_name(&*self.application.name).set_item(Some(item)).send().await.unwrap();
    }

    /// Changes the lease as a KCL does, if a condition holds, and tells whether it did.
    pub(crate) async fn kcl(&self, update: &str, condition: &str, values: &[(&str, AttributeValue)]) -> bool {
        let request = self.client.update_item().table_name(&*self.application.name);
        let request = request.key("leaseKey", text(SHARD)).update_expression(update);
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let request = request.condition_expression(condition).set_expression_attribute_values(Some(values));
        match request.send().await {
            Ok(_) => true,
            Err(error) => {
                let error = error.into_service_error();
                assert!(error.is_conditional_check_failed_exception(), "{error:?}");
                false
            }
        }
    }

    /// Renews as any KCL does: by the counter that it wrote last, and the owners that it knows not to have changed.
    pub(crate) async fn kcl_renews(&self, counter: u64) -> bool {
        let values = [(":old", number(counter)), (":new", number(counter + 1))];
        self.kcl("SET leaseCounter = :new", "leaseCounter = :old", &values).await
    }

    /// Takes as workers of KCL 2 take.
    pub(crate) async fn kcl_takes(&self, counter: u64, owner: &str) -> bool {
        let values = [
            (":old", number(counter)),
            (":new", number(counter + 1)),
            (":owner", text(owner)),
            (":one", number(1)),
        ];
        let update = "SET leaseCounter = :new, leaseOwner = :owner ADD ownerSwitchesSinceCheckpoint :one";
        self.kcl(update, "leaseCounter = :old", &values).await
    }

    /// Does what a leader of KCL 3 does to have a lease handed over.
    pub(crate) async fn leader_hands_over(&self, from: &str, to: &str) -> bool {
        let update = "SET leaseOwner = :to, checkpointOwner = :from";
        let condition = "leaseOwner = :from AND attribute_not_exists(checkpointOwner)";
        self.kcl(update, condition, &[(":from", text(from)), (":to", text(to))]).await
    }

    /// Does what a worker of KCL 3 does when it has checkpointed and leaves.
    pub(crate) async fn kcl_3_leaves(&self, from: &str) -> bool {
        let values = [(":from", text(from)), (":one", number(1))];
        self.kcl("REMOVE checkpointOwner ADD leaseCounter :one", "checkpointOwner = :from", &values).await
    }

    pub(crate) async fn item(&self) -> BTreeMap<String, AttributeValue> {
        let request = self.client.get_item().table_name(&*self.application.name).consistent_read(true);
        let got = request.key("leaseKey", text(SHARD)).send().await.unwrap();
        got.item.unwrap().into_iter().collect()
    }

    pub(crate) async fn row(&self) -> LeaseRow {
        let mut rows = self.store.list(&self.application).await.unwrap();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    pub(crate) fn claim_of(&self, worker: &str, expired: Option<u64>) -> Claim {
        Claim {
            application: self.application.clone(),
            shard: SHARD.into(),
            worker: WorkerId::new(worker),
            expired,
            initial: Position::Beginning.into(),
        }
    }

    pub(crate) async fn claim(&self, worker: &str, expired: Option<u64>) -> Option<Lease> {
        self.store.claim(&self.claim_of(worker, expired)).await.unwrap()
    }

    pub(crate) async fn hold(&self, worker: &str) -> Lease {
        self.claim(worker, None).await.expect("it is free for this worker")
    }

    pub(crate) async fn request(&self, to: &str) -> bool {
        let row = self.row().await;
        self.store.request_handoff(&self.application, &row, &WorkerId::new(to)).await.unwrap()
    }

    pub(crate) async fn reset_to_the_beginning(&self) {
        let (row, shard) = (self.row().await, SHARD.into());
        let beginning = Position::Beginning.into();
        let reset = self.store.reset(&self.application, &shard, Some(&row), &beginning);
        assert!(reset.await.unwrap(), "it is as it was listed");
    }

    pub(crate) async fn commit(&self, lease: &Lease, position: Position) -> Lease {
        self.store.commit(lease, &position.into()).await.unwrap()
    }

    pub(crate) async fn refuses(&self, lease: &Lease) {
        let before = self.item().await;
        let outcomes = [
            self.store.renew(lease).await.map(drop),
            self.store.commit(lease, &after("999999", None).into()).await.map(drop),
            self.store.release(lease, None).await,
        ];
        for outcome in outcomes {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::LeaseLost);
        }
        assert_eq!(self.item().await, before);
    }
}

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn after(sequence: &str, sub_sequence: Option<u64>) -> Position {
    Position::After { sequence: sequence.into(), sub_sequence }
}
