//! What the sink and its producers share.

use std::sync::Arc;

use bytes::Bytes;

use crate::batch::Admission;
use crate::batch::handles::gate::Gate;
use crate::batch::lanes::accepted::Arrival;
use crate::batch::lanes::framer::{Framer, GENERATED_KEY_LEN};
use crate::codec::Framing;
use crate::{Delivery, Error, ErrorKind, Key, Message, Result, Undelivered};

/// What the sink and its producers share. The last of them that is dropped has the engine end.
pub(in crate::batch) struct Handle {
    pub(in crate::batch) gate: Arc<Gate>,
    pub(in crate::batch) admission: Arc<dyn Admission>,
    pub(in crate::batch) record_bytes: usize,
}

/// What a framing may add to the longest message that fits a record without being measured.
const FRAME_OVERHEAD: usize = 4096;

impl Handle {
    /// Checks a message before it is queued.
    ///
    /// # Errors
    ///
    /// Why it can never be sent; carries the message.
    pub(in crate::batch) fn admit(
        &self,
        message: Message<Bytes>,
        framing: Option<&dyn Framing>,
    ) -> Result<Arrival> {
        match self.key_for(&message, framing) {
            Ok(rekeyed) => Ok(Arrival { message, rekeyed, slip: None }),
            Err(error) => Err(self.refuse(error, message)),
        }
    }

    /// Gives a message back that can never be sent.
    #[cold]
    pub(in crate::batch) fn refuse(&self, error: Error, message: Message<Bytes>) -> Error {
        let error = error.during(format_args!("send to \"{}\"", self.gate.name));
        let reason = error.restate();
        error.carrying(vec![Undelivered::new(message, reason, Delivery::NotStored)])
    }

    /// Finds the key that a message is sent under in place of its own, or why it can never be sent.
    pub(in crate::batch) fn key_for(
        &self,
        message: &Message<Bytes>,
        framing: Option<&dyn Framing>,
    ) -> Result<Option<Box<Key>>> {
        let rekeyed = self.admission.admit(message)?;
        let (payload, key) = (message.payload(), rekeyed.as_ref().or(message.key()));
        let key_len = key.map_or(GENERATED_KEY_LEN, |key| key.partition_key().len());
        let mut len = payload.len() + key_len;
        if let Some(framing) = framing {
            framing.accepts(payload).map_err(|cause| {
                let context = format!("frame a message of {} bytes as {}", payload.len(), framing.name());
                Error::new(ErrorKind::Encode, context).caused_by(cause)
            })?;
            if len + message.headers().bytes() + FRAME_OVERHEAD > self.record_bytes {
                let generated = || Key::from(" ".repeat(GENERATED_KEY_LEN));
                len = Framer::len_alone(framing, &key.cloned().unwrap_or_else(generated), message);
            }
        }
        if len > self.record_bytes {
            let most = self.record_bytes;
            let context = format!("a record of {len} bytes, its key included: at most {most} are allowed");
            return Err(Error::new(ErrorKind::Invalid, context));
        }
        Ok(rekeyed.map(Box::new))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.gate.abandon();
    }
}
