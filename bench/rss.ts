/** Preloaded into a measured process (`node --import`): on exit it writes its peak memory, in bytes, to file descriptor 3. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

// Worker threads preload it too, and end before the process does.
if (isMainThread) process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS * 1024)));
