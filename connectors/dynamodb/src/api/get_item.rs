//! [GetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html).

use headwater::Result;

use crate::api::Api;
use crate::error::from_sdk;
use crate::item::Item;

impl Api {
    /// Reads an item as it is after every write that was answered.
    pub(crate) async fn get_item(&self, table: &str, key: &Item) -> Result<Option<Item>> {
        let got = self.persist(|| async {
            let request = self.client.get_item().table_name(table).set_key(Some(key.clone()));
            let sent = request.consistent_read(true).send().await;
            sent.map_err(|error| from_sdk(self.context("read a row of", table), "GetItem", &error))
        });
        Ok(got.await?.item)
    }
}
