import { Holds, Length, Pattern, Range, Refinement, type Check, type Refine } from './checks.ts';
import type { Issue } from './issue.ts';
import { Schema, type Absence, type Read } from './schema.ts';

/** A schema with the methods that schemas are put together with. Each returns a new one; `brand` is for the compiler only. */
export class Chain extends Schema {
  brand(): this {
    return this;
  }

  min(limit: number): Chain {
    return this.with(new Length(limit, Infinity));
  }

  max(limit: number): Chain {
    return this.with(new Length(-Infinity, limit));
  }

  regex(expression: RegExp): Chain {
    return this.with(new Pattern(expression));
  }

  startsWith(text: string): Chain {
    return this.with(new Holds(text, 'at the start'));
  }

  includes(text: string): Chain {
    return this.with(new Holds(text, 'anywhere'));
  }

  superRefine(refine: Refine): Chain {
    return this.with(new Refinement(refine));
  }

  optional(): Chain {
    const taken = this.absence.taken === 'defaulted' ? 'defaulted' : 'optional';
    return around(this, (value, issues) => runOptional(this, value, issues), { taken, left: true }, undefined);
  }

  nullable(): Chain {
    return around(this, (value, issues) => (value === null ? null : this.run(value, issues)), this.absence, null);
  }

  /** The default itself is not checked. */
  default(given: unknown): Chain {
    return around(
      this,
      (value, issues) => {
        const read = value === undefined ? undefined : this.run(value, issues);
        return read === undefined ? copyOf(given) : read;
      },
      { taken: 'defaulted', left: false },
    );
  }

  /** What is put in the place of nothing is read as if it had been given. */
  prefault(given: unknown): Chain {
    return around(this, (value, issues) => this.run(value === undefined ? copyOf(given) : value, issues), {
      taken: 'defaulted',
      left: false,
    });
  }

  protected with(check: Check): Chain {
    return new Chain(this.read, [...this.checks, check], this.absence, this.values);
  }
}

export class NumberChain extends Chain {
  override min(limit: number): Chain {
    return this.with(new Range(limit, Infinity));
  }

  override max(limit: number): Chain {
    return this.with(new Range(-Infinity, limit));
  }

  positive(): Chain {
    return this.with(new Range(0, Infinity, '>'));
  }

  protected override with(check: Check): Chain {
    return new NumberChain(this.read, [...this.checks, check], this.absence, this.values);
  }
}

const around = (inner: Chain, read: Read, absence: Absence, ...more: readonly unknown[]): Chain =>
  new Chain(read, [], absence, inner.values && new Set([...inner.values, ...more]));

function runOptional(inner: Chain, value: unknown, issues: Issue[]): unknown {
  if (value !== undefined) return inner.run(value, issues);
  if (inner.absence.taken !== 'defaulted') return undefined;
  const parsed = inner.safeParse(undefined);
  return parsed.success ? parsed.data : undefined;
}

const copyOf = (given: unknown): unknown => {
  if (Array.isArray(given)) return [...(given as unknown[])];
  return typeof given === 'object' && given !== null ? { ...given } : given;
};
