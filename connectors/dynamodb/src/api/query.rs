//! [Query](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html).

use headwater::Result;

use crate::api::Api;
use crate::error::from_sdk;
use crate::item::{Item, text};

impl Api {
    /// Reads the items that share a hash key, in the order of their range keys.
    pub(crate) async fn query(&self, table: &str, hash: (&str, &str)) -> Result<Vec<Item>> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let page = self.persist(|| async {
                let request = self.client.query().table_name(table).set_exclusive_start_key(next.clone());
                let request = request
                    .key_condition_expression("#hash = :hash")
                    .expression_attribute_names("#hash", hash.0)
                    .expression_attribute_values(":hash", text(hash.1));
                let sent = request.consistent_read(true).send().await;
                sent.map_err(|error| from_sdk(self.context("read rows of", table), "Query", &error))
            });
            let page = page.await?;
            items.extend(page.items.unwrap_or_default());
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() {
                return Ok(items);
            }
        }
    }
}
