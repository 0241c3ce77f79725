//! Redis behind TLS.

use std::io::Write as _;

use headwater::ErrorKind;
use headwater_redis::RedisCheckpoints;
use headwater_tests::StoreServer;
