//! Unmodified subxt, its default backend and configuration.

use subxt::dynamic::{self, Value};
use subxt::events::Events;
use subxt::ext::scale_value::value;
use subxt::{OnlineClient, PolkadotConfig};
use subxt_signer::sr25519::{Keypair, dev};

use crate::{config, reach, start};

type Client = OnlineClient<PolkadotConfig>;

/// Ten tokens, in planck.
const TEN: u128 = 10_000_000_000_000;

fn address(account: &Keypair) -> Value {
    Value::unnamed_variant("Id", [Value::from_bytes(account.public_key().0)])
}

fn transfer(to: &Keypair, amount: u128) -> Value {
    let call = Value::named_variant(
        "transfer_keep_alive",
        [("dest", address(to)), ("value", Value::u128(amount))],
    );
    Value::unnamed_variant("Balances", [call])
}

/// Free balance in planck as of the newest finalized block.
async fn balance(client: &Client, account: &Keypair) -> u128 {
    let at = client.at_current_block().await.unwrap();
    let entry = dynamic::storage::<([u8; 32],), Value>("System", "Account");
    let value = at.storage().fetch(entry, (account.public_key().0,)).await.unwrap();
    let info = value.decode_as::<Value>().unwrap();
    let free = dynamic::At::at(&info, "data").and_then(|data| dynamic::At::at(data, "free"));
    free.and_then(Value::as_u128).unwrap()
}

/// Signs, submits, and gives the names of the events once final; fails if the extrinsic did.
async fn finalized(
    client: &Client,
    signer: &Keypair,
    call: (&str, &str, Vec<Value>),
) -> Vec<String> {
    let (pallet, name, arguments) = call;
    let at = client.at_current_block().await.unwrap();
    let payload = dynamic::transaction(pallet, name, Value::unnamed_composite(arguments));
    let mut transactions = at.transactions();
    let progress = transactions.sign_and_submit_then_watch_default(&payload, signer).await.unwrap();
    let events = progress.wait_for_finalized_success().await.unwrap();
    let names = |event: Result<subxt::events::Event<'_, PolkadotConfig>, _>| {
        let event = event.unwrap();
        format!("{}.{}", event.pallet_name(), event.event_name())
    };
    events.iter().map(names).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn subxt_uses_the_parachain_as_any_chain() {
    let network = start(config()).await;
    reach(&network, |heights| heights.para_finalized > 0).await;
    let client = Client::from_insecure_url(network.para_url()).await.unwrap();
    let (alice, bob, charlie) = (dev::alice(), dev::bob(), dev::charlie());

    let before = balance(&client, &bob).await;
    let events = finalized(
        &client,
        &alice,
        ("Balances", "transfer_keep_alive", vec![address(&bob), Value::u128(TEN)]),
    )
    .await;
    assert!(events.contains(&"Balances.Transfer".to_owned()), "{events:?}");
    assert_eq!(balance(&client, &bob).await, before + TEN);

    let before = balance(&client, &charlie).await;
    let calls =
        vec![transfer(&charlie, TEN), transfer(&charlie, u128::MAX / 2), transfer(&charlie, TEN)];
    let batch = ("Utility", "force_batch", vec![Value::unnamed_composite(calls)]);
    let events = finalized(&client, &alice, batch).await;
    let items: Vec<_> = events.iter().filter(|name| name.starts_with("Utility.")).collect();
    assert_eq!(
        items,
        [
            "Utility.ItemCompleted",
            "Utility.ItemFailed",
            "Utility.ItemCompleted",
            "Utility.BatchCompletedWithErrors"
        ]
    );
    assert_eq!(balance(&client, &charlie).await, before + 2 * TEN);

    let any = value! { Any() };
    let add = ("Proxy", "add_proxy", vec![address(&charlie), any, Value::u128(0)]);
    finalized(&client, &bob, add).await;
    let before = balance(&client, &bob).await;
    let proxied = vec![address(&bob), value! { None() }, transfer(&alice, TEN)];
    let events = finalized(&client, &charlie, ("Proxy", "proxy", proxied)).await;
    assert!(events.contains(&"Proxy.ProxyExecuted".to_owned()), "{events:?}");
    assert_eq!(balance(&client, &bob).await, before - TEN);
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn subxt_follows_the_relay_chain() {
    let network = start(config()).await;
    let client = Client::from_insecure_url(network.relay_url()).await.unwrap();
    let mut blocks = client.stream_blocks().await.unwrap();
    let mut last = blocks.next().await.unwrap().unwrap().number();
    for _ in 0..5 {
        let block = blocks.next().await.unwrap().unwrap();
        assert_eq!(block.number(), last + 1, "finalized heads come without gaps");
        last = block.number();
        let events: Events<PolkadotConfig> =
            block.at().await.unwrap().events().fetch().await.unwrap();
        assert!(!events.is_empty(), "inherents succeed");
    }
    network.shutdown().await.unwrap();
}
