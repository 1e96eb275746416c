export type { ActiveState, GuardOptions, GuardVerdict, ServiceEvent, ServiceOptions, StartLimit } from './options.ts';
export { superviseService, type SupervisedService } from './supervise-service.ts';
