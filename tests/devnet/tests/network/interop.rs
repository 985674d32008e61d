//! Unmodified polkadot.js, by the script in `tests/interop`.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{config, reach, start};

#[tokio::test(flavor = "multi_thread")]
async fn polkadot_js_uses_the_network_as_any_chain() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop");
    let has_node = Command::new("node").arg("--version").output().is_ok();
    if !has_node || !folder.join("node_modules/@polkadot/api").exists() {
        eprintln!(
            "\n*** NOT TESTED: polkadot.js against the embedded network.\n\
             *** Install Node.js and run: npm ci --prefix tests/interop\n"
        );
        return;
    }
    let network = start(config()).await;
    reach(&network, |heights| heights.para_finalized > 0).await;
    let mut script = Command::new("node");
    script.arg("devnet.mjs").args([network.para_url(), network.relay_url()]);
    script.current_dir(folder).stdin(Stdio::null());
    // The script has its own deadline.
    let output = tokio::task::spawn_blocking(move || script.output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 7, "{said}");
    network.shutdown().await.unwrap();
}
