import { Module } from '@nestjs/common';
import { FleetModule } from '../fleet/index.ts';
import { Exposition } from './exposition.ts';
import { InstallationGauges } from './installation-gauges.ts';

@Module({ imports: [FleetModule], providers: [InstallationGauges, Exposition] })
export class MetricsModule {}

export { Exposition } from './exposition.ts';
