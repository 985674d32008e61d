// A peer with the stack of version 2: TCP, noise, mplex alone, RSA-2048, multicast DNS of the old
// kind. It is driven by JSON lines on standard input and reports in JSON lines on standard output.
'use strict'

const path = require('path')
const readline = require('readline')
const { randomUUID } = require('crypto')
const Libp2p = require('libp2p')
const TCP = require('libp2p-tcp')
const Mplex = require('libp2p-mplex')
const MulticastDNS = require('libp2p-mdns')
const Bootstrap = require('libp2p-bootstrap')
const { NOISE } = require('@chainsafe/libp2p-noise')
const { Multiaddr } = require('multiaddr')
const PeerId = require('peer-id')
const protobuf = require('protobufjs')

const PROTOCOL = '/pb'
const CHUNK = 1024 * 1024

const root = new protobuf.Root()
root.resolvePath = (_, target) => path.resolve(__dirname, '../../../proto', target)
root.loadSync('prb/message.proto', { keepCase: false })
const service = root.lookupService('prb.WalkieRpc')
const type = (name) => root.lookupType(name)
const Request = type('prb.WalkieRpcRequestWrapper')
const Response = type('prb.WalkieRpcResponseWrapper')

const toObject = (message) =>
  message.constructor.toObject(message, { longs: String, enums: String })
const tell = (event) => process.stdout.write(JSON.stringify(event) + '\n')

// v2 writes in chunks and half-closes; it reads until the other end has closed.
function * chunks (bytes) {
  for (let at = 0; at === 0 || at < bytes.length; at += CHUNK) yield bytes.slice(at, at + CHUNK)
}

async function collect (source) {
  const parts = []
  for await (const part of source) parts.push(part.slice())
  return Buffer.concat(parts)
}

function pattern (key, length) {
  const bytes = Buffer.from(key)
  const body = Buffer.alloc(length)
  for (let at = 0; at < length; at++) body[at] = bytes[at % bytes.length]
  return body
}

const failure = (kind, message) => Object.assign(new Error(message), { kind })

const states = (status) => ({ ids }) => ({
  workerStates: ids.map((id) => ({ status, publicKey: id, parentHeaderSynchedTo: -1 }))
})

const handlers = (info) => ({
  Hello: () => info,
  Auth: ({ type }) => ({ status: 3, type, peerId: info.peerId }),
  GetDataProviderInfo: () => ({ status: 2, paraId: 2004, paraCommittedHeight: -1, parentTarget: 0 }),
  GetBlobByKey: async ({ key }) => {
    const [verb, number] = key.split('#')[0].split(':')
    if (verb === 'size') return { key, empty: false, data: pattern(key, Number(number)) }
    if (verb === 'throw') throw new TypeError('as asked')
    return { key, empty: true }
  },
  ListPool: () => ({ pools: [{ uuid: 'u', pid: '1099511627776', name: 'pool', enabled: true, deleted: false }] }),
  CreatePool: (request) => request,
  UpdatePool: ({ items }) => ({ pools: items.map(({ pool }) => pool) }),
  ListWorker: () => ({ workers: [{ uuid: 'u', name: 'worker', deleted: false }] }),
  CreateWorker: ({ workers }) => {
    if (workers.length === 0) throw failure('DUPLICATED', 'worker exists')
    return { workers }
  },
  UpdateWorker: ({ items }) => {
    if (items.length === 0) throw failure('NOT_FOUND', 'Worker no-such-id not found!')
    return { workers: items.map(({ worker }) => worker) }
  },
  RestartWorker: states(1),
  RefreshRaAndRestartWorker: states(4),
  KickWorker: states(6),
  GetWorkerStatus: states(0)
})

async function answer (bytes, info) {
  let request
  try {
    request = Request.decode(bytes)
    const method = own(service.methods, request.method)
    if (!method) throw failure('NOT_FOUND', 'Handler not implemented.')
    const input = type(method.requestType.replace(/^\.?(?!prb\.)/, 'prb.')).decode(request.data)
    const handler = own(handlers(info), request.method)
    if (!handler) throw failure('NOT_FOUND', 'Handler not implemented.')
    const output = await handler(toMessage(input))
    const Output = type(method.responseType.replace(/^\.?(?!prb\.)/, 'prb.'))
    const data = Output.encode(Output.fromObject(output)).finish()
    return { createdAt: Date.now(), requestNonce: request.nonce, nonce: randomUUID(), hasError: false, data }
  } catch (error) {
    const kinds = root.lookupEnum('prb.error.ResponseErrorType').values
    const known = error.kind !== undefined
    return {
      createdAt: Date.now(),
      requestNonce: request && request.nonce,
      nonce: randomUUID(),
      hasError: true,
      error: { type: kinds[known ? error.kind : 'SERVER'], message: known ? error.message : error.toString() }
    }
  }
}

const own = (object, key) => (Object.prototype.hasOwnProperty.call(object, key) ? object[key] : undefined)
const toMessage = (message) => message.constructor.toObject(message, { longs: String, arrays: true })

