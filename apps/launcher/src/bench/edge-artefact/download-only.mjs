// The floor of a download: the same bytes, read and forgotten. argv: URL. Prints one JSON line.
import { get } from 'node:http';

const begunAt = performance.now();
get(process.argv[2], (response) => {
  response.resume();
  response.on('end', () => console.log(JSON.stringify({ wallMs: performance.now() - begunAt })));
});
