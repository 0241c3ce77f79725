//! [DeleteItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html).

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use headwater::Result;

use crate::api::Api;
use crate::change::Change;
use crate::error::{CONDITION_FAILED, from_sdk};

impl Api {
    /// Deletes the item of a change that has nothing but a condition, if that holds.
    pub(crate) async fn delete_item(&self, change: &Change) -> Result<()> {
        self.persist(|| async {
            let request = self.client.delete_item().table_name(&change.table);
            let request = request
                .set_key(Some(change.key.clone()))
                .set_condition_expression(change.condition_expression())
                .set_expression_attribute_names(Some(change.names.clone()))
                .set_expression_attribute_values(Some(change.values.clone()));
            match request.send().await {
                Err(error) if error.code() == Some(CONDITION_FAILED) => Ok(()),
                Err(error) => {
                    Err(from_sdk(self.context("delete a row of", &change.table), "DeleteItem", &error))
                }
                Ok(_) => Ok(()),
            }
        })
        .await
    }
}
