// Uses the embedded network as any chain, with unmodified @polkadot/api.
//
//   node devnet.mjs ws://127.0.0.1:9944 ws://127.0.0.1:9945
//
// Exit code 0 when every check passes; 1, with the reason on stderr, when one fails.

import assert from 'node:assert/strict';
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { hexToU8a, u8aToHex } from '@polkadot/util';
import { blake2AsHex, cryptoWaitReady } from '@polkadot/util-crypto';

const TOKEN = 10n ** 12n;
const DEADLINE_MS = 120_000;

const [paraUrl, relayUrl] = process.argv.slice(2);
if (!paraUrl || !relayUrl) {
  console.error('usage: node devnet.mjs PARA_WS_URL RELAY_WS_URL');
  process.exit(2);
}
setTimeout(() => fail(new Error(`not done after ${DEADLINE_MS / 1000} s`)), DEADLINE_MS).unref();

function fail(error) {
  console.error(error);
  process.exit(1);
}

const connect = (url) => ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });

/** Signs, submits and follows an extrinsic until it is final. */
function finalized(extrinsic, signer) {
  return new Promise((resolve, reject) => {
    const seen = [];
    extrinsic
      .signAndSend(signer, (result) => {
        seen.push(result.status.type);
        if (result.isError) reject(new Error(`extrinsic ended as ${result.status.type}`));
        if (result.isFinalized) resolve({ seen, ...result });
      })
      .catch(reject);
  });
}

const names = (events) => events.map(({ event }) => `${event.section}.${event.method}`);

async function usesMetadataAndStorage(api) {
  assert.equal(api.registry.chainSS58, 30);
  assert.deepEqual(api.registry.chainTokens, ['PHA']);
  assert.ok(api.tx.phalaStakePoolv2.addWorker, 'pallets are those of the parachain');
  const id = await api.query.parachainInfo.parachainId();
  assert.ok(id.toNumber() > 0);
  const now = await api.query.timestamp.now();
  assert.ok(Math.abs(now.toNumber() - Date.now()) < 600_000);
  const keys = await api.query.system.account.keysPaged({ args: [], pageSize: 4 });
  assert.equal(keys.length, 4);
}

async function transfers(api, alice, bob) {
  const before = (await api.query.system.account(bob.address)).data.free.toBigInt();
  const transfer = api.tx.balances.transferKeepAlive(bob.address, TOKEN);
  const info = await transfer.paymentInfo(alice);
  assert.ok(info.partialFee.toBigInt() > 0n);
  const result = await finalized(transfer, alice);
  assert.ok(result.seen.includes('InBlock'), result.seen.join());
  assert.ok(names(result.events).includes('balances.Transfer'));
  const after = (await api.query.system.account(bob.address)).data.free.toBigInt();
  assert.equal(after - before, TOKEN);
  return result;
}

async function batches(api, alice, bob) {
  const calls = [TOKEN, 10n ** 36n, TOKEN].map((amount) =>
    api.tx.balances.transferKeepAlive(bob.address, amount),
  );
  const { events } = await finalized(api.tx.utility.forceBatch(calls), alice);
  const items = names(events).filter((name) => name.startsWith('utility.'));
  assert.deepEqual(items, [
    'utility.ItemCompleted',
    'utility.ItemFailed',
    'utility.ItemCompleted',
    'utility.BatchCompletedWithErrors',
  ]);
}

async function proxies(api, alice, bob) {
  await finalized(api.tx.proxy.addProxy(bob.address, 'NonTransfer', 0), alice);
  // The proxy's type admits no transfer: the extrinsic succeeds, the call inside does not.
  const call = api.tx.balances.transferKeepAlive(bob.address, TOKEN);
  const { events } = await finalized(api.tx.proxy.proxy(alice.address, null, call), bob);
  const executed = events.find(({ event }) => event.method === 'ProxyExecuted').event;
  assert.ok(executed.data[0].isErr, executed.data.toString());
  assert.ok(names(events).includes('system.ExtrinsicSuccess'));
}

async function readsEventsOfABlock(api, blockHash, transaction) {
  const { block } = await api.rpc.chain.getBlock(blockHash);
  const index = block.extrinsics.findIndex((one) => one.hash.eq(transaction));
  assert.ok(index > 0, 'inherents come first');
  const events = await (await api.at(blockHash)).query.system.events();
  const mine = events.filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eq(index));
  assert.ok(names(mine).includes('system.ExtrinsicSuccess'));
}

async function proves(api, address) {
  const hash = await api.rpc.chain.getFinalizedHead();
  const header = await api.rpc.chain.getHeader(hash);
  const { at, proof } = await api.rpc.state.getReadProof([api.query.system.account.key(address)], hash);
  assert.ok(at.eq(hash));
  const nodes = proof.map((node) => u8aToHex(node));
  const root = nodes.find((node) => blake2AsHex(hexToU8a(node)) === header.stateRoot.toHex());
  assert.ok(root, 'the proof begins at the state root');
  const account = await api.rpc.state.getStorage(api.query.system.account.key(address), hash);
  assert.ok(nodes.some((node) => node.includes(account.toHex().slice(2))), 'it holds the value');
}

async function followsTheRelayChain(relay, paraId) {
  const heads = await new Promise((resolve, reject) => {
    const seen = [];
    relay.rpc.chain
      .subscribeFinalizedHeads((head) => seen.push(head.number.toNumber()) === 4 && resolve(seen))
      .catch(reject);
  });
  heads.slice(1).forEach((height, index) => assert.equal(height, heads[index] + 1));
  const justification = await new Promise((resolve, reject) => {
    relay.rpc.grandpa.subscribeJustifications(resolve).catch(reject);
  });
  assert.ok(justification.length > 44);
  const head = await relay.query.paras.heads(paraId);
  assert.ok(head.isSome);
  const methods = await relay.rpc.rpc.methods();
  assert.ok(methods.methods.some((method) => method.eq('grandpa_proveFinality')));
}

async function main() {
  await cryptoWaitReady();
  const keyring = new Keyring({ type: 'sr25519', ss58Format: 30 });
  const [alice, bob] = ['//Alice', '//Bob'].map((uri) => keyring.addFromUri(uri));
  const [api, relay] = await Promise.all([connect(paraUrl), connect(relayUrl)]);
  const check = async (what, run) => {
    const result = await run();
    console.log(`ok  ${what}`);
    return result;
  };
  await check('metadata and storage', () => usesMetadataAndStorage(api));
  const transfer = await check('transfer', () => transfers(api, alice, bob));
  await check('force_batch', () => batches(api, alice, bob));
  await check('proxy', () => proxies(api, alice, bob));
  await check('events', () =>
    readsEventsOfABlock(api, transfer.status.asFinalized, transfer.txHash),
  );
  await check('proofs', () => proves(api, alice.address));
  const paraId = await api.query.parachainInfo.parachainId();
  await check('relay chain', () => followsTheRelayChain(relay, paraId));
  await Promise.all([api.disconnect(), relay.disconnect()]);
}

main().then(() => process.exit(0), fail);
