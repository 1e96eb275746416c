/** The conditions of a statement with the values they name. */
export class Conditions {
  readonly values: unknown[] = [];
  private readonly terms: string[] = [];

  /** @returns the placeholder that stands for the value. */
  value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }

  add(term: string): void {
    this.terms.push(term);
  }

  get where(): string {
    return this.terms.length === 0 ? '' : `WHERE ${this.terms.join(' AND ')}`;
  }
}
