export { tarUnpacker } from './tar-unpacker.ts';
export { verifyTree } from './compare-tree.ts';
