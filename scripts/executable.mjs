// Marks the built command as executable, so that a checkout's own `npx dmaspan` can start it.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/cli/index.js', import.meta.url), 0o755);
