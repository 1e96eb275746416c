import { parentPort, workerData } from 'node:worker_threads';
import type { VerificationRequest } from './check-manifest.ts';

/**
 * One verification, then the thread ends. Its own module because the edge ships it as its own file, and because the
 * verifying library (CommonJS, slow to load) must not be part of the agent's start.
 */
const { checkManifest } = await import('./check-manifest.ts');
parentPort?.postMessage(checkManifest(workerData as VerificationRequest));
