/**
 * Makes the large text, in a process of its own: the memory that it needs would count as that of the programs started after it.
 *
 * In: a text, where to write, how many bytes at least. Out, on stdout: how often the text was written.
 */
import { loopText } from './inputs.js';

const [from, to, bytes] = process.argv.slice(2);
console.log(await loopText(from!, to!, Number(bytes)));
