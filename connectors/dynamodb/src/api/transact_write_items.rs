//! [TransactWriteItems](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Refusal;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use headwater::{Error, ErrorKind, Result};

use crate::api::Api;
use crate::change::Change;
use crate::error::{CANCELED, from_sdk, kind_of_code};

/// The reason of an item that was no obstacle.
const NO_OBSTACLE: &str = "None";
/// The reason of an item whose condition did not hold.
const CONDITION_FAILED: &str = "ConditionalCheckFailed";

impl Api {
    /// Makes all changes or none; `false` where a condition did not hold.
    pub(crate) async fn transact_write_items(&self, changes: &[Change]) -> Result<bool> {
        let table = changes.first().map_or("", |change| change.table.as_str());
        let items: Vec<_> = changes.iter().map(|change| self.update_of(change)).collect::<Result<_>>()?;
        self.persist(|| async {
            let sent =
                self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else { return Ok(true) };
            let context = self.context("write rows of", table);
            if let SdkError::ServiceError(service) = &error
                && let Refusal::TransactionCanceledException(canceled) = service.err()
            {
                let reasons = canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
                let reasons: Vec<_> = reasons.filter(|code| *code != NO_OBSTACLE).collect();
                if reasons.contains(&CONDITION_FAILED) {
                    return Ok(false);
                }
                let kind = reasons.iter().find_map(|code| kind_of_code(code)).unwrap_or(ErrorKind::Store);
                return Err(
                    Error::new(kind, context).caused_by(format!("{CANCELED}: {}", reasons.join(", ")))
                );
            }
            Err(from_sdk(context, "UpdateItem", &error))
        })
        .await
    }

    fn update_of(&self, change: &Change) -> Result<TransactWriteItem> {
        let values = Some(change.values.clone()).filter(|values| !values.is_empty());
        let update = Update::builder()
            .table_name(&change.table)
            .set_key(Some(change.key.clone()))
            .update_expression(change.update_expression())
            .set_condition_expression(change.condition_expression())
            .set_expression_attribute_names(Some(change.names.clone()))
            .set_expression_attribute_values(values)
            .build();
        let update = update.map_err(|error| {
            Error::new(ErrorKind::Invalid, self.context("write rows of", &change.table)).caused_by(error)
        })?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
