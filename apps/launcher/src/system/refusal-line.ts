import { ERRORS, type CodedError } from '@tidegate/contract-errors';

/** A refusal as one line for the person at the terminal: what happened, to what, and what to do now. */
export function refusalLine({ code, details }: CodedError): string {
  const { meaning, hint } = ERRORS[code];
  const facts = Object.entries(details).map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value)}`);
  return `tidegate: ${meaning.replace(/\.$/, '')}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}. ${hint} [${code}]`;
}
