//! The store.

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use headwater::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, Claim, FencingToken, Lease, LeaseRow,
    LeaseWrite, WorkerId, WorkerRow,
};
use headwater::{Result, ShardId};
use redis::FromRedisValue;

use crate::answer::{self, Raw};
use crate::keys::Keys;
use crate::link::Link;
use crate::script::{CLAIM, Call, RELEASE, REQUEST_HANDOFF, RESET};
use crate::{AsyncKinesisImport, RedisBuilder, RedisLimits, row, start, worker, writes};

/// Keeps leases and checkpoints in Redis or Valkey, in one server or in a cluster.
///
/// Every verb is one script, which the server runs whole or not at all, so any number of workers on any number of machines
/// may share the store. The rows of an application on a stream are one hash, `headwater:{billing:orders}:leases`, from shard
/// to JSON that `redis-cli` shows; nothing expires. Redis 6.2 or newer, or Valkey; a cluster keeps each application on one of
/// its nodes. Clones share one connection.
///
/// A verb waits out a restart or a fail-over for as long as its [`timeout`](RedisBuilder::timeout), and what it was told
/// to do may be done twice meanwhile, which no verb minds: a claim may skip a token, and a release may find its lease
/// released.
///
/// What a server forgets is lost: set `appendonly yes`. With `appendfsync everysec` a crash, and with replicas a fail-over,
/// may take back the last second of checkpoints, after which messages repeat, and of claims, after which a fencing token may
/// be given out twice. `appendfsync always` keeps both promises through a crash. Memory must not be bounded by an eviction
/// policy that takes keys without an expiry: leave `maxmemory-policy` at `noeviction` or a `volatile` one.
///
/// A user of the access list needs `~headwater:* +evalsha +eval +hgetall +get +ping +hget +hset +hdel +setnx` and, for
/// [`limits`](Self::limits), `+time +hmget +pexpire`.
///
/// # Errors
///
/// `Unavailable` or `Timeout` while the server cannot be reached, reads its data, or changes its role; `AccessDenied` for a
/// wrong password or a missing permission; `Store` if a key holds something else or a row cannot be read. Each names the
/// verb and the server, never the password.
///
/// # Example
///
/// ```no_run
/// use headwater::Position;
/// use headwater::checkpoint::{Application, CheckpointStore, Claim, WorkerId};
/// use headwater_redis::RedisCheckpoints;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> headwater::Result<()> {
/// let store = RedisCheckpoints::open("redis://localhost/0").await?;
/// let claim = Claim {
///     application: Application::new("billing", "orders"),
///     shard: "shardId-000000000000".into(),
///     worker: WorkerId::unique(),
///     expired: None,
///     initial: Position::Beginning.into(),
/// };
/// let lease = store.claim(&claim).await?.expect("nobody else wants it");
/// let done = Position::After { sequence: "7".into(), sub_sequence: None };
/// store.commit(&lease, &done.into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisCheckpoints {
    pub(crate) link: Link,
    pub(crate) keys: Keys,
}

impl RedisCheckpoints {
    /// Opens the store at this URL with the default settings.
    ///
    /// # Errors
    ///
    /// As [`RedisBuilder::open`].
    pub async fn open(url: impl Into<String>) -> Result<Self> {
        Self::builder(url).open().await
    }

    /// Opens the store that the environment names: see [`builder_from_env`](Self::builder_from_env).
    ///
    /// # Errors
    ///
    /// As [`RedisBuilder::open`].
    pub async fn from_env() -> Result<Self> {
        Self::builder_from_env().open().await
    }

    /// Begins to open the store at this URL: `redis://[user:password@]host[:port][/database]`, with `rediss` for TLS. Several
    /// hosts, separated by commas, are some nodes of a cluster.
    ///
    /// What the URL leaves out is taken from `REDIS_PORT`, `REDIS_PASSWORD` and `REDIS_DB`, where they are set, else the port
    /// is 6379 and the database 0. A `REDIS_PORT` that holds a URL, as Kubernetes sets it for a service of that name, is
    /// passed over.
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisBuilder::new(Some(url.into()))
    }

    /// Begins to open the store on `REDIS_HOST`, which is localhost by default, with the rest from the environment as for
    /// [`builder`](Self::builder). The names are those that async-kinesis reads.
    pub fn builder_from_env() -> RedisBuilder {
        RedisBuilder::new(None)
    }

    /// Returns the limits that sinks share through the same servers, over the same connection.
    pub fn limits(&self) -> RedisLimits {
        RedisLimits { link: self.link.clone(), keys: self.keys.clone() }
    }

    /// Begins to take over the checkpoints that async-kinesis left in the same database, under the name that its
    /// `RedisCheckPointer` was given.
    pub fn import_async_kinesis(
        &self,
        application: &Application,
        name: impl Into<String>,
    ) -> AsyncKinesisImport {
        AsyncKinesisImport::new(self.clone(), application.clone(), name.into())
    }

    pub(crate) async fn call<T>(&self, verb: &str, application: &Application, call: &Call) -> Result<T>
    where
        T: FromRedisValue + Send,
    {
        let answer = self.link.call(call).await;
        answer.map_err(|failure| failure.during(&format!("{verb} of {application}"), self.link.address()))
    }

    /// Reads a hash in one exchange.
    pub(crate) async fn read_all(
        &self,
        verb: &str,
        application: &Application,
        key: String,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let rows = self.link.read(redis::cmd("HGETALL").arg(key)).await;
        rows.map_err(|failure| failure.during(&format!("{verb} of {application}"), self.link.address()))
    }
}

