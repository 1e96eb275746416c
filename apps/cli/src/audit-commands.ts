import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { auditVerification, type AuditVerification } from '@tidegate/contract-api';
import { Option, type Command } from 'commander';
import { verifyExport } from './audit-verify.ts';
import { badUsage, Ending, ending, type EndingParts } from './ending.ts';
import { Printer } from './look.ts';
import { fieldsOf, filled, optionOf } from './route-options.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';
import { VIEWS } from './views.ts';

const BROKEN: EndingParts = {
  code: 'audit_chain_broken',
  meaning: 'The audit trail is not what was signed.',
  hint: 'Keep what you have, and compare with your SIEM and with backups.',
};

const UNSIGNED: EndingParts = {
  code: 'audit_unsigned',
  meaning: 'Nothing in this file is signed by a key that you trust.',
  hint: 'Check --key; an export that is younger than a minute may have no signed head yet.',
};

/** `audit export`, `audit verify`. */
export function addAudit(audit: Command, from: Surroundings): void {
  const fields = fieldsOf('exportAudit', []);
  const toFile = audit.command('export').description('The audit trail as NDJSON with its signed heads, or filtered as CSV.');
  for (const field of fields) toFile.addOption(optionOf(field));
  toFile.addOption(new Option('--file <file>', 'write to this file, which must not exist, instead of stdout'));
  toFile.action(async () => {
    const options = toFile.optsWithGlobals<GlobalOptions & { file?: string }>();
    const client = clientOf(from, options);
    const { query } = await filled(fields, { ...options }, client, from.now());
    const response = await client.open('exportAudit', { query });
    try {
      if (options.file === undefined) await pipeline(response, from.stdout, { end: false, signal: from.signal });
      else await pipeline(response, createWriteStream(options.file, { flags: 'wx', mode: 0o600 }), { signal: from.signal });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw badUsage(`${options.file ?? ''} exists.`, 'An export is never written over.');
      if (code !== 'ECONNRESET' && code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
      throw ending('unavailable', 'manager_unavailable', {
        meaning: 'The export was cut off.',
        hint: 'What was written is no whole export; export again.',
      });
    }
  });

  audit
    .command('verify')
    .description('Walk the whole chain and say where it was changed: in the manager, or in an exported file without it.')
    .argument('[file]', 'NDJSON of `audit export`')
    .option('--key <key...>', 'public key that is trusted for the file, base64url; see `audit keys`, and keep it elsewhere')
    .action(async (file: string | undefined, { key }: { key?: string[] }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const printer = new Printer(from, options);
      if (file === undefined) return report(auditVerification.parse(await clientOf(from, options).ask('verifyAudit')), printer);
      if (!key) throw badUsage('Which keys are trusted?', 'A file proves nothing by the keys it names itself: give --key.');
      const found = await verifyExport(createReadStream(file), key).catch((error: NodeJS.ErrnoException) => {
        throw error.code === undefined ? error : badUsage(`${file} cannot be read (${error.code}).`);
      });
      report(found, printer);
      // Hashes alone prove nothing: whoever edits the file can make them anew.
      if (found.rows > 0 && found.signed_until === null) throw new Ending('refused', UNSIGNED);
    });
}

function report(found: AuditVerification, printer: Printer): void {
  const { findings, ...summary } = found;
  if (printer.options.output !== 'table') printer.data(found);
  else {
    printer.one(summary);
    if (findings.length > 0) printer.list({ items: findings }, VIEWS.finding);
  }
  if (!found.ok) throw new Ending('refused', BROKEN);
}
