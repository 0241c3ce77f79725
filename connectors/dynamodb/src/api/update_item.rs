//! [UpdateItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html).

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::ReturnValue;
use headwater::Result;

use crate::api::Api;
use crate::change::Change;
use crate::error::{CONDITION_FAILED, from_sdk};
use crate::item::Item;

impl Api {
    /// Makes a change and returns the item as it is then; `None` where the condition did not hold.
    pub(crate) async fn update_item(&self, change: &Change) -> Result<Option<Item>> {
        self.persist(|| async {
            let values = Some(change.values.clone()).filter(|values| !values.is_empty());
            let request = self.client.update_item().table_name(&change.table);
            let request = request
                .set_key(Some(change.key.clone()))
                .update_expression(change.update_expression())
                .set_condition_expression(change.condition_expression())
                .set_expression_attribute_names(Some(change.names.clone()))
                .set_expression_attribute_values(values)
                .return_values(ReturnValue::AllNew);
            match request.send().await {
                Ok(updated) => Ok(Some(updated.attributes.unwrap_or_default())),
                Err(error) if error.code() == Some(CONDITION_FAILED) => Ok(None),
                Err(error) => {
                    Err(from_sdk(self.context("write a row of", &change.table), "UpdateItem", &error))
                }
            }
        })
        .await
    }
}
