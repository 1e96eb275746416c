import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { ManagerConfig } from '../config.ts';
import { isHttps } from './origin-check.ts';

/** No inline script anywhere. Inline style is allowed: the console's component library sets style attributes. */
export const securityHeaders = (config: ManagerConfig): RequestHandler => {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: isHttps(config),
    referrerPolicy: { policy: 'no-referrer' },
  });
};
