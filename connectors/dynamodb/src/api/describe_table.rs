//! [DescribeTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html).

use std::time::Duration;

use aws_sdk_dynamodb::types::{TableDescription, TableStatus};
use headwater::{Error, ErrorKind, Result};
use tokio::time::{Instant, sleep};

use crate::api::{Api, Schema};
use crate::error::from_sdk;

/// How often a table that is being created is looked at.
const POLL: Duration = Duration::from_millis(500);

impl Api {
    /// Waits until a table can be used, and makes it if there is none.
    pub(crate) async fn ready_table(&self, table: &str, schema: Schema) -> Result<()> {
        let begun = Instant::now();
        loop {
            let Some(described) = self.describe_table(table).await? else {
                self.create_table(table, schema).await?;
                continue;
            };
            match described.table_status {
                // A table that gets an index is in use meanwhile.
                Some(TableStatus::Active | TableStatus::Updating) => {
                    return schema.check(self.context("use", table), &described);
                }
                status if begun.elapsed() >= self.active_timeout => {
                    let status = status.as_ref().map_or("in no state", TableStatus::as_str);
                    let context = self.context("wait for", table);
                    let why = format!("it is {status} after {:?}", self.active_timeout);
                    return Err(Error::new(ErrorKind::NotReady, context).caused_by(why));
                }
                _ => sleep(POLL).await,
            }
        }
    }

    async fn describe_table(&self, table: &str) -> Result<Option<TableDescription>> {
        let described = self.persist(|| async {
            let sent = self.client.describe_table().table_name(table).send().await;
            sent.map_err(|error| from_sdk(self.context("describe", table), "DescribeTable", &error))
        });
        match described.await {
            Ok(described) => Ok(described.table),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