// Bytes as they are; perhaps without ever saying that they are all.
async function raw (node, { target, hex, open }) {
  const { stream } = await dial(node, new Multiaddr(target))
  const endless = async function * () {
    yield Buffer.from(hex, 'hex')
    if (open) await new Promise(() => {})
  }
  stream.sink(endless()).catch(() => {})
  return { hex: (await collect(stream.source)).toString('hex') }
}

// v2 dials for every call and closes after it, unless a test says to keep the connection.
async function call (node, { target, method, request, keep }) {
  const place = target.startsWith('/') ? new Multiaddr(target) : PeerId.createFromB58String(target)
  const { connection, stream } = await dial(node, place)
  try {
    const described = own(service.methods, method)
    const Input = described && type(described.requestType.replace(/^\.?(?!prb\.)/, 'prb.'))
    const data = Input ? Input.encode(Input.fromObject(request)).finish() : Buffer.alloc(0)
    const nonce = randomUUID()
    const wrapper = Request.encode({ createdAt: Date.now(), nonce, data, method }).finish()
    const sent = stream.sink(chunks(wrapper))
    const bytes = await collect(stream.source)
    await sent
    if (bytes.length === 0) throw new Error('an empty answer')
    const response = Response.decode(bytes)
    if (response.requestNonce !== nonce) throw new Error("another request's answer")
    if (response.hasError) {
      return { error: { type: response.error.type, message: response.error.message } }
    }
    const Output = described && type(described.responseType.replace(/^\.?(?!prb\.)/, 'prb.'))
    const output = Output.decode(response.data)
    if (method === 'GetBlobByKey') {
      if (!pattern(output.key, output.data.length).equals(output.data)) throw new Error('a wrong body')
      return { data: { key: output.key, bytes: output.data.length } }
    }
    return { data: toObject(output) }
  } finally {
    if (!keep) await connection.close()
  }
}

async function dial (node, place) {
  const connection = await node.dial(place)
  const { stream } = await connection.newStream([PROTOCOL])
  return { connection, stream }
}

async function main () {
  const options = JSON.parse(process.argv[2] || '{}')
  const peerId = await PeerId.create({ bits: 2048, keyType: 'RSA' })
  if (options.impersonate) {
    // The handshake then shows a key that the signature in it does not belong to.
    const shown = Buffer.from(options.impersonate, 'hex')
    peerId.marshalPubKey = () => shown
  }
  const info = {
    hostname: 'javascript',
    peerId: peerId.toB58String(),
    role: options.role || 0,
    chainIdentity: options.chainIdentity || 'client',
    bridgeIdentity: options.bridgeIdentity || 'client'
  }
  const discovery = []
  const discoveryConfig = { autoDial: false }
  if (options.bootNodes) {
    discovery.push(Bootstrap)
    discoveryConfig[Bootstrap.tag] = { enabled: true, list: options.bootNodes, interval: 1000 }
  }
  if (options.mdns) {
    discovery.push(MulticastDNS)
    discoveryConfig[MulticastDNS.tag] = { enabled: true, interval: 1000 }
  }
  const node = await Libp2p.create({
    peerId,
    addresses: { listen: options.listen || ['/ip4/127.0.0.1/tcp/0'] },
    modules: { transport: [TCP], connEncryption: [NOISE], streamMuxer: [Mplex], peerDiscovery: discovery },
    config: { peerDiscovery: discoveryConfig }
  })
  node.handle(PROTOCOL, async ({ stream }) => {
    try {
      const response = await answer(await collect(stream.source), info)
      await stream.sink(chunks(Response.encode(response).finish()))
    } catch (error) {
      tell({ event: 'failed', reason: error.toString() })
    }
  })
  // What v2 does with whoever it discovers: one Hello. Dialling counts as discovering, and two
  // calls that share a connection would close it under each other: so only where it looks around.
  const greeted = new Set()
  node.on('peer:discovery', async (found) => {
    const target = found.toB58String()
    if (discovery.length === 0 || greeted.has(target)) return
    greeted.add(target)
    try {
      const { data } = await call(node, { target, method: 'Hello', request: info })
      tell({ event: 'greeted', peerId: target, info: data })
    } catch (error) {
      greeted.delete(target)
    }
  })
  await node.start()
  const addresses = node.multiaddrs.map((address) => address.toString())
  tell({ event: 'ready', peerId: info.peerId, addresses })

  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const command = JSON.parse(line)
    const results = []
    const one = async (at) => {
      const request = JSON.parse(JSON.stringify(command.request || {}).replace(/%/g, String(at)))
      try {
        return await (command.hex === undefined ? call(node, { ...command, request }) : raw(node, command))
      } catch (error) {
        return { failed: error.toString() }
      }
    }
    for (let round = 0; round < (command.rounds || 1); round++) {
      const width = command.width || 1
      results.push(...await Promise.all(Array.from({ length: width }, (_, at) => one(round * width + at))))
    }
    tell({ event: 'answered', id: command.id, results })
  }).on('close', () => process.exit(0))
}

process.on('unhandledRejection', (error) => tell({ event: 'failed', reason: String(error && error.stack) }))
main().catch((error) => {
  tell({ event: 'failed', reason: error.stack })
  process.exit(1)
})
