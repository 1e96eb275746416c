import { auditKeyList, auditPage, auditVerification, exportAudit, listAudit, siemAuditPage } from '../audit.ts';
import { pullRecords } from '../event-query.ts';
import { route } from '../route.ts';

export const auditRoutes = {
  listAudit: route({
    method: 'GET',
    path: '/api/v1/audit',
    access: 'audit.read',
    summary: 'Who did what, filtered and paged, newest first.',
    query: listAudit,
    answer: auditPage,
  }),
  exportAudit: route({
    method: 'GET',
    path: '/api/v1/audit/export',
    access: 'audit.read',
    summary: 'The audit trail as NDJSON with its signed heads, or as CSV.',
    query: exportAudit,
    stream: 'application/x-ndjson',
  }),
  listAuditKeys: route({
    method: 'GET',
    path: '/api/v1/audit/keys',
    access: 'audit.read',
    summary: 'The public keys that sign the chain’s heads, and the newest head.',
    answer: auditKeyList,
  }),
  verifyAudit: route({
    method: 'POST',
    path: '/api/v1/audit/verify',
    access: 'audit.verify',
    summary: 'Walk the whole chain and say where it was changed.',
    answer: auditVerification,
    status: 200,
  }),
  pullAudit: route({
    method: 'GET',
    path: '/api/v1/siem/audit',
    access: 'audit.read',
    summary: 'The audit trail for a SIEM, oldest first, exactly once by cursor; JSON or NDJSON.',
    query: pullRecords,
    answer: siemAuditPage,
  }),
};
