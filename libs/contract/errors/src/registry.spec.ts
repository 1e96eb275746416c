import { describe, expect, it } from '@jest/globals';
import { ERRORS, isUpgradeErrorCode } from './index.ts';

describe('the registry of codes', () => {
  it.each(Object.entries(ERRORS))('%s has a meaning, a hint and a runbook line that are sentences', (code, entry) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    for (const text of [entry.meaning, entry.hint, entry.runbook]) expect(text).toMatch(/^\S.{5,}[.]$/s);
  });

  it('gives every code that can end an attempt an outcome, a phase and a node state', () => {
    const ending = Object.keys(ERRORS).filter(isUpgradeErrorCode);
    expect(ending).toContain('upgrade_rolled_back');
    expect(ending).not.toContain('node_offline');
  });

  it('calls a refusal by policy refused, so that rollouts do not halt on it', () => {
    for (const entry of Object.values(ERRORS))
      if ('upgrade' in entry && entry.upgrade.outcome === 'refused') expect(entry.severity).toBe('warning');
  });
});
