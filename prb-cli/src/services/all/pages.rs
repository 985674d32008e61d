//! The monitor and the queue page.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use prb_core::queue::JobQueue;
use prb_walkie::access::psk::PreSharedKey;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Discovery, Introduction, Walkie};

use crate::args::{AllArgs, Listen};
use crate::services::{discovery, hostname};
use crate::shutdown::Stack;
use crate::web::Settings;
use crate::{monitor, queue_page};

/// Starts the pages that are wanted; the monitor's place among its peers, of whom it knows `met`.
pub(super) async fn start(
    args: &AllArgs,
    guest: &Identity,
    met: Vec<String>,
    queue: Arc<dyn JobQueue>,
    stack: &mut Stack,
) -> Result<Option<Walkie>> {
    let pages = &args.pages;
    let (listen, password, hosts) =
        (pages.queue_listen, &pages.queue_password_file, &pages.queue_host);
    if let Some(settings) = settings("queue", 4567, listen, password.as_ref(), hosts) {
        let shown = queue_page::pages(queue, settings.frame());
        settings.serve_on(settings.bind().await?, shown, stack)?;
    }
    let (listen, password, hosts) =
        (pages.monitor_listen, &pages.monitor_password_file, &pages.monitor_host);
    let Some(settings) = settings("monitor", 3000, listen, password.as_ref(), hosts) else {
        return Ok(None);
    };
    let mut config = Config::new(Introduction::client(hostname()));
    let own = discovery(&args.serving.walkie.discovery);
    config.discovery = Discovery { boot_nodes: [met, own.boot_nodes].concat(), ..own };
    config.access.psk =
        args.serving.access.psk_file.as_deref().map(PreSharedKey::load).transpose()?;
    let listener = settings.bind().await?;
    let (walkie, _) = monitor::start(config, guest, &settings, listener, stack).await?;
    Ok(Some(walkie))
}

/// Where a page is and who may see it; none if it is off.
fn settings(
    name: &'static str,
    port: u16,
    listen: Option<Listen>,
    password: Option<&PathBuf>,
    hosts: &[String],
) -> Option<Settings> {
    let listen = match listen {
        Some(Listen::Off) => return None,
        Some(Listen::At(address)) => Some(address),
        None => None,
    };
    let (password_file, hosts) = (password.cloned(), hosts.to_vec());
    Some(Settings { name, listen, port, password_file, hosts })
}
