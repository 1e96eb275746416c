import type { Schema } from './schema.ts';

/** A schema that is put together when it is first used: of the hundreds that an agent has, its start needs a few. */
class Later {
  readonly #make: () => Schema;
  #made: Schema | undefined;

  constructor(make: () => Schema) {
    this.#make = make;
  }

  get made(): Schema {
    return (this.#made ??= this.#make());
  }
}

/** A build puts this around every schema of the agent. */
export const lazily = (make: () => Schema): Schema => new Later(make) as unknown as Schema;

/** What other schemas are put together from is there from then on. */
export const made = <T extends Schema>(schema: T): T =>
  (schema as unknown) instanceof Later ? ((schema as unknown as Later).made as T) : schema;

/** Whatever a schema of these kinds can do, one that is not there yet can. */
export function passOn(kinds: readonly { readonly prototype: object }[]): void {
  for (const name of kinds.flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)).filter((one) => one !== 'constructor')) {
    const value = function (this: Later, ...given: unknown[]): unknown {
      return (this.made as unknown as Record<string, (...given: unknown[]) => unknown>)[name]?.(...given);
    };
    Object.defineProperty(Later.prototype, name, { value, configurable: true });
  }
}
