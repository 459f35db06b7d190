//! What people say of the receivers beyond AWS, and what they read there.

use std::net::SocketAddr;

use super::state::{Host, Room, Taken, Trouble};
use crate::sandbox::instance::Sandbox;
use crate::sandbox::secret::Secret;

impl Sandbox {
    /// Sends what HTTP tasks send to `https://<host>` to a real receiver on this machine instead, by plain HTTP. It
    /// must answer on a thread of its own: the sandbox waits for it.
    #[must_use]
    pub fn with_receiver(self, host: &str, address: SocketAddr) -> Self {
        self.of_receiver(host, |host| host.address = Some(address));
        self
    }

    /// Says that a plain webhook listens at `https://<host>`.
    pub fn add_webhook(&self, host: &str) {
        self.of_receiver(host, |host| host.webhook = true);
    }

    /// Says that a receiver takes a secret, and from now on no others than those that it was told of. The secret is
    /// what stands behind the scheme of the header `Authorization` (`user:password` of Basic), the key or token in the
    /// query or the body, the secret of an OAuth client, and for a plain webhook the value wherever it stands.
    pub fn receiver_knows(&self, host: &str, secret: &str) {
        self.of_receiver(host, |host| host.secrets.insert(Secret::new(secret)));
    }

    /// Says what is true of a place of a receiver: a channel, a space, a project, a flow. From now on it has no others
    /// than those that it was told of.
    pub fn set_room(&self, host: &str, place: &str, room: Room) {
        self.of_receiver(host, |host| host.rooms.insert(place.to_owned(), room));
    }

    /// Makes a receiver do something wrong, or, with `None`, ends that.
    pub fn set_trouble(&self, host: &str, trouble: Option<Trouble>) {
        self.of_receiver(host, |host| host.trouble = trouble);
    }

    /// What the receivers beyond AWS took so far, oldest first.
    pub fn taken(&self) -> Vec<Taken> {
        self.settled().world.receivers.taken.clone()
    }

    /// A file that cannot be written fails the next call.
    fn of_receiver<T>(&self, host: &str, change: impl FnOnce(&mut Host) -> T) {
        let mut inner = self.inner();
        let hosts = &mut inner.world.receivers.hosts;
        change(hosts.entry(host.to_ascii_lowercase()).or_default());
        let _ = inner.save();
    }
}
