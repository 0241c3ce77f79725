//! Where accepted messages stay until they are settled.

use std::hint::black_box;

use crate::batch::lanes::accepted::Accepted;

/// Where accepted messages stay until they are settled, so that queues and requests move small numbers and not
/// messages.
#[derive(Default)]
pub(in crate::batch) struct Pool {
    places: Vec<Option<Accepted>>,
    free: Vec<Place>,
}

/// Names a message of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::batch) struct Place(u32);

impl Pool {
    pub(in crate::batch) fn insert(&mut self, accepted: Accepted) -> Place {
        if let Some(place) = self.free.pop() {
            self.places[place.0 as usize] = Some(accepted);
            return place;
        }
        self.places.push(Some(accepted));
        Place((self.places.len() - 1) as u32)
    }

    /// Returns a message that is in the pool.
    pub(in crate::batch) fn get(&self, place: Place) -> Option<&Accepted> {
        self.places[place.0 as usize].as_ref()
    }

    pub(in crate::batch) fn get_mut(&mut self, place: Place) -> Option<&mut Accepted> {
        self.places[place.0 as usize].as_mut()
    }

    /// Has the memory of messages that are wanted soon come near. Each would be waited for where it is wanted; here they
    /// are waited for together.
    pub(in crate::batch) fn bring_near(&self, places: impl Iterator<Item = Place>) {
        let near = places.filter_map(|place| self.get(place)).map(|accepted| {
            // Its first line, one in the midst and its last.
            let (payload, key) = (accepted.message.payload(), accepted.message.key());
            payload.len() ^ usize::from(key.is_some()) ^ accepted.bytes
        });
        black_box(near.fold(0, |all, one| all ^ one));
    }

    /// Takes a message out; `None` if that was done before.
    pub(in crate::batch) fn remove(&mut self, place: Place) -> Option<Accepted> {
        let accepted = self.places[place.0 as usize].take()?;
        self.free.push(place);
        Some(accepted)
    }

    /// Takes every message out.
    pub(in crate::batch) fn drain(&mut self) -> impl Iterator<Item = Accepted> {
        self.free.clear();
        self.places.drain(..).flatten()
    }
}
