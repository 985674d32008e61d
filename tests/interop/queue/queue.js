// One bee-queue queue, told what to do by lines of JSON on standard input; it answers with lines
// of JSON on standard output. node queue.js SOCKET [NAME]
'use strict';

const readline = require('readline');
const Bee = require('bee-queue');

const [socket, name = 'prbmq__main'] = process.argv.slice(2);
const queue = new Bee(name, {
  redis: { path: socket },
  activateDelayedJobs: true,
});
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const running = new Map();

queue.on('error', (error) => say({ event: 'error', error: error.message }));
for (const what of ['progress', 'succeeded', 'failed', 'retrying']) {
  queue.on(`job ${what}`, (id, data) => {
    say({ event: what, id, data: data instanceof Error ? data.message : data });
  });
}

const commands = {
  // Adds a job.
  async save({ data, id, retries, delay, backoff }) {
    const job = queue.createJob(data);
    if (id) job.setId(id);
    if (retries) job.retries(retries);
    if (delay) job.delayUntil(Date.now() + delay);
    if (backoff) job.backoff('fixed', backoff);
    return { id: (await job.save()).id };
  },
  // Takes jobs from now on, as many at once, each until it is told its end.
  async consume({ concurrency }) {
    queue.process(concurrency, (job) => new Promise((resolve, reject) => {
      running.set(job.id, { job, resolve, reject });
      say({ event: 'job', id: job.id, data: job.data, options: job.options });
    }));
    return {};
  },
  async progress({ id, data }) {
    running.get(id).job.reportProgress(data);
    return {};
  },
  async resolve({ id, result }) {
    running.get(id).resolve(result);
    return {};
  },
  async reject({ id, message }) {
    running.get(id).reject(new Error(message));
    return {};
  },
  async health() {
    return queue.checkHealth();
  },
  async job({ id }) {
    const job = await queue.getJob(id);
    return { job: job && JSON.parse(job.toData()) };
  },
  async remove({ id }) {
    await queue.removeJob(id);
    return {};
  },
  // Serves the dashboard.
  async arena() {
    const Arena = require('bull-arena');
    const Redis = require('ioredis');
    const host = { type: 'bee', name, hostId: 'prb', redis: new Redis({ path: socket }) };
    const app = Arena({ Bee, queues: [host] }, { disableListen: true, useCdn: false });
    const server = require('http').createServer(app);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: server.address().port };
  },
};

queue.ready().then(() => {
  say({ event: 'ready' });
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const command = JSON.parse(line);
    try {
      say({ answer: command.number, ...(await commands[command.do](command)) });
    } catch (error) {
      say({ answer: command.number, error: error.message });
    }
  }).on('close', () => process.exit(0));
});
