// How the workers of a lifecycle manager are, over gRPC, and every change from then on.
//
//   npm ci
//   node status.js 127.0.0.1:9472 /var/data/prb/lifecycle.token
//
// With --once it ends when it has told all of them once.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, tokenFile, mode] = process.argv.slice(2);
if (!address || !tokenFile) {
  console.error('usage: node status.js ADDRESS TOKEN-FILE [--once]');
  process.exit(2);
}

const proto = path.join(__dirname, '..', '..', 'proto');
const definition = loader.loadSync('prb/message.proto', {
  includeDirs: [proto],
  // 64-bit integers do not fit into JavaScript's numbers.
  longs: String,
  enums: String,
  defaults: true,
});
const { WalkieRpc } = grpc.loadPackageDefinition(definition).prb;

const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${fs.readFileSync(tokenFile, 'utf8').trim()}`);
const client = new WalkieRpc(address, grpc.credentials.createInsecure());

function tell(states) {
  for (const state of states) {
    const { name, pid } = state.worker;
    console.log(`${name} of pool ${pid}: ${state.status} at block ${state.paraBlockDispatchedTo}: ${state.lastMessage}`);
  }
}

function fail(error) {
  console.error(`${error.details || error.message} (code ${error.code})`);
  process.exit(1);
}

if (mode === '--once') {
  client.GetWorkerStatus({ ids: [] }, metadata, (error, answer) => {
    if (error) fail(error);
    tell(answer.workerStates);
    client.close();
  });
} else {
  const changes = client.WatchWorkerStatus({ ids: [] }, metadata);
  changes.on('data', (update) => tell(update.workerStates));
  changes.on('error', fail);
}