impl CheckpointStore for RedisCheckpoints {
    fn start<'a>(
        &'a self,
        application: &'a Application,
        proposed: ApplicationStart,
    ) -> BoxFuture<'a, Result<ApplicationStart>> {
        start::record(self, application, proposed).boxed()
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> BoxFuture<'a, Result<Option<Lease>>> {
        async move {
            let Claim { application, shard, worker, expired, .. } = claim;
            let verb = "claim a lease";
            let call = CLAIM.on(
                self.keys.leases(application),
                [
                    Some(shard.as_str().to_owned()),
                    Some(worker.as_str().to_owned()),
                    Some(row::write(&LeaseRow::create(claim).0)?),
                    expired.map(|version| version.to_string()),
                ],
            );
            let answer = self.call::<Raw>(verb, application, &call).await?;
            let answer = answer::read(verb, application, shard, answer)?;
            Ok(answer.done.then(|| Lease {
                application: application.clone(),
                shard: shard.clone(),
                owner: worker.clone(),
                token: answer.row.token,
                version: answer.row.version,
                checkpoint: answer.row.checkpoint,
                handoff: None,
            }))
        }
        .boxed()
    }

    fn renew<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<Lease>> {
        writes::one(self, lease, None).boxed()
    }

    fn commit<'a>(&'a self, lease: &'a Lease, checkpoint: &'a Checkpoint) -> BoxFuture<'a, Result<Lease>> {
        writes::one(self, lease, Some(checkpoint)).boxed()
    }

    fn write<'a>(&'a self, writes: &'a [LeaseWrite]) -> BoxStream<'a, (usize, Result<Lease>)> {
        writes::many(self, writes).boxed()
    }

    fn release<'a>(&'a self, lease: &'a Lease, to: Option<&'a WorkerId>) -> BoxFuture<'a, Result<()>> {
        async move {
            let verb = "release the lease";
            let call = RELEASE.on(
                self.keys.leases(&lease.application),
                [
                    Some(lease.shard.as_str().to_owned()),
                    Some(lease.owner.as_str().to_owned()),
                    Some(lease.token.to_string()),
                    to.map(|to| to.as_str().to_owned()),
                ],
            );
            let answer = self.call::<Raw>(verb, &lease.application, &call).await?;
            answer::read(verb, &lease.application, &lease.shard, answer)?.released(lease)
        }
        .boxed()
    }

    fn request_handoff<'a>(
        &'a self,
        application: &'a Application,
        row: &'a LeaseRow,
        to: &'a WorkerId,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            let verb = "request a hand-off";
            // No row has a token below 0, so a request against a row without an owner stands nowhere.
            let (owner, token) = match (&row.owner, row.token) {
                (Some(owner), FencingToken(token)) => (owner.as_str(), token.to_string()),
                (None, _) => ("", "-1".to_owned()),
            };
            let call = REQUEST_HANDOFF.on(
                self.keys.leases(application),
                [row.shard.as_str(), owner, &token, to.as_str()].map(|text| Some(text.to_owned())),
            );
            let answer = self.call::<Raw>(verb, application, &call).await?;
            Ok(answer::read(verb, application, &row.shard, answer)?.done)
        }
        .boxed()
    }

    fn list<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<LeaseRow>>> {
        async move {
            let rows = self.read_all("list the leases", application, self.keys.leases(application)).await?;
            let rows =
                rows.iter().map(|(shard, text)| answer::row(application, &shard.as_str().into(), text));
            let mut rows = rows.collect::<Result<Vec<_>>>()?;
            rows.sort_by(|one, other| one.shard.cmp(&other.shard));
            Ok(rows)
        }
        .boxed()
    }

    fn reset<'a>(
        &'a self,
        application: &'a Application,
        shard: &'a ShardId,
        listed: Option<&'a LeaseRow>,
        checkpoint: &'a Checkpoint,
    ) -> BoxFuture<'a, Result<bool>> {
        async move {
            let call = RESET.on(
                self.keys.leases(application),
                [
                    Some(shard.as_str().to_owned()),
                    Some(row::write(&LeaseRow::free(shard, checkpoint))?),
                    Some(uuid::Uuid::new_v4().simple().to_string()),
                    listed.map(|row| row.version.to_string()),
                ],
            );
            let answer = self.call::<(bool, Vec<u8>)>("reset a checkpoint", application, &call).await?;
            Ok(answer.0)
        }
        .boxed()
    }

    fn started<'a>(
        &'a self,
        application: &'a Application,
    ) -> BoxFuture<'a, Result<Option<ApplicationStart>>> {
        start::get(self, application).boxed()
    }

    fn announce<'a>(
        &'a self,
        application: &'a Application,
        worker: &'a WorkerId,
        max_shards: u32,
    ) -> BoxFuture<'a, Result<()>> {
        worker::announce(self, application, worker, max_shards).boxed()
    }

    fn workers<'a>(&'a self, application: &'a Application) -> BoxFuture<'a, Result<Vec<WorkerRow>>> {
        worker::list(self, application).boxed()
    }

    fn retire<'a>(
        &'a self,
        application: &'a Application,
        listed: &'a WorkerRow,
    ) -> BoxFuture<'a, Result<()>> {
        worker::retire(self, application, listed).boxed()
    }
}
