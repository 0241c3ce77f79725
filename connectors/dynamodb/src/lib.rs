//! Leases and checkpoints for [Headwater](headwater) in DynamoDB, in the lease table of the Kinesis Client Library.
