// The usual way to unpack in Node. argv: archive, folder (which exists). Prints one JSON line.
import { extract } from 'tar';

const [file, cwd] = process.argv.slice(2);
const begunAt = performance.now();
await extract({ file, cwd });
console.log(JSON.stringify({ wallMs: performance.now() - begunAt }));
