//! Tower layers: retry with backoff, weighted throttle, timeout.
