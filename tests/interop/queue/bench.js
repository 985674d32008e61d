// One side of bee-queue under load, as version 2 of the Runtime Bridge sets it up.
//   node bench.js consumer PORT            until standard input ends
//   node bench.js producer PORT JOBS IN_FLIGHT DATA    prints {"seconds": …}
'use strict';

const Bee = require('bee-queue');

const [role, port, jobs, inFlight, data] = process.argv.slice(2);
const queue = new Bee('prbmq__main', { redis: { port: Number(port) }, isWorker: role === 'consumer' });
queue.on('error', (error) => { throw error; });

async function produce(total, most, payload) {
  let made = 0;
  const lane = async () => {
    while (made < total) {
      made += 1;
      const job = queue.createJob(payload);
      const ended = new Promise((resolve, reject) => {
        job.on('succeeded', resolve);
        job.on('failed', reject);
      });
      // Else a job that is done before its producer has learnt its id is never heard of again.
      job.setId(`${process.pid}-${made}`);
      queue.jobs.set(job.id, job);
      await job.save();
      await ended;
    }
  };
  const started = process.hrtime.bigint();
  await Promise.all(Array.from({ length: most }, lane));
  return Number(process.hrtime.bigint() - started) / 1e9;
}

queue.ready().then(async () => {
  if (role === 'consumer') {
    queue.process(1000, async () => {});
    process.stdin.resume().on('end', () => process.exit(0));
    console.log('ready');
  } else {
    const seconds = await produce(Number(jobs), Number(inFlight), JSON.parse(data));
    console.log(JSON.stringify({ seconds }));
    process.exit(0);
  }
});
