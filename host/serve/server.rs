//! The server of modelled machines: its start and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::app::App;
use crate::clock::WallClock;
use crate::directory::Directory;
use crate::keeper::{self, Command, KeeperHandle, ServedMachine};
use crate::listener::{Bound, Listening, ServeError};
use crate::routes::router;
use crate::settings::Settings;
use crate::voice::{SharedVoice, Voice};

/// A server that is running.
pub struct Server {
    listening: Listening,
    keeper: KeeperHandle,
    keeper_thread: JoinHandle<()>,
}

impl Server {
    /// Starts a server. The machines' time begins now.
    ///
    /// # Errors
    /// When the address cannot be listened on, or threads cannot be started.
    pub fn start(
        machines: Vec<ServedMachine>,
        voice: Voice,
        settings: Settings,
    ) -> Result<Server, ServeError> {
        if machines.is_empty() {
            return Err(ServeError::NoMachine);
        }
        let bound = Bound::new(settings.listen, settings.threads)?;
        let clock = WallClock::start(settings.speed);
        let names = machines.iter().map(|one| (one.name.clone(), one.model.clone()));
        let directory = Directory::new(names);
        let (keeper, keeper_thread) = keeper::start(machines, clock)?;
        let limits = settings.limits;
        let app = Arc::new(App {
            clock,
            keeper: keeper.clone(),
            voice: SharedVoice::new(voice),
            directory,
            requests: AtomicU64::new(0),
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            bodies: Arc::new(Semaphore::new(limits.bodies_bytes)),
            settings,
        });
        let listening = bound.answer(router(app), limits);
        Ok(Server { listening, keeper, keeper_thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// Takes no more connections, lets requests under way finish for so long, and ends. Whether all
    /// of them did.
    pub fn stop(self, grace: Duration) -> bool {
        let ended = self.listening.stop(grace);
        self.keeper.tell(Command::Stop);
        let kept = self.keeper_thread.join();
        ended && kept.is_ok()
    }
}
