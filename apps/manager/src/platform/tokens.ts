/** What the composition root hands in; everything else is a class and injects by itself. */
export const CLOCK = Symbol('clock');
export const CONFIG = Symbol('config');
export const LOG = Symbol('log');
export const NOTIFIER = Symbol('notifier');
export const BUS_TRANSPORT = Symbol('bus transport');
