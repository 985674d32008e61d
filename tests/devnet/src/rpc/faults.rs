//! Calls that are late, refused, never answered, or cost the connection: what clients meet in the
//! field. What a node itself lacks or gets wrong is [`NodeFaults`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::MethodResponse;
use jsonrpsee::core::middleware::{Batch, BatchEntry, Notification, Request, RpcServiceT};
use jsonrpsee::types::ErrorObjectOwned;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::NodeFaults;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MethodFault {
    /// It is answered this much later.
    Delay(Duration),
    /// It is answered only once the fault is taken away.
    Hang,
    /// The connection is closed instead of an answer.
    Drop,
    /// It is answered with this error.
    Error(i32, &'static str),
}

impl MethodFault {
    /// The answer would be longer than the node sends.
    pub const TOO_LARGE: Self = Self::Error(-32008, "Response is too big");
}

/// The faults of one node: of its methods, by method name (a method without one works), and of
/// itself.
#[derive(Clone, Debug)]
pub struct RpcFaults {
    faults: Arc<RwLock<HashMap<String, MethodFault>>>,
    node: Arc<RwLock<NodeFaults>>,
    /// Tells hanging calls to look again.
    changes: watch::Sender<()>,
    calls: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl RpcFaults {
    /// No faults.
    pub fn new() -> Self {
        Self {
            faults: Arc::default(),
            node: Arc::default(),
            changes: watch::channel(()).0,
            calls: Arc::default(),
        }
    }

    /// Makes every call of `method` fail this way from now on.
    pub fn set(&self, method: impl Into<String>, fault: MethodFault) {
        self.faults.write().insert(method.into(), fault);
        self.changes.send_replace(());
    }

    /// Makes `method` work again; hanging calls are answered.
    pub fn clear(&self, method: &str) {
        self.faults.write().remove(method);
        self.changes.send_replace(());
    }

    /// Changes what the node lacks and gets wrong.
    pub fn node(&self, change: impl FnOnce(&mut NodeFaults)) {
        change(&mut self.node.write());
    }

    /// What the node lacks and gets wrong now.
    pub(super) fn of_node(&self) -> NodeFaults {
        self.node.read().clone()
    }

    /// Makes all methods and the node itself work again.
    pub fn clear_all(&self) {
        self.faults.write().clear();
        *self.node.write() = NodeFaults::default();
        self.changes.send_replace(());
    }

    /// How often each method was called so far, those of batches too.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.lock().clone()
    }

    fn count(&self, method: &str) {
        let mut calls = self.calls.lock();
        match calls.get_mut(method) {
            Some(count) => *count += 1,
            None => drop(calls.insert(method.to_owned(), 1)),
        }
    }

    fn of(&self, method: &str) -> Option<MethodFault> {
        let faults = self.faults.read();
        // Nearly always there is none, and a call costs no lookup then.
        if faults.is_empty() { None } else { faults.get(method).copied() }
    }

    /// Waits as long as `method` has to wait, and says what then comes of it.
    async fn pass(&self, method: &str, connection: &CancellationToken) -> Passed {
        let mut changes = self.changes.subscribe();
        loop {
            match self.of(method) {
                None => return Passed::Answered,
                Some(MethodFault::Delay(delay)) => {
                    return tokio::select! {
                        () = connection.cancelled() => Passed::Cut,
                        () = tokio::time::sleep(delay) => Passed::Answered,
                    };
                }
                Some(MethodFault::Hang) => {
                    tokio::select! {
                        () = connection.cancelled() => return Passed::Cut,
                        _ = changes.changed() => {}
                    }
                }
                Some(MethodFault::Drop) => {
                    connection.cancel();
                    return Passed::Cut;
                }
                Some(MethodFault::Error(code, message)) => {
                    return Passed::Refused(code, message);
                }
            }
        }
    }
}

/// What comes of a call.
enum Passed {
    /// It is answered as ever.
    Answered,
    /// It is answered with an error.
    Refused(i32, &'static str),
    /// The connection is gone.
    Cut,
}

impl Default for RpcFaults {
    fn default() -> Self {
        Self::new()
    }
}

/// Applies faults before the real service is asked.
#[derive(Clone)]
pub(super) struct FaultyService<S> {
    pub(super) service: S,
    pub(super) faults: RpcFaults,
    /// Closes the connection this service answers on.
    pub(super) connection: CancellationToken,
}

impl<S> FaultyService<S> {
    /// Waits for the faults of a request, and gives the error it is answered with, if any; a closed
    /// connection is never answered.
    fn passed(
        &self,
        methods: Vec<String>,
    ) -> impl Future<Output = Option<(i32, &'static str)>> + Send + 'static {
        let (faults, connection) = (self.faults.clone(), self.connection.clone());
        async move {
            for method in methods {
                match faults.pass(&method, &connection).await {
                    Passed::Answered => {}
                    Passed::Refused(code, message) => return Some((code, message)),
                    Passed::Cut => std::future::pending().await,
                }
            }
            None
        }
    }
}

impl<S> RpcServiceT for FaultyService<S>
where
    S: RpcServiceT<MethodResponse = MethodResponse> + Clone + Send + Sync + 'static,
{
    type MethodResponse = S::MethodResponse;
    type NotificationResponse = S::NotificationResponse;
    type BatchResponse = S::BatchResponse;

    fn call<'a>(
        &self,
        request: Request<'a>,
    ) -> impl Future<Output = Self::MethodResponse> + Send + 'a {
        let service = self.service.clone();
        self.faults.count(&request.method);
        let passed =
            self.faults.of(&request.method).map(|_| self.passed(vec![request.method.to_string()]));
        async move {
            if let Some(passed) = passed
                && let Some((code, message)) = passed.await
            {
                let error = ErrorObjectOwned::owned(code, message, None::<()>);
                return MethodResponse::error(request.id, error);
            }
            service.call(request).await
        }
    }

    fn batch<'a>(
        &self,
        requests: Batch<'a>,
    ) -> impl Future<Output = Self::BatchResponse> + Send + 'a {
        let service = self.service.clone();
        let methods = requests.iter().filter_map(|entry| match entry {
            Ok(BatchEntry::Call(call)) => Some(call.method.to_string()),
            _ => None,
        });
        let methods: Vec<String> = methods.collect();
        for method in &methods {
            self.faults.count(method);
        }
        let passed = self.passed(methods);
        async move {
            // Batches are not refused as a whole.
            let _ = passed.await;
            service.batch(requests).await
        }
    }

    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = Self::NotificationResponse> + Send + 'a {
        self.service.notification(notification)
    }
}
