import { z } from 'zod';

/** Labels are set by people on the manager, not by nodes: a rollout's selection must not depend on what a node says of itself. */
export const MAX_LABELS = 32;
export const labelKey = z.string().regex(/^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$/);
/** No comma and no equals sign: both have a meaning in selectors. */
export const labelValue = z.string().regex(/^[A-Za-z0-9._:/@+ -]{0,128}$/);
export const labels = z.record(labelKey, labelValue).refine((map) => Object.keys(map).length <= MAX_LABELS, 'too many labels');

export interface LabelTerm {
  readonly key: string;
  /** null: the label is there, whatever it says. */
  readonly value: string | null;
}

const MAX_TERMS = 16;

/** `site=harbour,canary`: every term has to hold. Parsed to its terms. */
export const labelSelector = z
  .string()
  .min(1)
  .max(1000)
  .transform((text, context): LabelTerm[] => {
    const terms = text.split(',').map((term): LabelTerm => {
      const [key = '', ...value] = term.split('=');
      return { key: key.trim(), value: value.length === 0 ? null : value.join('=') };
    });
    const fits = terms.every(
      ({ key, value }) => labelKey.safeParse(key).success && (value === null || labelValue.safeParse(value).success),
    );
    if (terms.length <= MAX_TERMS && fits) return terms;
    context.addIssue({ code: 'custom', message: 'no label selector' });
    return z.NEVER;
  });
