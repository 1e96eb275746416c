import { Global, Module } from '@nestjs/common';
import { Sequencer } from './sequencer.ts';

@Global()
@Module({ providers: [Sequencer], exports: [Sequencer] })
export class SequenceModule {}

export { sequencePersistence } from './persistence/index.ts';
export { readHead, type SequenceHead } from './persistence/sequence-records.ts';
export { Sequencer, type SequencedStream, type StreamName } from './sequencer.ts';
