//! [Scan](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html).

use headwater::Result;

use crate::api::Api;
use crate::error::from_sdk;
use crate::item::Item;

impl Api {
    /// Reads every item of a table, page by page of 1 MB, each as it is after every write that was answered.
    pub(crate) async fn scan(&self, table: &str) -> Result<Vec<Item>> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let page = self.persist(|| async {
                let request = self.client.scan().table_name(table).set_exclusive_start_key(next.clone());
                let sent = request.consistent_read(true).send().await;
                sent.map_err(|error| from_sdk(self.context("read all rows of", table), "Scan", &error))
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
