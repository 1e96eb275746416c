import { describe, expect, it } from '@jest/globals';
import { holdActivation, windowIsOpen, WEEKDAYS, type MaintenanceWindow } from './index.ts';

const nights: MaintenanceWindow = { days: ['fri', 'sat'], from: '22:30', to: '04:00', timeZone: 'Europe/Vienna' };
const noon: MaintenanceWindow = { days: ['mon'], from: '11:00', to: '13:00', timeZone: 'UTC' };
const always: MaintenanceWindow = { days: WEEKDAYS, from: '00:00', to: '00:00', timeZone: 'UTC' };

describe('a maintenance window', () => {
  // 2026-03-06 is a Friday; Vienna is one hour ahead of UTC in winter, two in summer.
  it.each([
    [noon, '2026-03-02T10:59:59Z', false],
    [noon, '2026-03-02T11:00:00Z', true],
    [noon, '2026-03-02T12:59:59Z', true],
    [noon, '2026-03-02T13:00:00Z', false],
    [noon, '2026-03-03T12:00:00Z', false],
    [nights, '2026-03-06T21:29:00Z', false],
    [nights, '2026-03-06T21:30:00Z', true],
    [nights, '2026-03-07T02:59:00Z', true],
    [nights, '2026-03-07T03:00:00Z', false],
    [nights, '2026-03-08T02:00:00Z', true],
    [nights, '2026-03-09T02:00:00Z', false],
    [nights, '2026-07-03T20:30:00Z', true],
    [nights, '2026-07-03T20:29:00Z', false],
    [always, '1980-01-01T00:00:00Z', true],
    [always, '2099-12-31T23:59:59Z', true],
  ])('%j at %s -> open: %p', (window, now, open) => {
    expect(windowIsOpen(window, new Date(now))).toBe(open);
  });
});

describe('a staged release', () => {
  const closed = new Date('2026-03-03T12:00:00Z');
  const open = new Date('2026-03-02T12:00:00Z');
  it.each([
    ['no rule', { manualOnly: false, maintenanceWindow: null }, false, closed, null],
    ['closed window', { manualOnly: false, maintenanceWindow: noon }, false, closed, 'window'],
    ['open window', { manualOnly: false, maintenanceWindow: noon }, false, open, null],
    ['manual only', { manualOnly: true, maintenanceWindow: null }, false, open, 'person'],
    ['manual only in an open window', { manualOnly: true, maintenanceWindow: noon }, false, open, 'person'],
    ['manual only, released by a person', { manualOnly: true, maintenanceWindow: noon }, true, closed, null],
    ['closed window, released by a person', { manualOnly: false, maintenanceWindow: noon }, true, closed, null],
  ])('%s -> waits for %p', (_, policy, released, now, waitsFor) => {
    expect(holdActivation(policy, released, now)).toBe(waitsFor);
  });
});
