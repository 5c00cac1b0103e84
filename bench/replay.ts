/**
 * The replay alone: decoded batches in memory, fed to a fresh core again and again.
 *
 * In: a path, and how often. Out, on stdout: `{ events, rounds }` as JSON, with what each round took.
 */
import { createReplaying, type Fed, recordBatches } from './recorded.js';

const [path, rounds] = process.argv.slice(2);
const recorded = await recordBatches(path!, 2_000_000);
const fed: Fed[] = [];
for (let round = 0; round < Number(rounds); round++) {
  const { feed } = await createReplaying(recorded, { events: false, lifetimes: false }, 1, () => {});
  fed.push(feed());
}
console.log(JSON.stringify({ events: recorded.events, rounds: fed }));
