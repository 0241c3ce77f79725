//! Leases, checkpoints and shared write limits for [Headwater](headwater) in Redis or Valkey, single or as a cluster.
